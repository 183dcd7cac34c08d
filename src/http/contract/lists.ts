import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { chooseFormat } from "./negotiation.ts";
import { type CursorKey, cutPage, decodeCursor, largestPage } from "./paging.ts";
import { toXmlElements, xmlDeclaration } from "./xml.ts";

/** A list in a fixed order. `/v1` answers it in pages, and `/api/v2` answers all of it. */
export interface List<Item, Key extends CursorKey> {
  /**
   * Reads the items after a key; undefined means from the beginning.
   * @returns up to `limit + 1` items: the extra one says that the list goes on
   */
  readonly read: (after: Key | undefined, limit: number) => Promise<readonly Item[]>;
  /** The sort key of an item. */
  readonly keyOf: (item: Item) => Key;
  /** Checks a key that a client sends back in a cursor. */
  readonly keyShape: z.ZodType<Key>;
}

/** The query parameters of a page. */
export interface PageRequest {
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/**
 * Reads a page of a list.
 * @throws MusterError request_invalid when this list did not issue the cursor
 */
export async function readPage<Item, Key extends CursorKey>(
  list: List<Item, Key>,
  { cursor, limit }: PageRequest,
): Promise<{ items: Item[]; nextCursor: string | null }> {
  const after = decodeCursor(cursor, list.keyShape);
  const { items, nextCursor } = cutPage(await list.read(after, limit), limit, list.keyOf);
  return { items: [...items], nextCursor };
}

/** Reads all of a list, one page at a time. */
async function* readAll<Item, Key extends CursorKey>({
  read,
  keyOf,
}: List<Item, Key>): AsyncGenerator<readonly Item[]> {
  for (let after: Key | undefined; ; ) {
    const rows = await read(after, largestPage);
    const items = rows.slice(0, largestPage);
    yield items;
    const last = items.at(-1);
    if (rows.length <= largestPage || last === undefined) return;
    after = keyOf(last);
  }
}

/** The names of a list and of one of its items in a document, and the text of an item. */
export interface ListForm<Item> {
  readonly list: string;
  readonly item: string;
  readonly tell: (item: Item) => object;
  /** Writes the list as CSV. Absent: the list is not available as CSV. */
  readonly csv?: (pages: AsyncIterable<readonly Item[]>) => AsyncIterable<string>;
}

/** Writes a list as JSON, one page at a time. */
export async function* listJson<Item>(
  pages: AsyncIterable<readonly Item[]>,
  { list, tell }: ListForm<Item>,
): AsyncGenerator<string, void, undefined> {
  let separator = `{"${list}":[\n`;
  let isEmpty = true;
  for await (const page of pages) {
    if (page.length === 0) continue;
    isEmpty = false;
    yield separator + page.map((item) => JSON.stringify(tell(item))).join(",\n");
    separator = ",\n";
  }
  yield isEmpty ? `${separator}]}\n` : "\n]}\n";
}

/** Writes a list as a document of feeds in XML, one page at a time. */
export async function* listXml<Item>(
  pages: AsyncIterable<readonly Item[]>,
  { list, item: name, tell }: ListForm<Item>,
): AsyncGenerator<string, void, undefined> {
  yield `${xmlDeclaration}<${list} type="array">\n`;
  for await (const page of pages) yield page.map((item) => toXmlElements({ [name]: tell(item) })).join("");
  yield `</${list}>\n`;
}

const mediaTypes = {
  xml: "application/xml; charset=utf-8",
  json: "application/json; charset=utf-8",
  csv: "text/csv; charset=utf-8; header=present",
} as const;

/** Answers with all of a list as a stream: in XML, or in another format that the request prefers. */
export function sendAll<Item, Key extends CursorKey>(
  request: FastifyRequest,
  reply: FastifyReply,
  list: List<Item, Key>,
  form: ListForm<Item>,
): FastifyReply {
  const { csv } = form;
  const offered = csv === undefined ? (["xml", "json"] as const) : (["xml", "json", "csv"] as const);
  const format = chooseFormat(request.headers, offered, "xml") as keyof typeof mediaTypes;
  const pages = readAll(list);
  const text = format === "csv" && csv ? csv(pages) : (format === "json" ? listJson : listXml)(pages, form);
  return reply
    .header("vary", "accept")
    .header("content-type", mediaTypes[format])
    .send(Readable.from(text) as never);
}
