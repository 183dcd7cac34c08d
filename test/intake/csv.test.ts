/** CSV of users (file formats, section 1; RFC 4180). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { readCsvRows } from "../../src/intake/csv.ts";
import { type Delimiter, delimiters } from "../../src/intake/reading.ts";
import { assertRefused, problemOf, read } from "./csv-reading.ts";
import { pieces, property } from "./support.ts";

describe("CSV without a header", () => {
  test("is read by position; trailing columns may be missing from all rows", async () => {
    const { records, reading } = await read("Jane,Doe,jane@x.edu,jdoe,,G1,001\nBob,,b@x.edu,,,G1,002\n");
    assert.deepEqual(records[0], {
      row: 1,
      line: 1,
      values: {
        firstName: "Jane",
        lastName: "Doe",
        email: "jane@x.edu",
        userID: "jdoe",
        phone: "",
        groupID: "G1",
        databaseID: "001",
      },
    });
    assert.equal(records[1]?.line, 2);
    assert.deepEqual(reading, {
      format: "csv",
      encoding: "utf-8",
      delimiter: ",",
      lineEnding: "LF",
      header: false,
      ignored: [],
    });
  });

  test("of one or two columns, or of more than there are, is refused with what to do", async () => {
    await assertRefused("Jane;Doe;jane@x.edu\n", "document_structure_wrong", 1);
    await assertRefused(`${"1,".repeat(11)}1\n`, "document_structure_wrong", 1);
    assert.match((await problemOf("a;b;c")).detail, /one column only: "a;b;c"\. .* separated by semicolons/);
    assert.match((await problemOf(`${"1,".repeat(11)}1\n`)).detail, /12 columns.* 11 at most/);
  });
});

describe("CSV with a header", () => {
  test("is read by names, in any case and however they are joined; others are ignored and listed", async () => {
    const { records, reading } = await read("\ufeffDatabase ID,first_name,E-Mail,shoe size\n 001 ,Ann,a@x.edu,38\n");
    assert.deepEqual(
      records.map(({ values }) => values),
      [{ databaseID: "001", firstName: "Ann", email: "a@x.edu" }],
    );
    assert.deepEqual(reading.ignored, ["shoe size"]);
    assert.equal(records[0]?.line, 2);
  });

  for (const delimiter of delimiters) {
    test(`shows its delimiter: ${JSON.stringify(delimiter)}`, async () => {
      const text = [
        ["email", "groupID", "phone"],
        ["a@x.edu", '"G1;G2|1"', '"1|2\t3,4"'],
      ];
      const { records, reading } = await read(text.map((row) => `${row.join(delimiter)}\r\n`).join(""));
      assert.deepEqual(records[0]?.values, { email: "a@x.edu", groupID: "G1;G2|1", phone: "1|2\t3,4" });
      assert.equal(reading.delimiter, delimiter);
    });
  }

  test("that is pinned and has no name that is known is refused", async () => {
    await assertRefused("a,b,c\nd,e,f\n", "document_structure_wrong", 1, { header: true });
    assert.match(
      (await problemOf("a,b,c\nd,e,f\n", { header: true })).detail,
      /It has a, b, c\. Expected are firstName, /,
    );
  });

  test("a pinned header and delimiter win over what the first row looks like", async () => {
    const { records } = await read("email;firstName;x\nb;c;d\n", { header: false, delimiter: ";" });
    assert.equal(records.length, 2);
  });

  test("of __proto__ and the like is just a header of names that nobody knows", async () => {
    const { records, reading } = await read("email,__proto__,constructor,databaseID\na@x.edu,x,y,__proto__\n");
    assert.deepEqual(records[0]?.values, { email: "a@x.edu", databaseID: "__proto__" });
    assert.deepEqual(reading.ignored, ["__proto__", "constructor"]);
  });
});

describe("rows of CSV", () => {
  test("with more values than columns, or with one cell, fail, and nothing is read from them", async () => {
    const { records } = await read("email,firstName,databaseID\na@x.edu\nb@x.edu,Bo,b,2\nc@x.edu,Cy,3\n");
    assert.deepEqual(
      records.map(({ failure, unreadable, values }) => [failure?.details.found, unreadable, values.databaseID]),
      [
        [1, true, undefined],
        [4, true, undefined],
        [undefined, undefined, "3"],
      ],
    );
    assert.match(String(records[0]?.failure?.details.hint), /It is "a@x\.edu": a line break in a value/);
    assert.match(String(records[1]?.failure?.details.hint), /quotation marks/);
    const smart = await read("email,firstName,databaseID\na@x.edu,“Doe, Jane”,1\n");
    assert.match(String(smart.records[0]?.failure?.details.hint), /typographic/);
  });

  test("that are blank are left out, however many, and don't count", async () => {
    const { records } = await read(`\n\nemail,firstName\n\n,\n" ",\t\na@x.edu,A\n${"\n".repeat(100_000)}b@x.edu,B\n`);
    assert.deepEqual(
      records.map(({ row, line }) => [row, line]),
      [
        [1, 7],
        [2, 100_008],
      ],
    );
  });

  test("may have cells with delimiters, line ends, doubled and lone quotation marks", async () => {
    const { records } = await read('firstName,email,phone\r\n"A ""x"", B" ,"a\r\nb\rc\nd", 5\'10" \r\nQ,q,r\r\n');
    assert.deepEqual(records[0]?.values, { firstName: 'A "x", B', email: "a\r\nb\rc\nd", phone: "5'10\"" });
    assert.equal(records[1]?.line, 6);
  });

  test("an apostrophe before what spreadsheets take for a formula is dropped, any other stays", async () => {
    const { records } = await read("firstName,email,phone\n'=cmd|x,'+1,'t Hooft\n");
    assert.deepEqual(records[0]?.values, { firstName: "=cmd|x", email: "+1", phone: "'t Hooft" });
  });

  test("line ends of all kinds are told apart", async () => {
    for (const [end, name] of [
      ["\n", "LF"],
      ["\r\n", "CRLF"],
      ["\r", "CR"],
    ] as const) {
      for (const lengths of [[], [1]]) {
        const { records, reading } = await read(`email,firstName${end}a,b${end}"x${end}y",d${end}e,f`, { lengths });
        assert.equal(reading.lineEnding, name);
        assert.deepEqual(
          records.map(({ line }) => line),
          [2, 3, 5],
        );
      }
    }
    assert.equal((await read("email,firstName\na,b\r\nc,d\n")).reading.lineEnding, "mixed");
  });
});

describe("cells", () => {
  const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
  const cell = fc.string({
    unit: fc.constantFrom("a", "ö", " ", '"', ",", ";", "\t", "|", "\r", "\n", "“", "=", "\u{1f600}"),
    maxLength: 8,
  });
  const table = fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 6 });

  test("come back as they were written, whatever the delimiter, line end and pieces", async () => {
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.constantFrom<Delimiter>(...delimiters),
        fc.constantFrom("\n", "\r\n", "\r"),
        fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 3 }),
        async (rows, delimiter, end, lengths) => {
          const text = rows.map((row) => row.map(quoted).join(delimiter) + end).join("");
          const read: (readonly string[])[] = [];
          for await (const batch of readCsvRows(pieces(Buffer.from(text), lengths), { delimiter, encoding: "utf-8" })) {
            read.push(...batch.map(({ cells }) => cells));
          }
          assert.deepEqual(
            read,
            rows.filter((row) => row.some((one) => one.trim() !== "")),
          );
        },
      ),
      property(1_500),
    );
  });
});

describe("a mapping of CSV", () => {
  test("reads by name or position, and a header gives what has a name", async () => {
    const fields = { databaseID: "EMPLID", email: 3 } as const;
    const { records, reading } = await read("EMPLID,x,mail\n1,2,a@x.edu\n", { fields, header: true });
    assert.deepEqual(records[0]?.values, { databaseID: "1", email: "a@x.edu" });
    assert.deepEqual(reading.ignored, ["x"]);
    await assertRefused("1,2,3\n", "document_structure_wrong", 1, { fields: { databaseID: "EMPLID" } });
  });
});
