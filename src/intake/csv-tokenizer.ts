import { MusterError, type ProblemCode } from "../errors.ts";
import type { CsvFindings, CsvRow } from "./csv-findings.ts";
import type { CsvLimits } from "./limits.ts";
import { printable } from "./printable.ts";
import type { Delimiter } from "./reading.ts";
import { batchRows } from "./records.ts";
import { counted } from "./xml-parser.ts";

const correct = "Correct the export and send the whole file again. Nothing was changed.";

/** Takes the text of a CSV file apart, piece by piece. */
export interface CsvTokenizer {
  /** 1-based line up to which it was read. */
  line(): number;
  write(text: string): void;
  /**
   * @param complete false: the file ends within a character
   * @param isMarked a Ctrl-Z says that the file is whole
   */
  end(complete: boolean, isMarked: boolean): void;
  /** The rows that were read; only full batches unless `all` is set. */
  take(all: boolean): Generator<CsvRow[]>;
  findings(): Pick<CsvFindings, "delimiter" | "lineEnding">;
}

/** The state of the tokenizer: in a cell without quotation marks, within them, or after a mark that may close it. */
type State = "plain" | "quoted" | "closing" | "closed";

class Tokenizer implements CsvTokenizer {
  readonly #delimiter: Delimiter;
  readonly #limits: CsvLimits;
  /** Matches the end of a run of plain characters. */
  readonly #special: RegExp;
  #state: State = "plain";
  #cell = "";
  #cells: string[] = [];
  #rows: CsvRow[] = [];
  /** Characters of the rows that wait to be taken. */
  #waiting = 0;
  #line: number;
  #rowLine: number;
  /** Position of the piece, of the row and of the line in the file, in characters. */
  #offset = 0;
  #rowStart = 0;
  #lineStart = 0;
  /** The position of the open quotation mark. */
  #quote = { line: 1, column: 1 };
  /** The last character was a CR, so that an LF belongs to it. */
  #afterReturn = false;
  readonly #endings = new Set<"LF" | "CRLF" | "CR">();
  /** True if the text has NUL characters. */
  #hasNul = false;

  constructor(delimiter: Delimiter, limits: CsvLimits, line: number) {
    this.#line = line;
    this.#rowLine = line;
    this.#delimiter = delimiter;
    this.#limits = limits;
    this.#special = new RegExp(`["\\r\\n${delimiter === "|" ? "\\|" : delimiter}]`, "g");
  }

  line(): number {
    return this.#line;
  }

  findings(): Pick<CsvFindings, "delimiter" | "lineEnding"> {
    if (this.#afterReturn) this.#endings.add("CR");
    const [first] = this.#endings;
    return { delimiter: this.#delimiter, lineEnding: this.#endings.size > 1 ? "mixed" : first };
  }

  *take(all: boolean): Generator<CsvRow[]> {
    if (this.#rows.length === 0) return;
    if (!all && this.#rows.length < batchRows && this.#waiting < this.#limits.rowLength) return;
    for (let first = 0; first < this.#rows.length; first += batchRows) {
      yield this.#rows.slice(first, first + batchRows);
    }
    this.#rows = [];
    this.#waiting = 0;
  }

  write(text: string): void {
    let position = 0;
    this.#hasNul ||= text.includes("\0");
    while (position < text.length) {
      if (this.#state === "plain") position = this.#readPlain(text, position);
      else if (this.#state === "quoted") position = this.#readQuoted(text, position);
      else position = this.#readClosed(text, position);
    }
    this.#offset += text.length;
    this.#checkLengths(this.#offset);
  }

  end(complete: boolean, isMarked: boolean): void {
    if (this.#state === "quoted") {
      const { line, column } = this.#quote;
      const detail = `The quotation mark in line ${counted(line)}, column ${counted(column)}, is not closed. Either the file was cut off, or the mark is not meant to quote and must be doubled (""). ${correct}`;
      throw new MusterError("csv_cut_off", detail, this.#quote);
    }
    if (!complete) {
      const detail = `The file ends within a character, in line ${counted(this.#line)}: it was cut off. ${correct}`;
      throw new MusterError("csv_cut_off", detail, { line: this.#line });
    }
    const isRowOpen = this.#cells.length > 0 || this.#cell !== "" || this.#state !== "plain";
    if (isRowOpen) this.#endRow(this.#offset, !isMarked);
  }

  #readPlain(text: string, from: number): number {
    if (text[from] === "\n" && this.#cell === "" && this.#cells.length === 0 && !this.#afterReturn) {
      return this.#passBlankLines(text, from);
    }
    this.#special.lastIndex = from;
    const found = this.#special.exec(text)?.index ?? text.length;
    if (found > from) {
      this.#passReturn();
      this.#cell += text.slice(from, found);
    }
    if (found === text.length) return found;
    if (text[found] !== '"') return this.#endCell(text, found);
    this.#passReturn();
    if (this.#cell.trim() === "") {
      this.#quote = { line: this.#line, column: this.#offset + found - this.#lineStart + 1 };
      this.#cell = "";
      this.#state = "quoted";
    } else {
      this.#cell += '"';
    }
    return found + 1;
  }

  /** Passes over lines that have no character, which there may be many of. */
  #passBlankLines(text: string, from: number): number {
    let position = from;
    while (text[position] === "\n") position += 1;
    this.#endings.add("LF");
    this.#line += position - from;
    this.#rowLine = this.#line;
    this.#lineStart = this.#offset + position;
    this.#rowStart = this.#lineStart;
    return position;
  }

  #readQuoted(text: string, from: number): number {
    const found = text.indexOf('"', from);
    const end = found < 0 ? text.length : found;
    this.#countLines(text, from, end);
    this.#cell += text.slice(from, end);
    if (this.#cell.length > this.#limits.cellLength) this.#refuseCell();
    if (found < 0) return end;
    this.#afterReturn = false;
    this.#state = "closing";
    return end + 1;
  }

  #readClosed(text: string, from: number): number {
    const character = text[from]!;
    if (character === '"' && this.#state === "closing") {
      this.#cell += '"';
      this.#state = "quoted";
      return from + 1;
    }
    if (character === this.#delimiter || character === "\r" || character === "\n") return this.#endCell(text, from);
    if (character !== " " && character !== "\t") {
      const column = this.#offset + from - this.#lineStart + 1;
      const where = `Line ${counted(this.#line)}, column ${counted(column)}`;
      const blank = this.#state === "closed" ? " " : "";
      const quotedText = `"${printable(this.#cell.slice(-20))}"${blank}${printable(text.slice(from), 20)}`;
      const backslash = this.#cell.endsWith("\\") ? " A backslash before it does not help." : "";
      const detail = `${where}: a cell has more text after its closing quotation mark: ${quotedText}. Double each quotation mark inside a cell ("").${backslash} ${correct}`;
      throw new MusterError("csv_not_well_formed", detail, { line: this.#line, column });
    }
    this.#state = "closed";
    return from + 1;
  }

  /** Ends the cell before a delimiter or a line end. */
  #endCell(text: string, at: number): number {
    const character = text[at];
    if (character === "\n" && this.#afterReturn) {
      // the second half of CRLF; the row has ended
      this.#afterReturn = false;
      this.#endings.add("CRLF");
      this.#lineStart = this.#offset + at + 1;
      this.#rowStart = this.#lineStart;
      return at + 1;
    }
    this.#passReturn();
    if (character === this.#delimiter) {
      this.#addCell();
      return at + 1;
    }
    this.#endRow(this.#offset + at);
    this.#line += 1;
    this.#rowLine = this.#line;
    this.#lineStart = this.#offset + at + 1;
    this.#rowStart = this.#lineStart;
    if (character === "\r") this.#afterReturn = true;
    else this.#endings.add("LF");
    return at + 1;
  }

  /** A CR that no LF follows is a line end of its own. */
  #passReturn(): void {
    if (!this.#afterReturn) return;
    this.#afterReturn = false;
    this.#endings.add("CR");
  }

  #addCell(): void {
    if (this.#cell.length > this.#limits.cellLength) this.#refuseCell();
    if (this.#cells.length === this.#limits.columns) {
      const detail = `Line ${counted(this.#rowLine)} has more than ${counted(this.#limits.columns)} columns. ${correct}`;
      throw new MusterError("csv_limit_exceeded", detail, { line: this.#rowLine });
    }
    this.#cells.push(this.#hasNul ? withoutPadding(this.#cell) : this.#cell);
    this.#cell = "";
    this.#state = "plain";
  }

  #endRow(position: number, isOpen = false): void {
    this.#addCell();
    this.#checkLengths(position);
    if (this.#cells.some((cell) => cell.trim() !== "")) {
      this.#rows.push(
        isOpen ? { line: this.#rowLine, cells: this.#cells, isOpen } : { line: this.#rowLine, cells: this.#cells },
      );
      this.#waiting += position - this.#rowStart;
    }
    this.#cells = [];
  }

  /** Counts the line ends within a quoted cell. */
  #countLines(text: string, from: number, to: number): void {
    for (let position = from; position < to; position += 1) {
      const code = text.charCodeAt(position);
      if (code === 0x0a && this.#afterReturn) this.#lineStart = this.#offset + position + 1;
      else if (code === 0x0a || code === 0x0d) {
        this.#line += 1;
        this.#lineStart = this.#offset + position + 1;
      }
      this.#afterReturn = code === 0x0d;
    }
  }

  #checkLengths(position: number): void {
    if (this.#cell.length > this.#limits.cellLength) this.#refuseCell();
    if (position - this.#rowStart <= this.#limits.rowLength) return;
    const detail = `The row that begins in line ${counted(this.#rowLine)} is over the limit of ${counted(this.#limits.rowLength)} characters. ${correct}`;
    throw new MusterError("csv_limit_exceeded", detail, { line: this.#rowLine });
  }

  #refuseCell(): never {
    const isQuoted = this.#state === "quoted";
    const line = isQuoted ? this.#quote.line : this.#rowLine;
    const what = isQuoted ? "The cell whose quotation mark opens" : "A cell of the row that begins";
    const advice = isQuoted ? "Perhaps the mark is not meant to quote and must be doubled." : "";
    const detail = `${what} in line ${counted(line)} is over the limit of ${counted(this.#limits.cellLength)} characters. ${advice} ${correct}`;
    throw new MusterError("csv_limit_exceeded" satisfies ProblemCode, detail.replace("  ", " "), { line });
  }
}

/** A cell without the NUL characters that bcp and columns of fixed width fill it with. */
function withoutPadding(cell: string): string {
  let length = cell.length;
  while (length > 0 && cell[length - 1] === "\0") length -= 1;
  return cell.slice(0, length);
}

/**
 * Makes a tokenizer for one file.
 * @param line 1-based line on which its text begins
 */
export const createTokenizer = (delimiter: Delimiter, limits: CsvLimits, line: number): CsvTokenizer =>
  new Tokenizer(delimiter, limits, line);
