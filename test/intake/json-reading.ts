/** Reads JSON in all its parts, for the tests of JSON. */
import assert from "node:assert/strict";
import { MusterError, type ProblemCode } from "../../src/errors.ts";
import { readJsonRecords } from "../../src/intake/json.ts";
import { compileMapping, documentedMapping } from "../../src/intake/mapping.ts";
import type { FieldMapping } from "../../src/intake/mapping-schema.ts";
import type { Reading } from "../../src/intake/reading.ts";
import type { SourceRecord } from "../../src/intake/records.ts";
import { pieces } from "./support.ts";

export async function read(text: string | Uint8Array, lengths: number[] = [], fields?: FieldMapping["fields"]) {
  const mapping = fields ? compileMapping({ fields }) : documentedMapping;
  let reading: Reading | undefined;
  const onReading = (found: Reading) => {
    reading = found;
  };
  const records: SourceRecord[] = [];
  for await (const batch of readJsonRecords(pieces(Buffer.from(text as string), lengths), { mapping, onReading }))
    records.push(...batch);
  return { records, reading: reading! };
}

export async function problemOf(text: string | Uint8Array, lengths: number[] = []): Promise<MusterError> {
  const error = await read(text, lengths).then(
    ({ records }) => assert.fail(`${records.length} records were read of ${String(text).slice(0, 100)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof MusterError)) throw error;
  return error;
}

export async function assertRefused(text: string, code: ProblemCode, place: { line?: number; column?: number } = {}) {
  for (const lengths of [[], [1], [5]]) {
    const problem = await problemOf(text, lengths);
    assert.equal(problem.code, code, `${text.slice(0, 80)}: ${problem.message}`);
    assert.deepEqual({ ...problem.place, ...place }, problem.place, problem.message);
    assert.match(problem.detail, /Nothing was changed\./);
  }
}
