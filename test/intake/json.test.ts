/** JSON of users (file formats, section 1; RFC 8259). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readJsonRecords } from "../../src/intake/json.ts";
import { documentedMapping } from "../../src/intake/mapping.ts";
import { assertRefused, problemOf, read } from "./json-reading.ts";
import { pieces } from "./support.ts";

const valuesOf = async (text: string) => (await read(text)).records.map(({ values }) => values);

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
      id: "7",
      version: 3,
      firstName: "Ann",
      lastName: "Ash",
      username: "aash",
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
      firstName: "Ann",
      lastName: "Ash",
      email: "a@x.edu;a@y.edu",
      userID: "aash",
      phone: "+12125550123 x12|A T|2||work;+12125550124||3||cell",
      groupID: "G1;G2|4",
      databaseID: "001",
      address: "1 St|NY||US|1",
      customFields: "a||c",
      campusName: "Main",
      showAllGroups: "1",
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
