import { MusterError, type ProblemPlace } from "../errors.ts";
import { foldName } from "./column-words.ts";
import type { CsvRow } from "./csv-findings.ts";
import { delimiterNames, likelyDelimiter, looksLikeHeader } from "./csv-header.ts";
import { printable } from "./printable.ts";
import { type ReadOptions, type RecordMapping, shownName } from "./reading.ts";
import { counted } from "./xml-parser.ts";

const send = "Correct the export and send the file again. Nothing was changed.";

/** The meaning of the columns of a file. */
export interface Layout {
  readonly isHeader: boolean;
  /** Columns of a row that is whole. */
  readonly columns: number;
  /** Names of the columns; none without a header row. */
  readonly names: readonly string[];
  /** Slot of each column, which several columns may share; undefined for those that are not read. */
  readonly slots: readonly (number | undefined)[];
  /** Names of the columns that are not read; at most 50. */
  readonly ignored: string[];
  /** Positions of columns that have values and no name, as far as rows were read. */
  readonly unnamed: Set<number>;
}

/**
 * Finds out what the columns mean, by the first row.
 * @throws MusterError document_structure_wrong
 */
export function layoutOf<Field extends string>(
  { line, cells }: CsvRow,
  isHeader: boolean,
  options: ReadOptions<Field>,
): Layout {
  return isHeader ? namedLayout(line, cells, options.mapping) : positionedLayout(line, cells, options);
}

function namedLayout<Field extends string>(
  line: number,
  cells: readonly string[],
  mapping: RecordMapping<Field>,
): Layout {
  const names = cells.map((cell) => cell.trim());
  const byPosition = (index: number) => (mapping.positionsWithHeader ? mapping.slotOfPosition(index + 1) : undefined);
  const read = names.length - (isResponseHeader(names) ? mapping.vocabulary.responseColumns : 0);
  const slots = names.map((name, index) =>
    index < read ? ((name === "" ? undefined : mapping.slotOfName(name)) ?? byPosition(index)) : undefined,
  );
  if (slots.every((slot) => slot === undefined)) {
    const detail = `the header names no column that Muster knows. It has ${listed(names)}. Expected are ${listed(mapping.names)}. ${send}`;
    throw wrong(line, detail);
  }
  if (!namesPeople(slots, mapping)) {
    const detail = `the header has no column for an e-mail, userID or databaseID, so no row could name a person. It has ${listed(names)}. Add one of these columns, or set a field mapping for the source. ${send}`;
    throw wrong(line, detail);
  }
  refuseFullName(line, names, slots, mapping);
  const ignored = names.filter((name, index) => slots[index] === undefined && name !== "").map(shownName);
  const columns = names.findLastIndex((name) => name !== "") + 1;
  return { isHeader: true, columns, names, slots, ignored: ignored.slice(0, 50), unnamed: new Set() };
}

const identifiers: readonly string[] = ["email", "userID", "databaseID"];

/** True if a row could have an identifier; true for files of groups and of locations. */
function namesPeople<Field extends string>(
  slots: readonly (number | undefined)[],
  mapping: RecordMapping<Field>,
): boolean {
  if (mapping.vocabulary.one !== "person") return true;
  return fieldsOf(slots, mapping)?.some((field) => identifiers.includes(field)) ?? true;
}

/** Names of columns that hold all names of a person. */
const fullNames: ReadonlySet<string> = new Set(
  ["Name", "Full Name", "Display Name", "Complete Name", "Person Name", "Student Name", "Employee Name", "CN"].map(
    foldName,
  ),
);
const nameFields: readonly string[] = ["firstName", "lastName"];

/** Nobody can tell for sure which part of a full name is the last name, so that without other names nobody could be added. */
function refuseFullName<Field extends string>(
  line: number,
  names: readonly string[],
  slots: readonly (number | undefined)[],
  mapping: RecordMapping<Field>,
): void {
  const name = names.find((one, index) => slots[index] === undefined && fullNames.has(foldName(one)));
  const isNameField = (field: string) => nameFields.includes(field);
  if (name === undefined || !mapping.names.some(isNameField) || (fieldsOf(slots, mapping)?.some(isNameField) ?? true))
    return;
  const detail = `the header has "${shownName(name)}", but no column for firstName or lastName, and Muster does not split names. Export the first and the last name in two columns, or let the source's field mapping read "${shownName(name)}" as firstName. Nothing was changed.`;
  throw wrong(line, detail, { field: shownName(name) });
}

/** The fields that a row with a value in each of its columns has; undefined if that depends on the values. */
function fieldsOf<Field extends string>(
  slots: readonly (number | undefined)[],
  mapping: RecordMapping<Field>,
): readonly string[] | undefined {
  const cells = new Array<string | undefined>(mapping.slotCount);
  for (const slot of slots) if (slot !== undefined) cells[slot] = "x";
  const { values, failure } = mapping.read(cells);
  return failure === undefined ? Object.keys(values) : undefined;
}

function positionedLayout<Field extends string>(
  line: number,
  cells: readonly string[],
  { mapping, header }: ReadOptions<Field>,
): Layout {
  const { positions } = mapping;
  if (positions === 0) {
    const detail = `the source's mapping reads columns by their names (${listed(mapping.names)}), but the first row is not a header: it has ${listed(cells)}. Send the file with a header row. Nothing was changed.`;
    throw wrong(line, detail);
  }
  const whole = isResponse(cells) ? cells.length - mapping.vocabulary.responseColumns : cells.length;
  // Blank cells beyond the last column say nothing.
  const columns = cells.slice(positions, whole).every((cell) => cell.trim() === "")
    ? Math.min(whole, positions)
    : whole;
  if (columns < 3 && positions > 2) throw tooFewColumns(line, cells);
  const slots = cells.map((_, index) => (index < columns ? mapping.slotOfPosition(index + 1) : undefined));
  if (header === undefined && mapping.vocabulary.one === "person") refuseUnknownHeader(line, cells, mapping);
  if (columns > positions) {
    const detail = `the first row has ${columns} columns, and a file without a header row has ${positions} at most. Send a header row, or set a field mapping for the source. Nothing was changed.`;
    throw wrong(line, detail);
  }
  return {
    isHeader: false,
    columns: isResponse(cells) ? cells.length : columns,
    names: [],
    slots,
    ignored: [],
    unnamed: new Set(),
  };
}

function tooFewColumns(line: number, cells: readonly string[]): MusterError {
  const text = cells.join(",");
  const delimiter = likelyDelimiter(text);
  const count = cells.length === 1 ? "one column" : `${cells.length} columns`;
  const advice =
    delimiter === undefined || delimiter === ","
      ? "Send CSV with the columns of a roster, separated by commas."
      : `The columns seem to be separated by ${delimiterNames[delimiter]}: send a header row with the names that Muster knows (firstName, lastName, email …), or set the source's delimiter.`;
  return wrong(line, `the first row has ${count} only: "${printable(text)}". ${advice} Nothing was changed.`);
}

function refuseUnknownHeader<Field extends string>(
  line: number,
  cells: readonly string[],
  mapping: RecordMapping<Field>,
): void {
  const slot = mapping.slotOfName("email");
  const index = cells.findIndex((_, column) => mapping.slotOfPosition(column + 1) === slot);
  if (slot === undefined || index < 0 || !looksLikeHeader(cells, cells[index]!)) return;
  const detail = `the first row looks like a header, but names no columns that Muster knows: ${listed(cells)}. Rename the columns (${listed(mapping.names)}), or set a field mapping for the source. Nothing was changed.`;
  throw wrong(line, detail);
}

/** Rows of a response file can be sent again as they are: the last columns have what it added. */
const isResponse = (cells: readonly string[]) =>
  ["Add", "Modify", "Remove"].includes(cells.at(-3) ?? "") && ["Successful", "Fail"].includes(cells.at(-2) ?? "");

const isResponseHeader = (names: readonly string[]) =>
  names.slice(-responseHeader.length).join() === responseHeader.join();
const responseHeader = ["Action", "Status", "Message"];

/** Names as a message lists them: at most 20. */
export function listed(names: readonly string[]): string {
  const some = names
    .filter((name) => name.trim() !== "")
    .slice(0, 20)
    .map((name) => printable(name.trim(), 40));
  return names.length > 20 ? `${some.join(", ")} …` : some.join(", ");
}

function wrong(line: number, detail: string, place: ProblemPlace = {}): MusterError {
  return new MusterError("document_structure_wrong", `Line ${counted(line)}: ${detail}`, { line, ...place });
}
