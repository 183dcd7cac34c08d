import { MusterError } from "../errors.ts";
import { type CsvOptions, readCsvRows } from "./csv.ts";
import type { CsvRow } from "./csv-findings.ts";
import { isProgramLine, isTotal } from "./csv-program-lines.ts";
import { failureIn } from "./foreign-files.ts";
import { printable } from "./printable.ts";
import type { PassedLine } from "./reading.ts";
import { counted } from "./xml-parser.ts";

/** The signs that separate a table's rows from other lines. */
export interface TableOptions {
  /** True if the first row is a header; asked once. */
  readonly isHeader: (first: CsvRow) => boolean;
  /** Called with each line that was skipped. */
  readonly onPassed?: (line: PassedLine) => void;
}

/**
 * Leaves out of the rows of a CSV file the lines that database programs write around them (file formats, section 1.3):
 * the ruler below a header, a repeated header, `(42 rows affected)`, a last row with a total.
 */
export interface TableFilter {
  /** Takes the next rows; returns those that are rows, the header included. */
  take(rows: readonly CsvRow[]): readonly CsvRow[];
  /** Tells that there are no more rows. */
  end(): void;
}

/** Makes a filter for one file. */
export function createTableFilter({ isHeader, onPassed }: TableOptions): TableFilter {
  let first: CsvRow | undefined;
  let header: readonly string[] | undefined;
  let count = 0;
  /** Rows that are a total unless another row follows. */
  let totals: CsvRow[] = [];
  const pass = ({ line, cells }: CsvRow) => onPassed?.({ line, text: printable(cells.join(",")) });
  /** True if a row is left out, for now or for good. */
  const leaveOut = (row: CsvRow): boolean => {
    count += 1;
    if (first === undefined) {
      first = row;
      if (isHeader(row)) header = row.cells;
      return false;
    }
    if (!mayBeFurniture(row, header, count)) return false;
    refuseFailure(row);
    if (header !== undefined) refuseOtherHeader(row, header);
    if (isFurniture(row, { header, columns: first.cells.length, count })) {
      pass(row);
      return true;
    }
    if (!isTotal(row, first)) return false;
    totals.push(row);
    return true;
  };
  return {
    take(rows) {
      const kept: CsvRow[] = [];
      for (const row of rows) {
        if (leaveOut(row)) continue;
        if (totals.length > 0) kept.push(...totals.splice(0));
        kept.push(row);
      }
      return kept;
    },
    end() {
      totals.forEach(pass);
      totals = [];
    },
  };
}

/** The rows of a CSV file that `createTableFilter` leaves. Yields and throws as `readCsvRows` does. */
export async function* readCsvTable(
  chunks: AsyncIterable<Uint8Array>,
  { isHeader, onPassed, ...options }: TableOptions & CsvOptions,
): AsyncGenerator<readonly CsvRow[]> {
  const filter = createTableFilter({ isHeader, ...(onPassed ? { onPassed } : {}) });
  for await (const rows of readCsvRows(chunks, options)) yield filter.take(rows);
  filter.end();
}

/**
 * Refuses a file that goes on with an error of the program that wrote it: rows are missing after it.
 * @throws MusterError csv_cut_off
 */
function refuseFailure({ line, cells }: CsvRow): void {
  const text = cells.join(",");
  const what = failureIn(text);
  if (what === undefined) return;
  const detail = `Line ${counted(line)} is ${what}: "${printable(text.trim())}". The export failed there, and rows are missing.`;
  throw new MusterError("csv_cut_off", `${detail} Correct the export and send the whole file. Nothing was changed.`, {
    line,
  });
}

/** A quick look, since nearly all rows are rows: the others have two values at most, or begin like the header. */
function mayBeFurniture({ cells }: CsvRow, header: readonly string[] | undefined, count: number): boolean {
  if (count === 2 || cells.length < 5 || cells[0]!.startsWith("Msg ")) return true;
  if (header !== undefined && (isSameName(cells[0]!, header[0]) || cells.includes(header[0]!))) return true;
  return (cells[1] === "" || cells[2] === "" || cells[3] === "") && cells.filter((cell) => cell !== "").length < 4;
}

/** The rows before a row. */
interface RowsBefore {
  readonly header: readonly string[] | undefined;
  /** Cells of the first one. */
  readonly columns: number;
  readonly count: number;
}

function isFurniture({ cells }: CsvRow, { header, columns, count }: RowsBefore): boolean {
  if (isProgramLine(cells, columns)) return true;
  if (header === undefined) return false;
  return (count === 2 && isRuler(cells)) || isFrame(cells) || isRepeated(cells, header);
}

/**
 * Refuses a file that goes on with the columns in another order, as when two files were joined.
 * @throws MusterError document_structure_wrong
 */
function refuseOtherHeader({ line, cells }: CsvRow, header: readonly string[]): void {
  const names = new Set(header.filter((name) => name.trim() !== ""));
  const known = cells.filter((cell) => names.has(cell)).length;
  if (known < 3 || isRepeated(cells, header)) return;
  const detail = `Line ${counted(line)} is another header: "${printable(cells.join(","))}". The rows below it have their values in other columns.`;
  const advice = "Send the files one by one, each with its own header. Nothing was changed.";
  throw new MusterError("document_structure_wrong", `${detail} ${advice}`, { line });
}

/** `-----+-----` of psql and mysql. */
const isFrame = (cells: readonly string[]) =>
  /^\s*[-+]*-\+-[-+]*\s*$/.test(cells[0]!) && cells.slice(1).every((cell) => cell.trim() === "");

/** `-----,-----` of sqlcmd, and `|---|:---:|` of Markdown. */
const isRuler = (cells: readonly string[]) =>
  cells.every((cell) => /^\s*(?::?-+:?\s*)?$/.test(cell)) && cells.some((cell) => cell.includes("-"));

/** The header of the next file, where files were joined. */
const isRepeated = (cells: readonly string[], header: readonly string[]) =>
  isSameName(cells[0]!, header[0]) && header.every((name, index) => isSameName(cells[index] ?? "", name));

const isSameName = (one: string, other: string | undefined) =>
  one === other || (one.length < 100 && one.trim().toLowerCase() === other?.trim().toLowerCase());
