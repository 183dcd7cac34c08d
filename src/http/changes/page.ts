import type { ChangesFrame } from "../../changes/change-text.ts";
import type { FeedPage } from "../../changes/feed.ts";
import { toXml } from "../contract/xml.ts";
import { toChangesCursor } from "./cursor.ts";

/** The formats of the feed. */
export const feedFormats = ["json", "xml", "ndjson"] as const;
export type FeedFormat = (typeof feedFormats)[number];

export const feedMediaTypes: Readonly<Record<FeedFormat, string>> = {
  json: "application/json; charset=utf-8",
  xml: "application/xml; charset=utf-8",
  ndjson: "application/x-ndjson; charset=utf-8",
};

/** The text around the changes of an answer; XML is made from their JSON. */
export const feedFrames: Readonly<Record<FeedFormat, ChangesFrame>> = {
  json: { before: '{"changes":[', separator: "," },
  xml: { before: '{"changes":[', separator: "," },
  ndjson: { before: "", separator: "\n" },
};

/** Bytes up to which an answer is a string: it is sent together with its headers then. */
const shortAnswer = 8192;

/**
 * Writes a page of the feed, with the changes in the frame of the format. It passes their JSON on unchanged; only XML parses
 * it. The last line of NDJSON has the cursor, so that a client that has it has the whole page.
 */
export function writePage(
  { changes, position, until, hasMore, complete }: FeedPage,
  format: FeedFormat,
): Buffer | string {
  const end = JSON.stringify({ cursor: toChangesCursor(position), until, hasMore, complete });
  const text =
    format === "ndjson"
      ? changes.end(`${changes.count() === 0 ? "" : "\n"}${end}\n`)
      : changes.end(`],${end.slice(1)}`);
  if (format === "xml") return toXml("feed", nameable(JSON.parse(text.toString())) as object);
  return text.length <= shortAnswer ? text.toString() : text;
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
