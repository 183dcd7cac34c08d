import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import type { CampusPerson } from "../campus.ts";
import { type Fields, openText, toCsv, toFields, toXml } from "../generate.ts";

/** Rows that are all of one person are this many, in a file with one row for each enrolment. */
export const enrolmentsOfPerson = 3;

const textOfUser = ([name, value]: Fields[number]): string => `"${name}":${JSON.stringify(value)}`;
const toJson = (fields: Fields): string => `{${fields.map(textOfUser).join(",")}}`;

/** A layout of a file: the same people, written in another way. */
export interface Layout {
  readonly contentType: string;
  readonly encoding?: BufferEncoding;
  readonly head: string;
  readonly tail: string;
  /** Text between two rows. */
  readonly between?: string;
  readonly write: (fields: Fields) => string;
  /** The rows of a person; one by default. */
  readonly rows?: (fields: Fields, index: number) => readonly Fields[];
}

const xmlHead = '<?xml version="1.0" encoding="UTF-8"?>\n<users type="array">\n';
const xml: Layout = { contentType: "application/xml", head: xmlHead, tail: "</users>\n", write: toXml };
const withCarriageReturns = (text: string) => text.replaceAll("\n", "\r\n");

/** Replaces one value of a row. */
const withValue = (fields: Fields, name: string, change: (value: string) => string): Fields =>
  fields.map((field) => (field[0] === name ? [name, change(field[1])] : field));

/** Every tenth row has a part in `email` that is not an address. */
const withWarning = (fields: Fields, index: number): readonly Fields[] => [
  index % 10 === 0 ? withValue(fields, "email", (value) => `${value};none`) : fields,
];

/** One row for each enrolment: the groups of a person, spread over their rows. */
function toEnrolments(fields: Fields): readonly Fields[] {
  const groups = fields.find(([name]) => name === "groupID")![1].split(";");
  return Array.from({ length: enrolmentsOfPerson }, (_, row) => {
    const some = groups.filter((_, index) => index % enrolmentsOfPerson === row);
    return withValue(fields, "groupID", () => (some.length > 0 ? some : groups.slice(0, 1)).join(";"));
  });
}

/** The layouts that are measured. */
export const layouts = {
  xml,
  csv: { contentType: "text/csv", head: "", tail: "", write: toCsv },
  json: { contentType: "application/json", head: '{"users":[', tail: "]}\n", between: ",\n", write: toJson },
  crlf: {
    ...xml,
    head: withCarriageReturns(xmlHead),
    tail: "</users>\r\n",
    write: (f) => withCarriageReturns(toXml(f)),
  },
  comment: { ...xml, head: `${xmlHead}<!-- from the student information system -->\n` },
  namespace: { ...xml, head: xmlHead.replace("<users", '<users xmlns="urn:campus"') },
  encoding: {
    ...xml,
    contentType: "application/xml; charset=utf-16",
    encoding: "utf16le",
    head: `\ufeff${xmlHead.replace("UTF-8", "UTF-16")}`,
  },
  warnings: { ...xml, rows: withWarning },
  enrolments: { ...xml, rows: toEnrolments },
} as const satisfies Readonly<Record<string, Layout>>;

/** A file of one night. */
export interface NightFile {
  readonly path: string;
  readonly contentType: string;
  /** Makes the file another one by a line end, which says nothing. */
  touch(): Promise<void>;
}

/** Writes the people of a day in a layout. */
export async function writeNight(
  people: Iterable<CampusPerson>,
  name: string,
  { contentType, encoding = "utf8", head, tail, between = "", write, rows = (fields) => [fields] }: Layout,
  directory: string,
): Promise<NightFile> {
  const path = join(directory, `night-${name}`);
  const file = await openText(path, encoding);
  file.add(head);
  let index = 0;
  let before = "";
  for (const person of people) {
    for (const fields of rows(toFields(person), index)) {
      file.add(before + write(fields));
      before = between;
    }
    index += 1;
    if (file.isFull()) await file.flush();
  }
  file.add(tail);
  await file.close();
  return { path, contentType, touch: () => appendFile(path, "\n", encoding) };
}
