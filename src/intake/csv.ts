import type { CsvFindings, CsvRow } from "./csv-findings.ts";
import { preambleLength, readPreamble } from "./csv-preamble.ts";
import { type CsvTokenizer, createTokenizer } from "./csv-tokenizer.ts";
import { damageOf } from "./damage.ts";
import { createDecoder, foundEncoding } from "./decode.ts";
import { textInTurns } from "./in-turns.ts";
import { type CsvLimits, limits as publishedLimits } from "./limits.ts";
import type { Delimiter, Encoding, PassedLine, ReadOptions } from "./reading.ts";

/** The options for splitting CSV into cells. */
export interface CsvOptions extends Pick<ReadOptions, "encoding" | "charset"> {
  /** Or what chooses it by the beginning of the file. A line `sep=;` wins over both. */
  readonly delimiter: Delimiter | ((head: string, line: number) => Delimiter);
  /** Called with the findings at the end of the reading, also after an error. */
  readonly onFindings?: (findings: CsvFindings) => void;
}

/** Bytes that are decoded at once, however large the chunks. */
const pieceLength = 64 * 1024;

/**
 * Takes CSV apart (RFC 4180): rows and their cells, quotation marks resolved, header row and all. Rows whose cells are
 * all blank are left out, and so are lines such as `sep=;` before the first row. Beyond the standard,
 *
 * - lines may end in LF or CR;
 * - a quoted cell may have white space around it;
 * - a quotation mark in a cell that does not begin with one is an ordinary character;
 * - NUL characters at the end of a cell are padding.
 *
 * Yields some rows at a time, fewer where they are long. **Only the end of the generator says that the file is
 * whole**, as far as CSV can: about a last row that is open its reader must judge.
 *
 * @throws MusterError csv_not_well_formed, csv_cut_off, csv_limit_exceeded, document_structure_wrong, encoding_invalid,
 *   encoding_unsupported, and whatever `chunks` and `delimiter` throw
 */
export async function* readCsvRows(
  chunks: AsyncIterable<Uint8Array>,
  options: CsvOptions,
  limits: CsvLimits = publishedLimits.csv,
): AsyncGenerator<CsvRow[]> {
  const { encoding, charset } = options;
  const text = createHead(options, limits);
  const decoder = createDecoder(text.line, { pinned: encoding, charset, xml: false });
  const rows = function* (isLast: boolean): Generator<CsvRow[]> {
    for (const read of text.take(isLast))
      yield decoder.isDamaged ? read.map((row) => repaired(row, decoder.encoding)) : read;
  };
  try {
    for await (const chunk of chunks) {
      for (let start = 0; start < chunk.length; start += pieceLength) {
        for await (const piece of textInTurns(decoder.write(chunk.subarray(start, start + pieceLength)))) {
          text.write(piece, false);
          yield* rows(false);
        }
      }
    }
    const end = decoder.end();
    for await (const piece of textInTurns(end.text)) {
      text.write(piece, false);
      yield* rows(false);
    }
    text.write("", true);
    yield* rows(true);
    text.end(end.complete, end.isMarked);
    yield* rows(true);
  } finally {
    const found = text.findings();
    if (found) options.onFindings?.({ ...found, ...foundEncoding(decoder) });
  }
}

/** The text of a file, collected until it shows what is before its first row, and then taken apart. */
function createHead({ delimiter }: CsvOptions, limits: CsvLimits) {
  let tokenizer: CsvTokenizer | undefined;
  let head = "";
  let passed: readonly PassedLine[] = [];
  return {
    line: () => tokenizer?.line() ?? 1,
    write(text: string, isLast: boolean): void {
      if (tokenizer !== undefined) {
        tokenizer.write(text);
        return;
      }
      head += text;
      if (head.length < preambleLength && !isLast) return;
      // Files that were joined have a byte order mark more.
      head = head.replace(/^\ufeff+/, "");
      const { length, line, ...preamble } = readPreamble(head);
      passed = preamble.passed;
      const rest = head.slice(length);
      const choose = () => (typeof delimiter === "function" ? delimiter(rest, line) : delimiter);
      tokenizer = createTokenizer(preamble.delimiter ?? choose(), limits, line);
      tokenizer.write(rest);
      head = "";
    },
    end(complete: boolean, isMarked: boolean): void {
      tokenizer!.end(complete, isMarked);
    },
    *take(all: boolean): Generator<CsvRow[]> {
      if (tokenizer) yield* tokenizer.take(all);
    },
    findings: () => tokenizer && { ...tokenizer.findings(), passed },
  };
}

/** A row in which U+FFFD replaces the bytes that are not in the encoding. */
function repaired(row: CsvRow, encoding: Encoding): CsvRow {
  let damage: string | undefined;
  const cells = row.cells.map((cell) => {
    const found = damageOf(cell, encoding);
    damage ??= found?.what;
    return found?.text ?? cell;
  });
  return damage === undefined ? row : { ...row, cells, damage };
}
