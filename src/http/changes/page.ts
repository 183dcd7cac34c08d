import type { FeedPage } from "../../changes/feed.ts";
import { toXml } from "../xml.ts";
import { toChangesCursor } from "./cursor.ts";

/** What the feed can be answered in. */
export const feedFormats = ["json", "xml", "ndjson"] as const;
export type FeedFormat = (typeof feedFormats)[number];

export const feedMediaTypes: Readonly<Record<FeedFormat, string>> = {
  json: "application/json; charset=utf-8",
  xml: "application/xml; charset=utf-8",
  ndjson: "application/x-ndjson; charset=utf-8",
};

/**
 * Writes a page of the feed. The JSON of the changes is passed on as it is; only XML has to look into it. Of lines, the last
 * one tells where to go on: whoever has it has the whole page.
 */
export function writePage(
  { changes, position, until, hasMore, complete }: FeedPage,
  format: FeedFormat,
): Buffer | string {
  const end = JSON.stringify({ cursor: toChangesCursor(position), until, hasMore, complete });
  switch (format) {
    case "json":
      return encode(['{"changes":[', ...changes, "],", end.slice(1)]);
    case "ndjson":
      return encode([...changes, changes.length === 0 ? "" : "\n", end, "\n"]);
    case "xml":
      return toXml("feed", nameable({ changes: JSON.parse(`[${changes.join("")}]`), ...JSON.parse(end) }) as object);
  }
}

/** Characters up to which a text is sent as it is, together with the headers of the answer. */
const shortText = 8192;

/** UTF-8 of texts that follow each other, without a text of all of them in between, unless it is short. */
function encode(texts: readonly string[]): Buffer | string {
  if (texts.reduce((sum, { length }) => sum + length, 0) <= shortText) return texts.join("");
  const buffer = Buffer.allocUnsafe(texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0));
  let length = 0;
  for (const text of texts) length += buffer.write(text, length);
  return buffer;
}

const elementName = /^[A-Za-z][A-Za-z0-9_-]*$/;

/** Objects with names that can be no element's, such as the value map of a field mapping, become their JSON. */
function nameable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nameable);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value);
  if (!members.every(([name]) => elementName.test(name))) return JSON.stringify(value);
  return Object.fromEntries(members.map(([name, member]) => [name, nameable(member)]));
}
