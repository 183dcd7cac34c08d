import assert from "node:assert/strict";
import { test } from "node:test";
import { createDocumentedMapping } from "../../src/intake/documented-mapping.ts";
import { limits } from "../../src/intake/limits.ts";
import { readRecords } from "../../src/intake/read-records.ts";
import { openUserFile } from "../../src/intake/user-file.ts";

/** A document with that many empty records. */
async function* document(begin: string, record: string, end: string, count: number): AsyncGenerator<Uint8Array> {
  yield Buffer.from(begin);
  const some = 1_000;
  for (let rest = count; rest > 0; rest -= some) yield Buffer.from(record.repeat(Math.min(some, rest)));
  yield Buffer.from(end);
}

const options = { mapping: createDocumentedMapping() };
const refusal = { code: "body_too_large", detail: /more than 1,000,000 rows\. Check the export/ };
const json = (rows: number) => () => document("[", "{},", "{}]", rows - 1);
const xml = (rows: number) => () => document('<users type="array">\n', "<user></user>\n", "</users>\n", rows);

test("a file with more rows than the limit is refused", async () => {
  await assert.rejects(async () => {
    for await (const records of readRecords("json", json(limits.rows + 1)(), options)) assert.ok(records.length > 0);
  }, refusal);
  await assert.rejects(openUserFile(xml(limits.rows + 1), "xml", options), refusal);
});
