/** Reads CSV as senders write it, in all its parts. */
import assert from "node:assert/strict";
import { MusterError } from "../../src/errors.ts";
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
  for await (const batch of readCsvRecords(pieces(Buffer.from(text), lengths), { mapping, ...options, onReading })) {
    records.push(...batch);
  }
  return { records, reading: reading! };
}

/** Asserts what is read of a file, whole and byte by byte. */
export async function assertRead(
  text: string | Buffer,
  values: readonly SourceRecord["values"][],
  passedOver: readonly string[] = [],
  options: Options = {},
) {
  for (const lengths of [[], [1], [7]]) {
    const { records, reading } = await read(text, { ...options, lengths });
    assert.deepEqual(
      records.map((record) => record.failure ?? record.values),
      values,
    );
    assert.deepEqual(reading.passedOver?.map((line) => line.text) ?? [], passedOver);
  }
}

export async function assertRefused(text: string, detail: RegExp, options: Options = {}) {
  for (const lengths of [[], [1]]) {
    await assert.rejects(read(text, { ...options, lengths }), (error) => {
      assert.ok(error instanceof MusterError, String(error));
      assert.match(error.detail, detail);
      assert.match(error.detail, /Nothing was changed\.$/);
      return error.code === "document_structure_wrong";
    });
  }
}
