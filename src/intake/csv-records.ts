import { MusterError } from "../errors.ts";
import { readCsvRows } from "./csv.ts";
import type { CsvFindings, CsvRow } from "./csv-findings.ts";
import { delimiterNames, delimiterOf, headerBelow, isHeader, likelyDelimiter } from "./csv-header.ts";
import { type Layout, layoutOf } from "./csv-layout.ts";
import { linesOf } from "./csv-preamble.ts";
import { createTableFilter } from "./csv-table.ts";
import { withoutDamage } from "./damage.ts";
import { joinedTokens } from "./documented-mapping.ts";
import { quoted } from "./issues.ts";
import { type CsvLimits, limits as publishedLimits } from "./limits.ts";
import { printable } from "./printable.ts";
import {
  type Delimiter,
  type PassedLine,
  type Reading,
  type ReadOptions,
  type RecordMapping,
  unreadNames,
  type Vocabulary,
} from "./reading.ts";
import type { SourceRecord } from "./records.ts";
import { counted } from "./xml-parser.ts";

/**
 * Reads CSV of records (file formats, section 1.3): by position, or by the names of a header row. Cells that are missing
 * at the end of a row are absent. A row with more values than columns fails, with nothing read from it.
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
  const { encoding, charset } = options;
  const reader = createReader(options);
  const csv = { encoding, charset, delimiter: reader.delimiter, onFindings: reader.find };
  // Not a generator of its own: one more for each row costs a tenth of the time.
  const filter = createTableFilter({ isHeader: reader.begin, onPassed: reader.pass });
  try {
    for await (const rows of readCsvRows(chunks, csv, limits)) {
      const records = reader.take(filter.take(rows));
      if (records.length > 0) yield records;
    }
    filter.end();
    yield reader.end();
  } finally {
    const reading = reader.reading();
    if (reading) options.onReading?.(reading);
  }
}

/** Most lines that a report lists as passed over. */
const mostPassed = 20;

/** Makes records of the rows of one file. */
function createReader<Field extends string>(options: ReadOptions<Field>) {
  const { mapping } = options;
  const passed: PassedLine[] = [];
  let findings: CsvFindings | undefined;
  let layout: Layout | undefined;
  let isBegun = false;
  let row = 0;
  /** The latest row: the next one, or the end of the file, tells whether it is whole. */
  let latest: CsvRow | undefined;
  const read = (next: CsvRow): SourceRecord<Field> => {
    row += 1;
    return { row, line: next.line, ...readRow(next, layout!, mapping) };
  };
  const pass = (line: PassedLine): void => {
    if (passed.length < mostPassed) passed.push(line);
  };
  return {
    pass,
    delimiter: (head: string, line: number) => chooseDelimiter(head, line, options),
    begin(first: CsvRow): boolean {
      layout = layoutOf(first, isHeader(first, options), options);
      return layout.isHeader;
    },
    find(found: CsvFindings): void {
      findings = found;
    },
    take(rows: readonly CsvRow[]): SourceRecord<Field>[] {
      const records: SourceRecord<Field>[] = [];
      for (const next of rows) {
        if (latest) records.push(read(latest));
        latest = isBegun || !layout!.isHeader ? next : undefined;
        isBegun = true;
      }
      return records;
    },
    end(): SourceRecord<Field>[] {
      if (latest === undefined) throw empty(layout, mapping.vocabulary);
      if (!latest.isOpen) return [read(latest)];
      if (latest.cells.length < layout!.columns) throw cutOff(latest, layout!, row, mapping.vocabulary);
      return [{ ...read(latest), mayBeCutOff: true }];
    },
    /** The properties of the file; undefined if nothing of it could be read. */
    reading(): Reading | undefined {
      if (findings === undefined) return undefined;
      const { encoding, encodingDeclared, delimiter, lineEnding } = findings;
      const lines = [...findings.passed, ...passed].slice(0, mostPassed);
      return {
        format: "csv",
        encoding,
        ...(encodingDeclared ? { encodingDeclared } : {}),
        delimiter,
        ...(lineEnding ? { lineEnding } : {}),
        header: layout?.isHeader ?? false,
        ignored: unreadNames(layout === undefined ? [] : ignoredColumns(layout), mapping),
        ...(lines.length > 0 ? { passedOver: lines } : {}),
      };
    },
  };
}

/**
 * The delimiter of a file.
 * @param head its beginning, from `line` on
 * @throws MusterError document_structure_wrong if lines before the header are not CSV
 */
function chooseDelimiter<Field extends string>(head: string, line: number, options: ReadOptions<Field>): Delimiter {
  const titles = options.header === undefined ? headerBelow(head, options.mapping) : undefined;
  if (titles === undefined) return options.delimiter ?? delimiterOf(head, options);
  const [title = ""] = linesOf(head);
  const detail = `Line ${counted(line)} is "${printable(title.trim())}", and the header is in line ${counted(line + titles)}.`;
  const advice = "Remove the lines before the header and send the file again. Nothing was changed.";
  throw new MusterError("document_structure_wrong", `${detail} ${advice}`, { line });
}

/** Columns that are not read: by their names, or by their positions if they have values and no name. */
const ignoredColumns = ({ ignored, unnamed }: Layout): string[] => [
  ...ignored,
  ...[...unnamed].map((position) => `column ${position}, which has no name`),
];

/** A cell's leading apostrophe that our own response files put before what spreadsheets take for a formula. */
const apostrophe = /^'(?=[=+@\t\r-])/;

function readRow<Field extends string>(
  { cells, damage }: CsvRow,
  layout: Layout,
  mapping: RecordMapping<Field>,
): Omit<SourceRecord<Field>, "row" | "line"> {
  const { columns, slots, names } = layout;
  if (cells.length !== columns && !hasItsColumns(cells, layout)) {
    const values: Partial<Record<Field, string>> = {};
    return { values, failure: columnsDiffer(cells, columns), unreadable: true };
  }
  const bySlot = new Array<string | undefined>(mapping.slotCount);
  let failure: SourceRecord["failure"];
  for (let index = 0; index < cells.length; index += 1) {
    const slot = slots[index];
    if (slot === undefined) {
      if (names[index] === "" && cells[index]!.trim() !== "") layout.unnamed.add(index + 1);
      continue;
    }
    const trimmed = cells[index]!.trim();
    const cell = trimmed.startsWith("'") ? trimmed.replace(apostrophe, "") : trimmed;
    const before = bySlot[slot];
    if (before === undefined) bySlot[slot] = cell;
    else failure ??= addToColumn(bySlot, cell, index, layout, mapping);
  }
  const read = mapping.read(bySlot);
  const record = failure === undefined ? read : { ...read, failure };
  return damage === undefined ? record : { ...record, ...withoutDamage(record, damage) };
}

/**
 * Takes the cell of a column whose name an earlier column has, too: a list takes both, any other field takes one value.
 * @returns why the row fails
 */
function addToColumn<Field extends string>(
  bySlot: (string | undefined)[],
  cell: string,
  index: number,
  { slots, names }: Layout,
  mapping: RecordMapping<Field>,
): SourceRecord["failure"] {
  const slot = slots[index]!;
  const before = bySlot[slot] ?? "";
  // Blanks count: a phone and its attributes belong together by their positions.
  if (mapping.separatorOf(slot) === ";") bySlot[slot] = before + cell === "" ? "" : joinedTokens(before, cell);
  else if (before === "") bySlot[slot] = cell;
  else if (cell !== "" && cell !== before) {
    const named = (at: number) => `"${printable(names[at]!, 40)}" (column ${at + 1})`;
    const one = named(slots.indexOf(slot));
    const details = { field: "the same", one, value: quoted(before), other: named(index), otherValue: quoted(cell) };
    return { code: "columns_contradict", field: printable(names[index]!, 40), details };
  }
  return undefined;
}

/**
 * True if a row lacks nothing but cells at its end, or has nothing but blank ones too many: spreadsheets write such rows.
 * A lone cell is rather a line that is not a row.
 */
function hasItsColumns(cells: readonly string[], { columns, slots }: Layout): boolean {
  if (cells.length < columns) return cells.length > 1 || columns < 3;
  return cells.every((cell, index) => index < Math.max(columns, slots.length) || cell.trim() === "");
}

function columnsDiffer(cells: readonly string[], expected: number): NonNullable<SourceRecord["failure"]> {
  const hint = cells.some((cell) => /[“”„]/.test(cell))
    ? "It has typographic quotation marks (“ ”), which do not quote in CSV: export with plain ones."
    : cells.length > expected
      ? "Put a value that contains the delimiter in quotation marks."
      : loneCell(cells.join(","), expected);
  return { code: "columns_differ", details: { found: cells.length, expected, hint } };
}

/** Explains a row of one cell: another delimiter, or a line that belongs to a value. */
function loneCell(text: string, expected: number): string {
  const delimiter = likelyDelimiter(text);
  const isOther = delimiter !== undefined && text.split(delimiter).length * 2 > expected;
  return isOther
    ? `It is "${printable(text)}", separated by ${delimiterNames[delimiter]}, unlike the first row. Use one delimiter in the whole file.`
    : `It is "${printable(text)}": a line break in a value needs quotation marks around it.`;
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
  const what = layout === undefined ? "The file is empty." : `The file has a header row and no ${one} below it.`;
  return new MusterError("document_empty", `${what} Check the export. Nothing was changed.`);
}
