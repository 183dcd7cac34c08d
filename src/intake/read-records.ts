import { readCsvRecords } from "./csv-records.ts";
import { inTurns } from "./in-turns.ts";
import { readJsonRecords } from "./json.ts";
import type { FileFormat, ReadOptions } from "./reading.ts";
import type { SourceRecord } from "./records.ts";
import { refuseTooManyRows } from "./row-limit.ts";
import { readXmlRecords } from "./xml.ts";

/**
 * Reads a file in any format: the same people, groups or locations yield the same records. **Only the end of the generator says
 * that the file is whole**; until then nothing may be applied.
 *
 * @throws MusterError body_too_large for too many rows; what the reader of the format throws, and whatever `chunks` throws
 */
export async function* readRecords<Field extends string>(
  format: FileFormat,
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions<Field>,
): AsyncGenerator<SourceRecord<Field>[]> {
  for await (const records of readFormat(format, inTurns(chunks), options)) {
    refuseTooManyRows(records.at(-1)?.row ?? 0, options.mostRows);
    yield records;
  }
}

function readFormat<Field extends string>(
  format: FileFormat,
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions<Field>,
): AsyncGenerator<SourceRecord<Field>[]> {
  if (format === "xml") return readXmlRecords(chunks, options);
  return format === "csv" ? readCsvRecords(chunks, options) : readJsonRecords(chunks, options);
}
