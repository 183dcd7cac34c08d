import type { IncomingHttpHeaders } from "node:http";
import { MusterError } from "../../errors.ts";
import { printable } from "../../intake/printable.ts";
import type { FileFormat } from "../../intake/reading.ts";
import { decompressed } from "../../reconcile/receive/decompress.ts";
import { mediaTypeOf } from "../contract/negotiation.ts";
import { withContentDigest } from "./content-digest.ts";
import { fileNameOf } from "./file-name.ts";
import { type OnField, receiveForm } from "./form.ts";

/** A file as it comes in, unwrapped and decompressed. */
export interface ReceivedFile {
  /** Its bytes. **Only the end of the iteration says that the file is whole.** */
  readonly body: AsyncIterable<Uint8Array>;
  /** The format that the sender declares; undefined: the content decides. */
  readonly format: FileFormat | undefined;
  /** It came as data of a form, from which `curl --data` removes line ends. */
  readonly mayLackLineEnds?: boolean;
  /** The label of its encoding, as sent. */
  readonly charset: string | undefined;
  readonly fileName: string | null;
  /** The length announced for just these bytes; absent when they were compressed, wrapped, or sent in chunks. */
  readonly announcedBytes?: number;
}

const formats: ReadonlyMap<string, FileFormat | undefined> = new Map([
  ["application/xml", "xml"],
  ["text/xml", "xml"],
  ["text/csv", "csv"],
  ["application/csv", "csv"],
  ["text/tab-separated-values", "csv"],
  ["application/json", "json"],
  ["text/json", "json"],
  ["text/plain", undefined],
  ["application/octet-stream", undefined],
]);
const form = "multipart/form-data";
const formData = "application/x-www-form-urlencoded";

/** The content types that a file can have. */
export const fileTypes: readonly string[] = [...formats.keys(), form];

/** Names that programs also send, which the contract does not list. The content tells what "" and others are. */
const otherFormats: ReadonlyMap<string, FileFormat | undefined> = new Map([
  ["", undefined],
  [formData, undefined],
  ["application/vnd.ms-excel", undefined],
  ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", undefined],
  ["application/zip", undefined],
  ["application/x-zip-compressed", undefined],
  ["application/gzip", undefined],
  ["application/x-gzip", undefined],
  ["binary/octet-stream", undefined],
  ["application/soap+xml", undefined],
  ["text/x-csv", "csv"],
  ["application/x-csv", "csv"],
  ["text/comma-separated-values", "csv"],
  ["text/tsv", "csv"],
  ["application/x-ndjson", "json"],
  ["application/ndjson", "json"],
  ["application/jsonl", "json"],
  ["application/x-jsonlines", "json"],
]);

/**
 * Unwraps the body of a request: forms with one file (RFC 7578), `Content-Encoding: gzip`. It streams, with
 * back-pressure; of a body that its consumer leaves early, the connection is left alone, for the answer.
 *
 * @throws MusterError request_invalid (Content-Digest), media_type_unsupported, multipart_invalid, body_incomplete and compression_invalid; so does the
 *   iteration of the file
 */
export async function receiveFile(
  headers: IncomingHttpHeaders,
  body: AsyncIterable<Uint8Array>,
  onField: OnField = () => {},
): Promise<ReceivedFile> {
  const type = mediaTypeOf(headers["content-type"]);
  if (!fileTypes.includes(type) && !otherFormats.has(type) && !isVague.test(type)) throw unsupportedType(type);
  const encoding = (headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (!["identity", "gzip", "x-gzip"].includes(encoding)) {
    const detail = "Content-Encoding may be gzip. Compress the body so, or send it as it is.";
    throw new MusterError("media_type_unsupported", detail, { field: "Content-Encoding" });
  }
  const isPlain = encoding === "identity";
  const whole = withContentDigest(body, headers["content-digest"]?.toString());
  const bytes = isPlain ? whole : decompressed(whole);
  if (type === form) {
    const file = await receiveForm(headers["content-type"]!, bytes, onField);
    const fileName = file.fileName ?? fileNameOf(headers["content-disposition"]);
    return { body: file.body, format: formatOf(mediaTypeOf(file.type)), charset: charsetOf(file.type), fileName };
  }
  const length = headers["content-length"];
  return {
    body: bytes,
    format: formatOf(type),
    charset: charsetOf(headers["content-type"]),
    fileName: fileNameOf(headers["content-disposition"]),
    ...(type === formData ? { mayLackLineEnds: true } : {}),
    ...(isPlain && length !== undefined ? { announcedBytes: Number(length) } : {}),
  };
}

/** Types that say little or nothing, so that the content tells. */
const isVague =
  /^(?:text\/(?!html|css|javascript|calendar|rtf|vcard)[\w.+-]+|application\/(?:(?:x-|force-|x-force-)?download|unknown|x-unknown|x-zip|x-gzip-compressed|x-text|txt|x-xml|[\w.-]+\+(?:xml|json))|\*\/\*)$/;

function unsupportedType(type: string): MusterError {
  const taken = "text/csv, application/xml, application/json, text/plain or multipart/form-data";
  const found = `Content-Type is ${printable(type, 60)}, which is not a type of rosters.`;
  const advice = `Send the file with the type that it has: ${taken} (curl: --header 'Content-Type: text/csv' --data-binary @FILE).`;
  return new MusterError("media_type_unsupported", `${found} ${advice} Nothing was changed.`, {
    field: "Content-Type",
  });
}

const formatOf = (type: string): FileFormat | undefined => formats.get(type) ?? otherFormats.get(type);

const charsetOf = (contentType: string | undefined): string | undefined => {
  const [, quoted, bare] = /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;"]+))/i.exec(contentType ?? "") ?? [];
  return quoted ?? bare;
};
