import type { IncomingHttpHeaders } from "node:http";

/** The formats of an answer. */
export type Format = "json" | "xml" | "text" | "csv" | "ndjson";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The format of problems if the request shows no preference; absent: JSON. */
    usualFormat?: Format;
  }
}

const mediaTypes: Readonly<Record<Format, readonly string[]>> = {
  json: ["application/json", "application/problem+json"],
  xml: ["application/xml", "text/xml", "application/problem+xml"],
  text: ["text/plain"],
  csv: ["text/csv"],
  ndjson: ["application/x-ndjson", "application/ndjson", "application/jsonl"],
};

/**
 * Chooses what to answer with (RFC 9110, 12.5.1). Without a preference an XML request gets XML, a JSON request JSON, any
 * other the usual; what cannot be had is no error: the usual is sent then.
 * @param offered the formats that the answer can have
 */
export function chooseFormat(
  headers: IncomingHttpHeaders,
  offered: readonly Format[],
  otherwise: Format = "json",
): Format {
  const sent = mediaTypeOf(headers["content-type"]);
  const usual =
    (["xml", "json"] as const).find((format) => offered.includes(format) && mediaTypes[format].includes(sent)) ??
    otherwise;
  const ranges = parseAccept(headers.accept);
  let best: Format = usual;
  let bestQuality = quality(ranges, mediaTypes[usual]);
  for (const format of offered) {
    const formatQuality = quality(ranges, mediaTypes[format]);
    if (formatQuality > bestQuality) {
      best = format;
      bestQuality = formatQuality;
    }
  }
  return best;
}

/** `application/xml` of `application/xml; charset=utf-8`; "" of nothing. */
export function mediaTypeOf(header: string | undefined): string {
  return (header ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

interface Range {
  readonly mediaType: string;
  readonly quality: number;
}

const mostRanges = 20;

function parseAccept(header: string | undefined): readonly Range[] {
  if (header === undefined || header.trim() === "") return [{ mediaType: "*/*", quality: 1 }];
  return header
    .split(",", mostRanges)
    .map((part) => {
      const weight = /;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*(?:;|$)/i.exec(part)?.[1];
      return { mediaType: mediaTypeOf(part), quality: weight === undefined ? 1 : Math.min(1, Number(weight)) };
    })
    .filter(({ mediaType }) => mediaType !== "");
}

/** Returns the quality of a format: of its own media type, or of another name that the client asks for literally. */
function quality(ranges: readonly Range[], [own = "", ...names]: readonly string[]): number {
  const [family] = own.split("/");
  const exact = [own, ...names].map((name) => ranges.find(({ mediaType }) => mediaType === name)?.quality);
  const general = [`${family}/*`, "*/*"].map((name) => ranges.find(({ mediaType }) => mediaType === name)?.quality);
  const asked = exact.filter((one) => one !== undefined);
  return asked.length > 0 ? Math.max(...asked) : (general.find((one) => one !== undefined) ?? 0);
}
