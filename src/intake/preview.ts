import { MusterError, type ProblemPlace, rowIssues } from "../errors.ts";
import { chooseFormat } from "./detect.ts";
import { normalizeUser } from "./normalize-user.ts";
import { readRecords } from "./read-records.ts";
import type { FileFormat, Reading, ReadOptions } from "./reading.ts";
import type { NormalizationRules, SourceRecord, UserRow } from "./records.ts";

/** A row as it would be read. */
export interface PreviewRow {
  readonly row: number;
  readonly line: number;
  /** The fields as the mapping gives them. */
  readonly fields: SourceRecord["values"];
  /** The normalized values: separate e-mails, phones and groups. */
  readonly values: Omit<UserRow, "row" | "line" | "issues" | "failure">;
  readonly failed: boolean;
  readonly issues: readonly { readonly code: string; readonly field: string | null; readonly message: string }[];
}

/** The reading of a sample. */
export interface Preview {
  readonly reading: Reading | null;
  readonly rows: readonly PreviewRow[];
  /** Why the file would be refused, as far as it was read. */
  readonly problem:
    | (Pick<ProblemPlace, "line" | "column" | "field"> & { readonly code: string; readonly detail: string })
    | null;
}

/** Bytes of a sample that are looked at, at most. */
const sampleBytes = 2 * 1024 * 1024;

/**
 * Reads the first rows of a sample, and changes nothing. A sample may end anywhere after them.
 * @param format what the sender says; undefined: told by the content
 * @throws whatever `chunks` throws
 */
export async function previewFile(
  chunks: AsyncIterable<Uint8Array>,
  format: FileFormat | undefined,
  options: ReadOptions,
  { rules, limit }: { readonly rules: NormalizationRules; readonly limit: number },
): Promise<Preview> {
  const sample = await firstBytes(chunks);
  const known = chooseFormat(sample, { format, pinned: options.encoding, charset: options.charset });
  const rows: PreviewRow[] = [];
  let reading: Reading | null = null;
  const onReading = (found: Reading) => {
    reading = found;
  };
  try {
    for await (const records of readRecords(known, inPieces(sample), { ...options, onReading })) {
      for (const record of records.slice(0, limit - rows.length)) rows.push(previewOf(record, rules));
      if (rows.length === limit) break;
    }
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    const { code, detail, place } = error;
    const { line, column, field } = place;
    const where = Object.fromEntries(
      Object.entries({ line, column, field }).filter(([, value]) => value !== undefined),
    );
    return { reading, rows, problem: { code, detail, ...where } };
  }
  return { reading, rows, problem: null };
}

async function firstBytes(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const held: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    held.push(chunk);
    bytes += chunk.length;
    if (bytes >= sampleBytes) break;
  }
  return Buffer.concat(held).subarray(0, sampleBytes);
}

/** So small that the first rows are there before the end of the sample is. */
const pieceBytes = 4 * 1024;

async function* inPieces(sample: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < sample.length; start += pieceBytes) yield sample.subarray(start, start + pieceBytes);
}

function previewOf(record: SourceRecord, rules: NormalizationRules): PreviewRow {
  const { row, line, issues, failure, ...values } = normalizeUser(record, rules);
  return {
    row,
    line,
    fields: record.values,
    values,
    failed: failure !== undefined,
    issues: [...(failure ? [failure] : []), ...issues].map(({ code, field, details }) => ({
      code,
      field: field ?? null,
      message: rowIssues[code].message(details),
    })),
  };
}
