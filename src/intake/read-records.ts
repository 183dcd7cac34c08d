import { readCsvRecords } from "./csv-records.ts";
import { readJsonRecords } from "./json.ts";
import type { FileFormat, ReadOptions } from "./reading.ts";
import type { SourceRecord } from "./records.ts";
import { readXmlRecords } from "./xml.ts";

/**
 * Reads a file in any format: the same people, groups or locations yield the same records. **Only the end of the generator says
 * that the file is whole**; until then nothing may be applied.
 *
 * Throws what the reader of the format throws, and whatever `chunks` throws.
 */
export function readRecords<Field extends string>(
  format: FileFormat,
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions<Field>,
): AsyncGenerator<SourceRecord<Field>[]> {
  if (format === "xml") return readXmlRecords(chunks, options);
  return format === "csv" ? readCsvRecords(chunks, options) : readJsonRecords(chunks, options);
}
