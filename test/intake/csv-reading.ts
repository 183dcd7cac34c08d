/** Reads CSV in all its parts, for the tests of CSV. */
import assert from "node:assert/strict";
import { MusterError, type ProblemCode } from "../../src/errors.ts";
import { readCsvRecords } from "../../src/intake/csv-records.ts";
import { compileMapping, documentedMapping } from "../../src/intake/mapping.ts";
import type { FieldMapping } from "../../src/intake/mapping-schema.ts";
import type { Reading, ReadOptions } from "../../src/intake/reading.ts";
import type { SourceRecord } from "../../src/intake/records.ts";
import { pieces } from "./support.ts";

export type Options = Partial<ReadOptions> & { lengths?: number[]; fields?: FieldMapping["fields"] };

export async function read(text: string | Buffer, { lengths = [], fields, ...options }: Options = {}) {
  const mapping = fields ? compileMapping({ fields }) : documentedMapping;
  let reading: Reading | undefined;
  const onReading = (found: Reading) => {
    reading = found;
  };
  const records: SourceRecord[] = [];
  const chunks = pieces(Buffer.from(text), lengths);
  for await (const batch of readCsvRecords(chunks, { mapping, ...options, onReading })) records.push(...batch);
  return { records, reading: reading! };
}

export async function problemOf(text: string | Buffer, options: Options = {}): Promise<MusterError> {
  const error = await read(text, options).then(
    ({ records }) =>
      assert.fail(`${records.length} records were read of ${JSON.stringify(String(text)).slice(0, 200)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof MusterError)) throw error;
  return error;
}

export async function assertRefused(text: string | Buffer, code: ProblemCode, line?: number, options: Options = {}) {
  for (const lengths of [[], [1], [5]]) {
    const problem = await problemOf(text, { ...options, lengths });
    assert.equal(problem.code, code, problem.message);
    if (line !== undefined) assert.equal(problem.place.line, line, problem.message);
    assert.match(problem.detail, /Nothing was changed\./);
  }
}
