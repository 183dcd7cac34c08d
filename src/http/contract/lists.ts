import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { chooseFormat } from "./negotiation.ts";
import { toXmlElements, xmlDeclaration } from "./xml.ts";

/** How a list is told: the names of the list and of one of its items, and what it says of each. */
export interface ListForm<Item> {
  readonly list: string;
  readonly item: string;
  readonly tell: (item: Item) => object;
}

/** A list as JSON, a page at a time. */
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

/** A list as a document of feeds, a page at a time. */
export async function* listXml<Item>(
  pages: AsyncIterable<readonly Item[]>,
  { list, item: name, tell }: ListForm<Item>,
): AsyncGenerator<string, void, undefined> {
  yield `${xmlDeclaration}<${list} type="array">\n`;
  for await (const page of pages) yield page.map((item) => toXmlElements({ [name]: tell(item) })).join("");
  yield `</${list}>\n`;
}

/** Sends a list, a page at a time: in XML, or in JSON to who asks for it. */
export function sendList<Item>(
  request: FastifyRequest,
  reply: FastifyReply,
  pages: AsyncIterable<readonly Item[]>,
  form: ListForm<Item>,
): FastifyReply {
  const format = chooseFormat(request.headers, ["xml", "json"], "xml");
  const text = (format === "json" ? listJson : listXml)(pages, form);
  return reply
    .header("vary", "accept")
    .header("content-type", `application/${format}; charset=utf-8`)
    .send(Readable.from(text) as never);
}
