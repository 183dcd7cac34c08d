import type { Delimiter, Encoding, PassedLine, Reading } from "./reading.ts";

/** A row of a CSV file. */
export interface CsvRow {
  /** 1-based line on which it begins. */
  readonly line: number;
  /** As written, but unquoted. */
  readonly cells: readonly string[];
  /** The file ends in it without a line end. */
  readonly isOpen?: boolean;
  /** A byte that is not in the encoding of the file, as `damageOf` tells it. Its cell has U+FFFD there. */
  readonly damage?: string;
}

/** The properties of a CSV file that its reader found. */
export interface CsvFindings {
  readonly encoding: Encoding;
  /** The encoding that the sender names, if the bytes show UTF-8. */
  readonly encodingDeclared?: Encoding | undefined;
  readonly delimiter: Delimiter;
  readonly lineEnding: Reading["lineEnding"];
  /** Lines before the first row that were passed over. */
  readonly passed: readonly PassedLine[];
}
