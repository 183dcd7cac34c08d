/** JSON of users (file formats, section 1; RFC 8259). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { MusterError, type ProblemCode } from "../../src/errors.ts";
import { readJsonRecords } from "../../src/intake/json.ts";
import { compileMapping, documentedMapping } from "../../src/intake/mapping.ts";
import type { FieldMapping } from "../../src/intake/mapping-schema.ts";
import type { Reading } from "../../src/intake/reading.ts";
import type { SourceRecord } from "../../src/intake/records.ts";
import { pieces, property } from "./support.ts";

async function read(text: string | Uint8Array, lengths: number[] = [], fields?: FieldMapping["fields"]) {
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
const valuesOf = async (text: string) => (await read(text)).records.map(({ values }) => values);

async function problemOf(text: string | Uint8Array, lengths: number[] = []): Promise<MusterError> {
  const error = await read(text, lengths).then(
    ({ records }) => assert.fail(`${records.length} records were read of ${String(text).slice(0, 100)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof MusterError)) throw error;
  return error;
}

async function assertRefused(text: string, code: ProblemCode, place: { line?: number; column?: number } = {}) {
  for (const lengths of [[], [1], [5]]) {
    const problem = await problemOf(text, lengths);
    assert.equal(problem.code, code, `${text.slice(0, 80)}: ${problem.message}`);
    assert.deepEqual({ ...problem.place, ...place }, problem.place, problem.message);
    assert.match(problem.detail, /Nothing was changed\./);
  }
}

describe("JSON", () => {
  test("is an object with users, or the bare list; names match without regard to case", async () => {
    const expected = [{ firstName: "Ann", databaseID: "001" }];
    assert.deepEqual(await valuesOf('[{"firstName":" Ann ","databaseID":"001"}]'), expected);
    assert.deepEqual(
      await valuesOf('{"a":{"users":[1]},"Users":[{"FIRSTNAME":"Ann","DatabaseId":"001"}],"b":[[]]}'),
      expected,
    );
  });

  test("tells the line of each record", async () => {
    for (const lengths of [[], [1]]) {
      const { records } = await read('[\r\n{"email":"a"},\r{"email":\n"b"},\n\n {"email":"c"}]', lengths);
      assert.deepEqual(
        records.map(({ row, line }) => [row, line]),
        [
          [1, 2],
          [2, 3],
          [3, 6],
        ],
      );
    }
  });

  test("has lists where a field is one, and null where it says nothing", async () => {
    assert.deepEqual(
      await valuesOf('[{"email":["a@x","","b@x;c@x",null],"address":["1 St",""," NY"],"phone":[],"groupID":null}]'),
      [{ email: "a@x;b@x;c@x", address: "1 St||NY", phone: "" }],
    );
  });

  test("ignores members that nobody knows, with all they hold, and lists them", async () => {
    const { records, reading } = await read(
      '[{"x":{"email":"no","y":[{}]},"email":"a@x","__proto__":{"email":"n"},"z":1e999}]',
    );
    assert.deepEqual(records[0]?.values, { email: "a@x" });
    assert.equal(Object.getPrototypeOf(records[0]?.values), Object.prototype);
    assert.deepEqual(reading, { format: "json", encoding: "utf-8", ignored: ["x", "__proto__", "z"] });
  });

  test("takes no number for a text: the row fails, its other fields are read", async () => {
    const wrong: [string, RegExp][] = [
      ['"databaseID":900123456', /it is a number in the JSON, which loses leading zeros/],
      ['"userID":true', /it is true or false/],
      ['"email":{"a":1}', /it is an object/],
      ['"firstName":["a"]', /it is a list, and takes one value/],
      ['"email":["a",["b"]]', /not a string/],
      ['"phone":["a",{"b":"c"},"d"]', /not a string/],
      ['"email":["a",5]', /it is a number/],
      ['"address":["a|b","c"]', /separator/],
    ];
    for (const [member, reason] of wrong) {
      const { records } = await read(`[{${member},"lastName":"Roe"},{"lastName":"Doe"}]`);
      assert.equal(records[0]?.failure?.code, "value_invalid", member);
      assert.match(String(records[0]?.failure?.details.reason), reason);
      assert.deepEqual(
        records.map(({ values }) => values),
        [{ lastName: "Roe" }, { lastName: "Doe" }],
        member,
      );
    }
    assert.deepEqual(await valuesOf('[{"showAllGroups":1},{"showAllGroups":false},{"showAllGroups":"0"}]'), [
      { showAllGroups: "1" },
      { showAllGroups: "0" },
      { showAllGroups: "0" },
    ]);
    assert.equal((await read('[{"showAllGroups":2}]')).records[0]?.failure?.code, "value_invalid");
  });

  test("is read by a field mapping", async () => {
    const fields = { databaseID: "id", email: { join: ["mail", "other"] } } as const;
    const { records } = await read('[{"ID":"1","mail":"a@x","other":["b@x","c@x"]}]', [], fields as never);
    assert.deepEqual(records[0]?.values, { databaseID: "1", email: "a@x;b@x;c@x" });
  });
});

describe("a record a line (NDJSON)", () => {
  const lines = ['{"firstName":"Ann","databaseID":"001"}', '{"firstName":"Bo","email":["b@x","c@x"],"phone":null}'];
  const expected = [
    { firstName: "Ann", databaseID: "001" },
    { firstName: "Bo", email: "b@x;c@x" },
  ];

  test("is told by its first line, in any pieces and with any line end", async () => {
    for (const text of [
      `${lines.join("\n")}\n`,
      lines.join("\r\n"),
      `\n${lines[0]}\n\n ${lines[1]} \n\n`,
      `\ufeff${lines.join("\n")}\n\0\0`,
    ]) {
      for (const lengths of [[], [1], [7]]) {
        const { records, reading } = await read(text, lengths);
        assert.deepEqual(
          records.map(({ values }) => values),
          expected,
        );
        assert.equal(reading.format, "json");
      }
    }
    assert.deepEqual(await valuesOf(lines[0]!), expected.slice(0, 1));
    const { records } = await read(`\n${lines[0]}\n\n${lines[1]}`);
    assert.deepEqual(
      records.map(({ row, line }) => [row, line]),
      [
        [1, 2],
        [2, 4],
      ],
    );
  });

  test("keeps the rules of JSON for members, types and lists", async () => {
    const { records, reading } = await read(
      '{"databaseID":1,"email":"a@x"}\n{"address":["1 St","NY"],"email":{"x":1},"other":[{}]}\n{"phone":["1",{}]}\n',
    );
    assert.deepEqual(
      records.map(({ failure }) => failure?.details.reason),
      [
        "it is a number in the JSON, which loses leading zeros; write it as a string in quotation marks",
        "it is an object, not a string",
        "an item of its list is not a string",
      ],
    );
    assert.deepEqual(records[1]?.values, { address: "1 St|NY" });
    assert.deepEqual(reading.ignored, ["other"]);
  });

  test("is refused for a line that is no object or breaks off, with the line", async () => {
    await assertRefused(`${lines[0]}\n{"a":\n${lines[1]}\n`, "json_not_well_formed", { line: 2 });
    await assertRefused(`${lines[0]}\n[]\n`, "json_not_well_formed", { line: 2 });
    await assertRefused(`${lines[0]}\n${lines[1]!.slice(0, -5)}`, "json_cut_off", { line: 2 });
    const long = `{"firstName":"${"x".repeat(1_000_001)}"}\n`;
    assert.equal((await problemOf(`${lines[0]}\n${long}`)).place.line, 2);
  });

  test("may be the export of people, of which each source reads its own databaseID", async () => {
    const person = {
      ...{ id: "7", version: 3, firstName: "Ann", lastName: "Ash", username: "aash" },
      emails: ["a@x.edu", "a@y.edu"],
      phones: [
        { number: "+12125550123", extension: "12", messageType: 2, label: "work", carrier: "A|T" },
        { number: "+12125550124", extension: "", messageType: 3, label: "cell", carrier: "" },
      ],
      memberships: [
        { groupId: "G1", role: 0, claims: [] },
        { groupId: "G2", role: 4 },
      ],
      sources: [
        { source: "default", databaseId: "001" },
        { source: "hr", databaseId: "9" },
        { source: "x", databaseId: null },
      ],
      address: { street: "1 St", city: "NY", state: "", country: "US", zip: "1" },
      customFields: ["a", "", "c"],
      location: "Main",
      showAllGroups: true,
    };
    const values = {
      ...{ firstName: "Ann", lastName: "Ash", email: "a@x.edu;a@y.edu", userID: "aash" },
      phone: "+12125550123 x12|A T|2||work;+12125550124||3||cell",
      ...{ groupID: "G1;G2|4", databaseID: "001", address: "1 St|NY||US|1", customFields: "a||c" },
      ...{ campusName: "Main", showAllGroups: "1" },
    };
    const text = `${JSON.stringify(person)}\n`;
    assert.deepEqual((await read(text)).records[0]?.values, values);
    const ofSource = async (sourceName: string, document: object) => {
      const chunks = pieces(Buffer.from(JSON.stringify(document)), []);
      for await (const [record] of readJsonRecords(chunks, { mapping: documentedMapping, sourceName })) {
        return record?.values;
      }
    };
    assert.equal((await ofSource("hr", person))?.databaseID, "9");
    for (const none of ["x", "y"]) assert.ok(!("databaseID" in (await ofSource(none, person))!));
    const bare = {
      ...person,
      username: null,
      address: { text: "At home" },
      location: null,
      phones: [],
      customFields: [],
    };
    const { userID: _, campusName: __, ...rest } = values;
    assert.deepEqual(await ofSource("default", bare), { ...rest, phone: "", customFields: "", address: "At home" });
    const { records } = await read(JSON.stringify({ ...person, phones: [5] }));
    assert.equal(records[0]?.failure?.code, "value_invalid");
  });
});

describe("a byte of JSON that is not UTF-8", () => {
  test("leaves out the value, and says so on the record", async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"users":[{"firstName":"Zoë","databaseID":"1"},{"firstName":"Jos'),
      Buffer.of(0xe9),
      Buffer.from('","email":["j@x","k@x"],"databaseID":"2"},{"databaseID":"3'),
      Buffer.of(0xe9),
      Buffer.from('"}]}'),
    ]);
    for (const lengths of [[], [1], [5]]) {
      const { records } = await read(bytes, lengths);
      assert.deepEqual(
        records.map(({ values, notes, failure }) => [values, notes?.[0]?.details.what ?? failure?.details.reason]),
        [
          [{ firstName: "Zoë", databaseID: "1" }, undefined],
          [{ email: "j@x;k@x", databaseID: "2" }, "the byte 0xE9, which is not UTF-8"],
          [{}, "it contains the byte 0xE9, which is not UTF-8"],
        ],
      );
    }
  });
});

describe("JSON that is refused", () => {
  test("for being an answer that says what went wrong, which the message quotes", async () => {
    const problem = await problemOf('{"error":"invalid_token","error_description":"expired\\n"}\n');
    assert.equal(problem.code, "document_root_wrong");
    assert.match(
      problem.detail,
      /no member "users" with the list of people\. Its members are: error, error_description\. It looks like an error message: \{"error":"invalid_token"/,
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
      ...[
        '[{"email":"a",}]',
        '[{"email":"a"},]',
        "[,]",
        '[{"email" "a"}]',
        "[{email:1}]",
        "[{'email':'a'}]",
        "[{]}",
        "[}",
      ],
      ...['[{"email":"a"}]]', '[{"email":"a"}] x', "[{}][{}]", '[{"email":NaN}]', '[{"email":01}]', '[{"email":"\t"}]'],
      ...[
        '[{"email":"\\x"}]',
        '[{"email":"\\u12g4"}]',
        "[{}/* c */]",
        '[{"a":1 2}]',
        "[{:1}]",
        '[{"a":}]',
        '[{"a":,"b":1}]',
      ],
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
