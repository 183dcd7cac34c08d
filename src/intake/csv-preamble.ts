import { MusterError } from "../errors.ts";
import { printable } from "./printable.ts";
import { type Delimiter, delimiters, type PassedLine } from "./reading.ts";

/** How many characters of a file show what is before its first row. */
export const preambleLength = 8 * 1024;

/** The lines before the first row of CSV. */
export interface Preamble {
  /** Characters before the first row. */
  readonly length: number;
  /** 1-based line of the first row. */
  readonly line: number;
  /** The delimiter that a line `sep=;` names. */
  readonly delimiter: Delimiter | undefined;
  /** The lines that were passed over, blank ones excepted. */
  readonly passed: readonly PassedLine[];
}

/** Lines that programs write before a header: Export-Csv of PowerShell, sqlcmd, and the frame of mysql. */
const furniture: readonly RegExp[] = [
  /^"?#TYPE /i,
  /^Changed database context to /,
  /^Warning: Null value is eliminated by an aggregate/,
  /^\+-[-+]*$/,
];
/** Excel's own line. A spreadsheet may have added delimiters to it. */
const separatorLine = /^"?sep=(.)"?[,;|\t]*$/i;

/**
 * Finds the first row of a file, after the lines that Excel, PowerShell and sqlcmd write before a header (file formats,
 * section 1.3).
 * @param head the beginning of the file
 * @throws MusterError `document_structure_wrong` if `sep=` names a delimiter that Muster does not read
 */
export function readPreamble(head: string): Preamble {
  const passed: PassedLine[] = [];
  let delimiter: Delimiter | undefined;
  let length = 0;
  let line = 1;
  for (const [whole, text = ""] of head.matchAll(/([^\r\n]*)(?:\r\n|\r|\n)/g)) {
    if (text === "") {
      length += whole.length;
      line += 1;
      continue;
    }
    const separator = separatorLine.exec(text.trimEnd())?.[1] ?? separatorLine.exec(text)?.[1];
    if (separator !== undefined) delimiter = knownDelimiter(separator, line);
    else if (text.trim() !== "" && !furniture.some((pattern) => pattern.test(text))) break;
    if (text.trim() !== "") passed.push({ line, text: printable(text) });
    length += whole.length;
    line += 1;
  }
  return { length, line, delimiter, passed };
}

function knownDelimiter(separator: string, line: number): Delimiter {
  const known = delimiters.find((delimiter) => delimiter === separator);
  if (known !== undefined) return known;
  const detail = `Line ${line}: "sep=${printable(separator)}" names a delimiter that Muster does not read.`;
  const advice = "Separate the columns by a comma, a semicolon, a tab or |, and send the file again.";
  throw new MusterError("document_structure_wrong", `${detail} ${advice} Nothing was changed.`, { line });
}

/** The lines at the start of a text, without their ends; the last one may be cut. */
export const linesOf = (head: string): string[] => head.split(/\r\n|\r|\n/);
