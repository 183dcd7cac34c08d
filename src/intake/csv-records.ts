import { MusterError } from "../errors.ts";
import { type CsvFindings, type CsvRow, readCsvRows } from "./csv.ts";
import { type CsvLimits, limits as publishedLimits } from "./limits.ts";
import {
  type Delimiter,
  delimiters,
  type ReadOptions,
  type RecordMapping,
  shownName,
  type Vocabulary,
} from "./reading.ts";
import type { SourceRecord } from "./records.ts";
import { counted } from "./xml-parser.ts";

const send = "Correct the export and send the file again. Nothing was changed.";

/**
 * Reads CSV of records (file formats, section 1): by position, or by the names of a header row. Rows that have another
 * number of columns than the first one fail, with nothing read from them.
 *
 * Yields the records in their order. **Only the end of the generator says that the file is whole**; until then nothing
 * may be applied.
 *
 * @throws MusterError what `readCsvRows` throws, document_structure_wrong, document_empty
 */
export async function* readCsvRecords<Field extends string>(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions<Field>,
  limits: CsvLimits = publishedLimits.csv,
): AsyncGenerator<SourceRecord<Field>[]> {
  const { mapping, encoding, charset } = options;
  let findings: CsvFindings | undefined;
  let layout: Layout | undefined;
  let row = 0;
  /** The latest row: the next one, or the end of the file, tells whether it is whole. */
  let latest: CsvRow | undefined;
  const chooseDelimiter = (firstLine: string) => options.delimiter ?? delimiterOf(firstLine, options);
  const onFindings = (found: CsvFindings) => {
    findings = found;
  };
  const read = (next: CsvRow): SourceRecord<Field> => {
    row += 1;
    return { row, line: next.line, ...readRow(next, layout!, mapping) };
  };
  try {
    for await (const rows of readCsvRows(
      chunks,
      { encoding, charset, delimiter: chooseDelimiter, onFindings },
      limits,
    )) {
      const records: SourceRecord<Field>[] = [];
      for (const next of rows) {
        const isFirst = layout === undefined;
        layout ??= layoutOf(next, options);
        if (isFirst && layout.isHeader) continue;
        if (latest) records.push(read(latest));
        latest = next;
      }
      if (records.length > 0) yield records;
    }
    if (latest && findings!.endsWithLine) yield [read(latest)];
    else if (latest) {
      if (latest.cells.length < layout!.columns) throw cutOff(latest, layout!, row, mapping.vocabulary);
      yield [{ ...read(latest), mayBeCutOff: true }];
    }
    if (row === 0) throw empty(layout, mapping.vocabulary);
  } finally {
    if (findings) {
      const { endsWithLine: _, line: __, lineEnding, ...found } = findings;
      const known = { header: layout?.isHeader ?? false, ignored: layout?.ignored ?? [] };
      options.onReading?.({ format: "csv", ...found, ...(lineEnding ? { lineEnding } : {}), ...known });
    }
  }
}

/** What the columns of a file mean. */
interface Layout {
  readonly isHeader: boolean;
  readonly columns: number;
  /** Slot of each column; undefined for those that are not read. */
  readonly slots: readonly (number | undefined)[];
  readonly ignored: string[];
}

/** Finds out what the columns mean, by the first row. */
function layoutOf<Field extends string>({ line, cells }: CsvRow, { mapping, header }: ReadOptions<Field>): Layout {
  const isHeader = header ?? isHeaderRow(cells, mapping);
  return isHeader ? namedLayout(line, cells, mapping) : positionedLayout(line, cells, mapping);
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
    index < read ? (slotOfHeader(name, mapping) ?? byPosition(index)) : undefined,
  );
  const twice = names.find((_, index) => slots[index] !== undefined && slots.indexOf(slots[index]) < index);
  if (twice !== undefined) {
    const detail = `Line ${counted(line)}: the header names the column ${shownName(twice)} twice. ${send}`;
    throw new MusterError("document_structure_wrong", detail, { line, field: shownName(twice) });
  }
  if (slots.every((slot) => slot === undefined)) {
    const found = listed(names);
    const detail = `Line ${counted(line)}: the header names no column that is read. It has ${found}; expected are ${listed(mapping.names)}. ${send}`;
    throw new MusterError("document_structure_wrong", detail, { line });
  }
  const ignored = names.filter((name, index) => slots[index] === undefined && name !== "").map(shownName);
  return { isHeader: true, columns: cells.length, slots, ignored: ignored.slice(0, 50) };
}

function positionedLayout<Field extends string>(
  line: number,
  cells: readonly string[],
  mapping: RecordMapping<Field>,
): Layout {
  const { positions } = mapping;
  if (positions === 0) {
    const detail = `Line ${counted(line)}: the columns are read by their names (${listed(mapping.names)}), but the first row is no header. Send the file with a header row. Nothing was changed.`;
    throw new MusterError("document_structure_wrong", detail, { line });
  }
  const columns = cells.length - (isResponse(cells) ? mapping.vocabulary.responseColumns : 0);
  if (columns < 3 && positions > 2) {
    const count = cells.length === 1 ? "one column" : `${cells.length} columns`;
    const detail = `Line ${counted(line)}: the first row has ${count} only. If something else than a comma separates the columns, send a header row, or set the source's delimiter. Nothing was changed.`;
    throw new MusterError("document_structure_wrong", detail, { line });
  }
  if (columns > positions) {
    const detail = `Line ${counted(line)}: the first row has ${columns} columns; without a header row there are ${positions} at most. Send a header row, or set a field mapping for the source. Nothing was changed.`;
    throw new MusterError("document_structure_wrong", detail, { line });
  }
  const slots = cells.map((_, index) => (index < columns ? mapping.slotOfPosition(index + 1) : undefined));
  return { isHeader: false, columns: cells.length, slots, ignored: [] };
}

/** Rows of a response file can be sent again as they are: what it added stands in the last columns. */
const isResponse = (cells: readonly string[]) =>
  ["Add", "Modify", "Remove"].includes(cells.at(-3) ?? "") && ["Successful", "Fail"].includes(cells.at(-2) ?? "");

/** The same of a response file with a header row. */
const isResponseHeader = (names: readonly string[]) =>
  names.slice(-responseHeader.length).join() === responseHeader.join();
const responseHeader = ["Action", "Status", "Message"];

function slotOfHeader<Field extends string>(name: string, mapping: RecordMapping<Field>): number | undefined {
  if (name === "") return undefined;
  const slot = mapping.slotOfName(name);
  if (slot !== undefined) return slot;
  const alike = mapping.names.find((known) => loosened(known) === loosened(name));
  return alike === undefined ? undefined : mapping.slotOfName(alike);
}

/** "First Name", "first_name" and "first-name" are firstName. */
const loosened = (name: string) => name.replace(/[\s_-]/g, "").toLowerCase();

function isHeaderRow<Field extends string>(cells: readonly string[], mapping: RecordMapping<Field>): boolean {
  const named = cells.filter((cell) => cell.trim() !== "");
  const known = named.filter((cell) => slotOfHeader(cell.trim(), mapping) !== undefined).length;
  return known >= 2 || (known === 1 && named.length === 1);
}

/** The delimiter with which the first line is a header; else the comma (file formats, section 1). */
function delimiterOf<Field extends string>(firstLine: string, { mapping, header }: ReadOptions<Field>): Delimiter {
  const knownWith = (delimiter: Delimiter) =>
    firstLine.split(delimiter).filter(
      (cell) =>
        slotOfHeader(
          cell
            .trim()
            .replace(/^"(.*)"$/, "$1")
            .trim(),
          mapping,
        ) !== undefined,
    ).length;
  if (header === false || firstLine.length > longestHeader) return ",";
  const [best] = delimiters
    .map((delimiter) => ({ delimiter, known: knownWith(delimiter) }))
    .sort((one, other) => other.known - one.known);
  return best && best.known >= 2 ? best.delimiter : ",";
}

const longestHeader = 30_000;

/** A cell's leading apostrophe that our own response files put before what spreadsheets take for a formula. */
const apostrophe = /^'(?=[=+@\t\r-])/;

function readRow<Field extends string>(
  { cells }: CsvRow,
  layout: Layout,
  mapping: RecordMapping<Field>,
): Omit<SourceRecord<Field>, "row" | "line"> {
  const { columns, slots } = layout;
  if (cells.length !== columns) {
    const values: Partial<Record<Field, string>> = {};
    return { values, failure: columnsDiffer(cells, columns), unreadable: true };
  }
  const bySlot = new Array<string | undefined>(mapping.slotCount);
  for (let index = 0; index < cells.length; index += 1) {
    const slot = slots[index];
    if (slot === undefined) continue;
    const cell = cells[index]!.trim();
    bySlot[slot] = cell.startsWith("'") ? cell.replace(apostrophe, "") : cell;
  }
  return mapping.read(bySlot);
}

function columnsDiffer(cells: readonly string[], expected: number): NonNullable<SourceRecord["failure"]> {
  const hint = cells.some((cell) => /[“”„]/.test(cell))
    ? "It has typographic quotation marks (“ ”), which do not quote in CSV: export with plain ones."
    : cells.length > expected
      ? "A value with the delimiter in it must stand in quotation marks."
      : "Every column must be present in every row, blank or not.";
  return { code: "columns_differ", details: { found: cells.length, expected, hint } };
}

function cutOff(
  { line, cells }: CsvRow,
  { columns }: Layout,
  complete: number,
  { one, many }: Vocabulary,
): MusterError {
  const after = `after ${counted(complete)} complete ${complete === 1 ? one : many}`;
  const detail = `The file ends in line ${counted(line)}, in column ${cells.length} of ${columns}, without a line end, ${after}: it was cut off. Send the whole file again. Nothing was changed.`;
  return new MusterError("csv_cut_off", detail, { line });
}

function empty(layout: Layout | undefined, { one }: Vocabulary): MusterError {
  const what = layout === undefined ? "The body is empty." : `The file has a header row and no ${one} below it.`;
  return new MusterError("document_empty", `${what} Check the export. Nothing was changed.`);
}

const listed = (names: readonly string[]) => {
  const some = names.slice(0, 20).map(shownName).join(", ");
  return names.length > 20 ? `${some} …` : some;
};
