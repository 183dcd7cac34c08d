import type { FeedRecord } from "../../directory/feed-record.ts";
import { userFields } from "../../person/fields.ts";
import { line } from "../../reconcile/attempts/response-text.ts";
import { type ListForm, listJson, listXml } from "../contract/lists.ts";

type Pages = AsyncIterable<readonly FeedRecord[]>;
type Text = AsyncGenerator<string, void, undefined>;

/** Writes people as a CSV with a header row, a page at a time. */
export async function* writeCsv(pages: Pages): Text {
  yield line(userFields);
  for await (const records of pages) {
    yield records.map((record) => line(userFields.map((field) => record[field]))).join("");
  }
}

/** Keeps values that are not blank: a blank value would withdraw others. */
const present = (record: FeedRecord) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== ""));

const form: ListForm<FeedRecord> = { list: "users", item: "user", tell: present };

/** Writes people as the feed's XML (file formats, section 1), a page at a time. */
export const writeXml = (pages: Pages): Text => listXml(pages, form);

/** Writes people as the feed's JSON, a page at a time. */
export const writeJson = (pages: Pages): Text => listJson(pages, form);
