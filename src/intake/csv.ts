import { type CsvTokenizer, createTokenizer } from "./csv-tokenizer.ts";
import { createDecoder } from "./decode.ts";
import { type CsvLimits, limits as publishedLimits } from "./limits.ts";
import type { Delimiter, Encoding, Reading, ReadOptions } from "./reading.ts";

/** A row of a CSV file. */
export interface CsvRow {
  /** 1-based line on which it begins. */
  readonly line: number;
  /** As written, but unquoted. */
  readonly cells: readonly string[];
}

/** What a CSV file turned out to be. */
export interface CsvFindings {
  readonly encoding: Encoding;
  readonly delimiter: Delimiter;
  readonly lineEnding: Reading["lineEnding"];
  /** Whether the last row has a line end. */
  readonly endsWithLine: boolean;
  /** 1-based line up to which it was read. */
  readonly line: number;
}

/** How CSV is taken apart. */
export interface CsvOptions extends Pick<ReadOptions, "encoding" | "charset"> {
  /** Or what chooses it by the first line. */
  readonly delimiter: Delimiter | ((firstLine: string) => Delimiter);
  /** Is told what was found, however the reading ends. */
  readonly onFindings?: (findings: CsvFindings) => void;
}

/** Bytes that are decoded at once, however large the chunks. */
const pieceLength = 64 * 1024;

/**
 * Takes CSV apart (RFC 4180): rows and their cells, quotation marks resolved, header row and all. Rows whose cells are
 * all blank are left out. Beyond the standard, lines may end in LF or CR, white space may stand around a quoted cell, and
 * a quotation mark in a cell that does not begin with one is a character like any other.
 *
 * Yields some rows at a time, fewer where they are long. **Only the end of the generator says that the file is
 * whole**, as far as CSV can: about the last row its reader must judge by `endsWithLine`.
 *
 * @throws MusterError csv_not_well_formed, csv_cut_off, csv_limit_exceeded, encoding_invalid, encoding_unsupported, and
 *   whatever `chunks` throws
 */
export async function* readCsvRows(
  chunks: AsyncIterable<Uint8Array>,
  options: CsvOptions,
  limits: CsvLimits = publishedLimits.csv,
): AsyncGenerator<CsvRow[]> {
  const { encoding, charset, delimiter, onFindings } = options;
  let tokenizer: CsvTokenizer | undefined;
  const decoder = createDecoder(() => tokenizer?.line() ?? 1, { pinned: encoding, charset, xml: false });
  /** The text, until it shows its first line. */
  let head = "";
  const write = (text: string, isLast: boolean): void => {
    if (tokenizer !== undefined) {
      tokenizer.write(text);
      return;
    }
    head += text;
    const end = /[\r\n]/.exec(head.trimStart())?.index;
    if (end === undefined && head.length < pieceLength && !isLast) return;
    const chosen = typeof delimiter === "function" ? delimiter(head.trimStart().slice(0, end)) : delimiter;
    tokenizer = createTokenizer(chosen, limits);
    tokenizer.write(head);
  };
  try {
    for await (const chunk of chunks) {
      for (let start = 0; start < chunk.length; start += pieceLength) {
        write(decoder.write(chunk.subarray(start, start + pieceLength)), false);
        if (tokenizer) yield* tokenizer.take(false);
      }
    }
    const { text, complete } = decoder.end();
    write(text, true);
    tokenizer!.end(complete);
    yield* tokenizer!.take(true);
  } finally {
    if (tokenizer) onFindings?.({ ...tokenizer.findings(), encoding: decoder.encoding });
  }
}
