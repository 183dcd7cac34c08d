import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { MusterError } from "../../src/errors.ts";
import { readJsonRecords } from "../../src/intake/json.ts";
import { documentedMapping } from "../../src/intake/mapping.ts";
import { assertRefused, problemOf, read } from "./json-reading.ts";
import { property } from "./support.ts";

describe("JSON that is refused", () => {
  test("for being an answer that says what went wrong, which the message quotes", async () => {
    const problem = await problemOf('{"error":"invalid_token","error_description":"expired\\n"}\n');
    assert.equal(problem.code, "document_root_wrong");
    assert.match(
      problem.detail,
      /no member "users" with the list of people\. Its members are: error, error_description\. It looks like an error message: "\{"error":"invalid_token"/,
    );
    assert.match((await problemOf('{"data":[{"email":"a@x"}]}')).detail, /Its members are: data\. Correct the export/);
  });

  test("for its shape, with the place", async () => {
    for (const text of ["1", '"x"', "null", "true", '{"user":[]}', "{}"])
      await assertRefused(text, "document_root_wrong");
    for (const text of [
      "[1]",
      "[[]]",
      '{"users":{}}',
      '{"users":"x"}',
      '{"users":[null]}',
      '{"users":[{}],"Users":[{}]}',
    ]) {
      await assertRefused(text, "document_structure_wrong");
    }
    await assertRefused('[{"email":"a"},\n {"email":"a","EMAIL":"b"}]', "document_structure_wrong", {
      line: 2,
      column: 15,
    });
    await assertRefused('[{"email":null,"email":"b"}]', "document_structure_wrong");
    for (const text of ["", " \n", "[]", '{"users":[]}']) await assertRefused(text, "document_empty");
  });

  test("because it is no JSON", async () => {
    const texts = [
      '[{"email":"a",}]',
      '[{"email":"a"},]',
      "[,]",
      '[{"email" "a"}]',
      "[{email:1}]",
      "[{'email':'a'}]",
      "[{]}",
      "[}",
      '[{"email":"a"}]]',
      '[{"email":"a"}] x',
      "[{}][{}]",
      '[{"email":NaN}]',
      '[{"email":01}]',
      '[{"email":"\t"}]',
      '[{"email":"\\x"}]',
      '[{"email":"\\u12g4"}]',
      "[{}/* c */]",
      '[{"a":1 2}]',
      "[{:1}]",
      '[{"a":}]',
      '[{"a":,"b":1}]',
    ];
    for (const text of texts) await assertRefused(text, "json_not_well_formed");
    await assertRefused('[\n{"email":"a"},\n{"email" "b"}]', "json_not_well_formed", { line: 3 });
  });

  test("because it was cut off: at every byte, with what came before", async () => {
    const whole = Buffer.from(
      '{"users":[{"email":"a@x","phone":["1","ö"]},\n{"databaseID":"2","showAllGroups":true}]}',
    );
    for (let length = 1; length < whole.length; length += 1) {
      const problem = await problemOf(whole.subarray(0, length));
      assert.equal(problem.code, "json_cut_off", `${length}: ${problem.message}`);
    }
    assert.match((await problemOf('[{"email":"a"},\n{"em')).detail, /^Line 2, column 5: .*after 1 complete person/);
  });
});

describe("hostile JSON", () => {
  const refusedEarly: readonly [string, string, string][] = [
    ["deep arrays", '{"x":', "["],
    ["deep objects", "[", '{"a":'],
    ["a long string", '[{"x":"', "a"],
    ["a long name", '[{"', "a"],
    ["a long number", '[{"x":', "1"],
    ["white space", "[", " "],
    ["many members", "[{", '"x":1,'],
    ["a long list", '[{"email":[', '"aaaa",'],
    ["a long list that is skipped", '[{"x":[', '"aaaa",'],
  ];
  for (const [name, start, more] of refusedEarly) {
    test(`${name} without end is refused early`, async () => {
      let fed = 0;
      const chunks = async function* () {
        yield Buffer.from(start);
        for (const chunk = Buffer.from(more.repeat(5_000)); ; fed += chunk.length) yield chunk;
      };
      await assert.rejects(
        async () => {
          for await (const _ of readJsonRecords(chunks(), { mapping: documentedMapping }));
        },
        (error) => error instanceof MusterError && error.code === "json_limit_exceeded",
      );
      assert.ok(fed < 8_000_000, String(fed));
    });
  }

  test("a million empty records are a million rows", async () => {
    const chunks = async function* () {
      yield Buffer.from("[{}");
      for (let index = 0; index < 100; index += 1) yield Buffer.from(",{}".repeat(10_000));
      yield Buffer.from("]");
    };
    let count = 0;
    for await (const batch of readJsonRecords(chunks(), { mapping: documentedMapping })) count += batch.length;
    assert.equal(count, 1_000_001);
  });

  test("a document is taken exactly if JSON.parse takes it and its shape is right", async () => {
    const scalar = fc.constantFrom(
      "1",
      "-0",
      "1.5e3",
      "01",
      ".5",
      "1.",
      "+1",
      "true",
      "nul",
      '"a"',
      '"\\n"',
      '"\\q"',
      '"\u0001"',
      '"é"',
      "'x'",
      '"',
      "1e5",
    );
    const token = fc.oneof(
      {
        weight: 2,
        arbitrary: fc.constantFrom("{", "}", "[", "]", ":", ",", " ", "\n", "{}", "[]", '"email":"a"', '"x":'),
      },
      scalar,
    );
    const body = fc.array(token, { maxLength: 6 }).map((tokens) => tokens.join(""));
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(body, fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 2 }), async (inner, lengths) => {
        const text = `[{"email":"x"},{"y":[${inner}]}]`;
        const isJson = parses(text) && Array.isArray(JSON.parse(text)) && JSON.parse(text).every(isPlainRecord);
        const result = await read(text, lengths).catch((error: unknown) => error);
        if (result instanceof MusterError) {
          assert.ok(!isJson || !isSimple(text), `${text}: ${result.message}`);
        } else if (result instanceof Error) throw result;
        else {
          assert.ok(parses(text), text);
          taken += 1;
        }
      }),
      property(5_000),
    );
    assert.ok(taken > 100, String(taken));
  });

  test("records come back as they were written, however they are written and cut", async () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "é", '"', "\\", "/", "\u{1f600}", "\u2028", ";", "\t"),
      maxLength: 8,
    });
    const record = fc.record({ firstName: text, lastName: text, databaseID: text }, { requiredKeys: [] });
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(0, 2, 7),
        fc.boolean(),
        fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 3 }),
        async (records, indent, isEscaped, lengths) => {
          const plain = JSON.stringify({ users: records }, null, indent);
          const written = isEscaped
            ? plain.replaceAll(/[^\x20-\x7e\n]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`)
            : plain;
          const read1 = (await read(written, lengths)).records.map(({ values }) => values);
          const trimmed = records.map((one) =>
            Object.fromEntries(Object.entries(one).map(([name, value]) => [name, value.trim()])),
          );
          assert.deepEqual(read1, trimmed);
        },
      ),
      property(1_000),
    );
  });

  test("bytes of no encoding never give anything but a problem", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => {
        const result = await read(Buffer.concat([Buffer.from('[{"email":"'), bytes])).catch((error: unknown) => error);
        assert.ok(result instanceof MusterError, String(result));
      }),
      property(1_000),
    );
  });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
const isPlainRecord = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
/** No deeper than the limit, and no name twice that is a field. */
const isSimple = (text: string) => (text.match(/"email"/g) ?? []).length < 2 && (text.match(/[[{]/g) ?? []).length < 14;
