import { MusterError } from "../errors.ts";
import { type CsvOptions, readCsvRows } from "./csv.ts";
import type { CsvRow } from "./csv-findings.ts";
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
    if (isFurniture(row, header, count)) {
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
  if (count === 2 || cells.length < 5 || cells[0] === header?.[0] || cells[0]!.startsWith("Msg ")) return true;
  return (cells[1] === "" || cells[2] === "") && cells.filter((cell) => cell !== "").length < 3;
}

function isFurniture({ cells }: CsvRow, header: readonly string[] | undefined, count: number): boolean {
  if (isRowCount(cells)) return true;
  if (header === undefined) return false;
  return (count === 2 && isRuler(cells)) || isFrame(cells) || isRepeated(cells, header);
}

/** `-----+-----` of psql and mysql. */
const isFrame = (cells: readonly string[]) => /^\s*[-+]*-\+-[-+]*\s*$/.test(cells[0]!) && aloneIn(cells) !== undefined;

/** `-----,-----` of sqlcmd. */
const isRuler = (cells: readonly string[]) => cells.every((cell) => /^\s*-+\s*$/.test(cell));

/** The header of the next file, where files were joined. */
const isRepeated = (cells: readonly string[], header: readonly string[]) =>
  cells[0] === header[0] && cells.length === header.length && cells.every((cell, index) => cell === header[index]);

/** Lines that programs write after their rows. */
const rowCounts: readonly RegExp[] = [
  /^\(?\d[\d,. ]* (?:rows?|row\(s\)|records?|lines?)(?: (?:affected|selected|returned|exported|found|fetched|read))?\.?\)?\.?$/i,
  /^no rows selected\.?$/i,
  /^(?:completion time|elapsed|query time): /i,
  /^pl\/sql procedure successfully completed\.?$/i,
  /^sql> ?(?:spool off|exit|quit)?;?$/i,
  /^warning: null value is eliminated by an aggregate/i,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Ctrl-Z ends files of DOS
  /^[\u0000\u001a]+$/,
  /^[-*=#\s]*(?:eof|end of (?:file|report|data|list|extract))[-*=#\s]*\.?$/i,
];

const isRowCount = (cells: readonly string[]): boolean => {
  const text = aloneIn(cells);
  return text !== undefined && rowCounts.some((pattern) => pattern.test(text));
};

/** The text of a line, if all cells but the first are blank, or if they are a number such as 1,234. */
function aloneIn(cells: readonly string[]): string | undefined {
  const [first = "", second = "", ...others] = cells;
  if (second !== "" && !(cells.length < 5 && /^\(?\d{1,3}$/.test(first))) return undefined;
  if (second !== "") return cells.join(",").trim();
  return others.every((cell) => cell.trim() === "") ? first.trim() : undefined;
}

const total = /^(?:(?:grand |sub)?totals?|count|records?|rows?|number of (?:rows|records|users|people))\b[^@]*$/i;

/** A row that begins with the word for a total, and has nothing else but a number. */
function isTotal({ cells }: CsvRow, first: CsvRow): boolean {
  const begin = cells[0]!;
  if (begin.length > 60 || first.cells.length < 3 || !total.test(begin.trim())) return false;
  const others = cells.slice(1).filter((cell) => cell.trim() !== "");
  return others.length < 2 && others.every((cell) => /^\s*\d[\d,. ]*\s*$/.test(cell));
}
