import type { ResponseFile } from "./response-file.ts";

const resultColumns = ["Action", "Status", "Message"];
/** Rows that are written at once. */
const rowsAtOnce = 500;

/**
 * Writes a response file as CSV (RFC 4180, file formats, section 8), some rows at a time.
 * @param outcome only the rows that failed; absent: all
 */
export async function* writeResponseFile(
  { header, rows }: ResponseFile,
  outcome?: "failed",
): AsyncGenerator<string, void, undefined> {
  let text = header ? line([...header, ...resultColumns]) : "";
  let count = 0;
  for await (const row of rows) {
    if (outcome !== undefined && row.outcome !== outcome) continue;
    text += line([...row.cells, row.action, row.status, row.message]);
    count += 1;
    if (count % rowsAtOnce > 0) continue;
    yield text;
    text = "";
  }
  if (text !== "") yield text;
}

/** A line of CSV, every cell harmless in a spreadsheet. */
export const line = (cells: readonly string[]): string => `${cells.map(cell).join(",")}\r\n`;

/**
 * A cell that a spreadsheet would take for a formula gets an apostrophe in front, which intake takes away again. Phones
 * that begin with + are no formulas, and stay as they are.
 */
const formula = /^(?:[=@\t\r]|[+-](?![0-9 ().,;|x-]*(?:\|(?:home|work|cell|other))?$))/;

function cell(value: string): string {
  const harmless = formula.test(value) ? `'${value}` : value;
  return /[",\r\n]|^ | $/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
