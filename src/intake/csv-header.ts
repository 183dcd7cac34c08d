import type { CsvRow } from "./csv-findings.ts";
import { linesOf } from "./csv-preamble.ts";
import { type Delimiter, delimiters, type ReadOptions, type RecordMapping } from "./reading.ts";

/** True for a header: the row names two columns, or nothing but one. */
export function isHeaderRow<Field extends string>(cells: readonly string[], mapping: RecordMapping<Field>): boolean {
  const named = cells.filter((cell) => cell.trim() !== "");
  const known = named.filter((cell) => mapping.slotOfName(cell.trim()) !== undefined).length;
  return known >= 2 || (known === 1 && named.length === 1);
}

/** True if the first row is a header: by the source's setting, else by its cells. */
export const isHeader = <Field extends string>({ cells }: CsvRow, { mapping, header }: ReadOptions<Field>): boolean =>
  header ?? isHeaderRow(cells, mapping);

/** The delimiter with which the first line is a header; else the comma (file formats, section 1.3). */
export function delimiterOf<Field extends string>(head: string, { mapping, header }: ReadOptions<Field>): Delimiter {
  if (header === false) return ",";
  const [first = ""] = linesOf(head);
  const { delimiter, known } = bestDelimiter(first, mapping);
  return known >= 2 ? delimiter : ",";
}

function bestDelimiter<Field extends string>(line: string, mapping: RecordMapping<Field>) {
  const [best] = delimiters
    .map((delimiter) => ({ delimiter, known: knownNames(line, delimiter, mapping) }))
    .sort((one, other) => other.known - one.known);
  return best!;
}

function knownNames<Field extends string>(line: string, delimiter: Delimiter, mapping: RecordMapping<Field>): number {
  const names = line.split(delimiter).map((cell) =>
    cell
      .trim()
      .replace(/^"(.*)"$/, "$1")
      .trim(),
  );
  return names.filter((name) => name !== "" && mapping.slotOfName(name) !== undefined).length;
}

/** How many lines below the first one may be the header of a file that begins with a title. */
const titleLines = 20;

/**
 * Finds a header below the first line.
 * @returns how many lines lie between, from 1; undefined if the first line is a header, or none is
 */
export function headerBelow<Field extends string>(head: string, mapping: RecordMapping<Field>): number | undefined {
  const [first = "", ...others] = linesOf(head);
  if (bestDelimiter(first, mapping).known >= 2) return undefined;
  const found = others.slice(0, titleLines).findIndex((line) => bestDelimiter(line, mapping).known >= 3);
  return found < 0 ? undefined : found + 1;
}

/** The delimiter that a line seems to have: the most frequent one. */
export function likelyDelimiter(line: string): Delimiter | undefined {
  const [best] = delimiters
    .map((delimiter) => ({ delimiter, count: line.split(delimiter).length - 1 }))
    .sort((one, other) => other.count - one.count);
  return best && best.count >= 2 ? best.delimiter : undefined;
}

/** Delimiters as messages name them. */
export const delimiterNames = { ",": "commas", ";": "semicolons", "\t": "tabs", "|": "|" } as const;

/** Words of a header: letters, perhaps with signs between them and a number at the end. */
const nameOfColumn = /^\p{L}[\p{L}\p{M} _.#*'’/()-]*\d{0,2}$/u;
/** Words that exports write for no value. */
const placeholder = /^(?:null|none|n\/a|na|nan|nil|unknown|-+)$/i;

/**
 * True if the first row of a file without a header that Muster knows is a header all the same, perhaps in another
 * language: all of its cells are words, and so is the one that should be an e-mail address.
 * @param email the cell in the place of the e-mail
 */
export function looksLikeHeader(cells: readonly string[], email: string): boolean {
  const named = cells.map((cell) => cell.trim()).filter((cell) => cell !== "");
  const isWord = nameOfColumn.test(email.trim()) && !placeholder.test(email.trim());
  return isWord && named.length >= 3 && named.every((cell) => nameOfColumn.test(cell));
}
