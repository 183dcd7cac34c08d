import { type FeedRecord, feedColumns } from "../../directory/feed-record.ts";
import { line } from "../imports/response-text.ts";
import { toXmlElements, xmlDeclaration } from "../xml.ts";

type Pages = AsyncIterable<readonly FeedRecord[]>;
type Text = AsyncGenerator<string, void, undefined>;

/** Writes people as a CSV with a header row, a page at a time. */
export async function* writeCsv(pages: Pages): Text {
  yield line(feedColumns);
  for await (const records of pages) {
    yield records.map((record) => line(feedColumns.map((column) => record[column]))).join("");
  }
}

/** Writes people as the feed's XML (feed formats, section 1), a page at a time. */
export async function* writeXml(pages: Pages): Text {
  yield `${xmlDeclaration}<users type="array">\n`;
  for await (const records of pages) yield records.map((user) => toXmlElements({ user: present(user) })).join("");
  yield "</users>\n";
}

/** Writes people as the feed's JSON, a page at a time. */
export async function* writeJson(pages: Pages): Text {
  let separator = '{"users":[\n';
  for await (const records of pages) {
    if (records.length === 0) continue;
    yield separator + records.map((record) => JSON.stringify(present(record))).join(",\n");
    separator = ",\n";
  }
  yield separator === ",\n" ? "\n]}\n" : `${separator}]}\n`;
}

/** What is not blank: a value that is there and blank would take others away. */
const present = (record: FeedRecord) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== ""));
