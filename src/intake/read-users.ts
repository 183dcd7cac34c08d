import { readCsvUsers } from "./csv-users.ts";
import { readJsonUsers } from "./json.ts";
import type { FileFormat, ReadOptions } from "./reading.ts";
import type { SourceRecord } from "./records.ts";
import { readXmlUsers } from "./xml.ts";

const readers = { xml: readXmlUsers, csv: readCsvUsers, json: readJsonUsers } as const;

/**
 * Reads a file of users in any format: the same people yield the same records. **Only the end of the generator says
 * that the file is whole**; until then nothing may be applied.
 *
 * Throws what the reader of the format throws, and whatever `chunks` throws.
 */
export const readUsers = (
  format: FileFormat,
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncGenerator<SourceRecord[]> => readers[format](chunks, options);
