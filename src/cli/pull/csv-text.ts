import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Cell } from "./tables.ts";

/** Ends a row (RFC 4180). */
const rowEnd = "\r\n";

/** A row of CSV without its end. Null is an empty cell. */
export const writeRow = (cells: readonly Cell[]): string => cells.map(writeCell).join(",");

function writeCell(cell: Cell): string {
  const text = cell === null ? "" : String(cell);
  return /[",\r\n]|^ | $/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The cells of a row that `writeRow` wrote. */
export function readRow(row: string): string[] {
  return [...`,${row}`.matchAll(/,(?:"([^"]*(?:""[^"]*)*)"|([^,]*))/g)].map(([, quoted, bare]) =>
    quoted === undefined ? bare! : quoted.replaceAll('""', '"'),
  );
}

/** The first cell of a row. */
export function firstCell(row: string): string {
  if (row.startsWith('"')) return readRow(row)[0]!;
  const end = row.indexOf(",");
  return end === -1 ? row : row.slice(0, end);
}

const bufferedCharacters = 256 * 1024;

/** The rows of a file that `openCsv` wrote, without the header. */
export async function* readRows(path: string): AsyncGenerator<string, void, undefined> {
  let rest = "";
  let isHeader = true;
  for await (const chunk of createReadStream(path, { encoding: "utf8", highWaterMark: bufferedCharacters })) {
    rest += chunk;
    let start = 0;
    for (let end = rest.indexOf(rowEnd); end !== -1; end = rest.indexOf(rowEnd, end + rowEnd.length)) {
      const row = rest.slice(start, end);
      if (!isWhole(row)) continue;
      start = end + rowEnd.length;
      if (!isHeader) yield row;
      isHeader = false;
    }
    rest = rest.slice(start);
  }
}

/** A line break in quotation marks does not end a row. */
const isWhole = (row: string) => !row.includes('"') || row.split('"').length % 2 === 1;

/** A file that was written. */
export interface WrittenFile {
  readonly sha256: string;
  /** Number of rows, without the header. */
  readonly rows: number;
}

/** Writes a file of CSV. */
export interface CsvWriter {
  /** @returns a promise when the caller has to wait before the next row */
  write(row: string): Promise<void> | undefined;
  /** Resolves when everything is on the disk. */
  finish(): Promise<WrittenFile>;
  abandon(): Promise<void>;
}

/**
 * Begins a file with its header.
 * @param mode permissions of the file; the umask does not change them
 */
export async function openCsv(path: string, header: readonly string[], mode: number): Promise<CsvWriter> {
  const file = await open(path, "w", 0o600);
  await file.chmod(mode);
  const hash = createHash("sha256");
  let text = `${writeRow(header)}${rowEnd}`;
  let rows = 0;
  const flush = async () => {
    const bytes = Buffer.from(text);
    text = "";
    hash.update(bytes);
    await file.writeFile(bytes);
  };
  return {
    write: (row) => {
      text += row + rowEnd;
      rows += 1;
      return text.length < bufferedCharacters ? undefined : flush();
    },
    finish: async () => {
      await flush();
      await file.sync();
      await file.close();
      return { sha256: hash.digest("hex"), rows };
    },
    abandon: () => file.close(),
  };
}
