import { toXmlElements, xmlDeclaration } from "../xml.ts";

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
): AsyncGenerator<string> {
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
): AsyncGenerator<string> {
  yield `${xmlDeclaration}<${list} type="array">\n`;
  for await (const page of pages) yield page.map((item) => toXmlElements({ [name]: tell(item) })).join("");
  yield `</${list}>\n`;
}
