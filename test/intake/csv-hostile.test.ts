import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { MusterError, type ProblemCode } from "../../src/errors.ts";
import { readCsvRecords } from "../../src/intake/csv-records.ts";
import { documentedMapping } from "../../src/intake/mapping.ts";
import { heapInUse } from "../support/heap.ts";
import { assertRefused, problemOf, read } from "./csv-reading.ts";
import { property } from "./support.ts";

describe("a file of CSV that is cut off", () => {
  const whole = 'email,firstName,databaseID\n"a,1@x.edu",Ann,001\nb@x.edu,"Bo ""B""",002\n';

  test("is refused wherever that can be told, and never gives a row that was not complete", async () => {
    const bytes = Buffer.from(whole);
    const { records: all } = await read(whole);
    for (let length = 0; length < bytes.length; length += 1) {
      const text = bytes.subarray(0, length);
      const result = await read(text).catch((error: unknown) => error as MusterError);
      if (result instanceof MusterError) continue;
      // It cannot be told when the cut lies between two rows, or within the last cell of a row.
      const lastLine = String(text).split("\n").at(-1)!;
      const isWholeRow = lastLine === "" || /^(?:"a,1@x\.edu",Ann|b@x\.edu,"Bo ""B"""),0*\d?$/.test(lastLine);
      assert.ok(isWholeRow, `${length}: ${JSON.stringify(lastLine)}`);
      const complete = result.records.slice(0, lastLine === "" ? undefined : -1);
      assert.deepEqual(complete, all.slice(0, complete.length));
    }
  });

  test("says where, and after how many people", async () => {
    const problem = await problemOf("email,firstName,databaseID\na@x.edu,Ann,1\nb@x.edu,B");
    assert.equal(problem.code, "csv_cut_off");
    assert.match(problem.detail, /line 3, in column 2 of 3, .* after 1 complete person:/);
    await assertRefused('email,firstName\na,"b\nc,d\n', "csv_cut_off", 2);
    assert.match((await problemOf('email,firstName\na,"b\nc,d\n')).detail, /not meant to quote and must be doubled/);
  });

  test("a short row with a line end, or one before others, is not a sign of it", async () => {
    assert.deepEqual((await read("email,firstName,phone\na,b\n")).records[0]?.values, { email: "a", firstName: "b" });
    assert.equal((await read("email,firstName,phone\na,b\nc,d,e")).records.length, 2);
  });

  test("one without anybody is refused", async () => {
    await assertRefused("", "document_empty");
    await assertRefused(" \r\n\t\n", "document_empty");
    await assertRefused("email,firstName\n\n", "document_empty");
  });
});

describe("hostile CSV", () => {
  test("text after a closing quotation mark is refused with its place", async () => {
    await assertRefused('email,firstName\n"a"b,c\n', "csv_not_well_formed", 2);
    assert.equal((await problemOf('email,firstName\n"a"b,c\n')).place.column, 4);
    await assertRefused('email,firstName\nx,y\n"a\nb" "c",d\n', "csv_not_well_formed", 4);
  });

  test("a cell, a row and columns beyond their limits are refused while they come", async () => {
    await assertRefusedEarly('email,firstName\na,"', "x", "csv_limit_exceeded");
    await assertRefusedEarly("email,firstName\na,", "x", "csv_limit_exceeded");
    await assertRefusedEarly("email,firstName\n", ",", "csv_limit_exceeded");
    await assertRefusedEarly("email,firstName\n", "abcdefgh,", "csv_limit_exceeded");
  });

  test("NUL and control characters come through, for the row to fail", async () => {
    const { records } = await read("email,firstName\na\u0000b,c\u0007d\n");
    assert.deepEqual(records[0]?.values, { email: "a\u0000b", firstName: "c\u0007d" });
  });

  test("bytes of no encoding never give anything but a problem", async () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    const header = fc.constantFrom("", "email,firstName\n", "\ufeffemail;firstName\r\n");
    await fc.assert(
      fc.asyncProperty(
        header,
        bytes,
        fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 3 }),
        async (head, rest, lengths) => {
          const result = await read(Buffer.concat([Buffer.from(head), rest]), { lengths }).catch(
            (error: unknown) => error,
          );
          assert.ok(result instanceof MusterError || (result as { records: unknown[] }).records.length > 0);
        },
      ),
      property(2_000),
    );
  });
});

/** Feeds more and more of the same; it must be refused before a few times the limit. */
async function assertRefusedEarly(start: string, more: string, code: ProblemCode): Promise<void> {
  let fed = 0;
  const chunks = async function* () {
    yield Buffer.from(start);
    for (const chunk = Buffer.from(more.repeat(10_000)); ; fed += chunk.length) yield chunk;
  };
  await assert.rejects(
    async () => {
      for await (const _ of readCsvRecords(chunks(), { mapping: documentedMapping }));
    },
    (error) => error instanceof MusterError && error.code === code,
  );
  assert.ok(fed < 3_000_000, String(fed));
}

test("memory stays flat however long the file is", async () => {
  const rows = Buffer.from("Jane,Doe,jane.doe@example.edu,jdoe,2125550123||3|1|cell,G1;G2;G3,000123\n".repeat(1_000));
  const chunks = async function* () {
    for (let index = 0; index < 400; index += 1) yield rows;
  };
  const heap: number[] = [];
  let count = 0;
  for await (const batch of readCsvRecords(chunks(), { mapping: documentedMapping })) {
    count += batch.length;
    if (count >= (heap.length + 1) * 80_000) heap.push(heapInUse());
  }
  assert.equal(count, 400_000);
  assert.equal(heap.length, 5);
  assert.ok(heap.at(-1)! - heap[0]! < 2_000_000, `heap after collection: ${heap.join(", ")}`);
});
