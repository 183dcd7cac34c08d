import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertRead, read } from "./csv-of-senders.ts";

const ann = { firstName: "Ann", email: "a@x.edu", databaseID: "1" };
const bob = { firstName: "Bob", email: "b@x.edu", databaseID: "2" };
const header = "firstName,email,databaseID\n";
const rows = "Ann,a@x.edu,1\nBob,b@x.edu,2\n";

describe("NUL characters and Ctrl-Z", () => {
  test("a cell of NUL is blank, as bcp writes it, and padding of a column is dropped", async () => {
    const blank = { firstName: "Ann", email: "", databaseID: "1" };
    await assertRead(`${header}Ann,\0,1\r\n`, [blank]);
    await assertRead(`${header}Ann\0\0\0,"\0\0",1\0\n`, [blank]);
    await assertRead(`${header}\0,\0,\0\nAnn,,1\n`, [blank]);
    await assertRead("\0,Ash,a@x.edu,ash,2125550101,G1,2\r\nBob,Birch,b@x.edu,bb,2125550102,G1,3\r\n", [
      {
        firstName: "",
        lastName: "Ash",
        email: "a@x.edu",
        userID: "ash",
        phone: "2125550101",
        groupID: "G1",
        databaseID: "2",
      },
      {
        firstName: "Bob",
        lastName: "Birch",
        email: "b@x.edu",
        userID: "bb",
        phone: "2125550102",
        groupID: "G1",
        databaseID: "3",
      },
    ]);
    const { records } = await read(`${header}A\0nn,a@x.edu,1\n`);
    assert.equal(records[0]?.values.firstName, "A\0nn");
  });

  test("NUL characters and a Ctrl-Z at the end of the file are dropped", async () => {
    for (const end of ["\u001a", "\0\0\0\0", `\u001a${"\0".repeat(200)}`]) {
      await assertRead(`${header}${rows}${end}`, [ann, bob]);
      await assertRead(Buffer.from(`\ufeff${header}${rows}${end}`, "utf16le"), [ann, bob]);
    }
    const { records } = await read(`${header}${rows.trimEnd()}\u001a`);
    assert.deepEqual([records.length, records[1]?.mayBeCutOff], [2, undefined]);
    await assert.rejects(read("\0\0"), { code: "document_empty" });
  });
});

describe("a byte that is not in the encoding", () => {
  const latin1 = (text: string) => Buffer.from(text, "latin1");
  const file = (row: Buffer) =>
    Buffer.concat([Buffer.from("firstName,lastName,email,databaseID,groupID\nZoë,Luk,z@x.edu,1,G\n"), row]);

  test("leaves out a name, and says so on the row", async () => {
    for (const lengths of [[], [1], [9]]) {
      const { records, reading } = await read(file(latin1("Jos\xe9,Ash,j@x.edu,2,G\nAnn,Ash,a@x.edu,3,G\n")), {
        lengths,
      });
      assert.equal(reading.encoding, "utf-8");
      assert.deepEqual(records[1], {
        row: 2,
        line: 3,
        values: { lastName: "Ash", email: "j@x.edu", databaseID: "2", groupID: "G" },
        notes: [
          {
            code: "bytes_damaged",
            field: "firstName",
            details: { field: "firstName", what: "the byte 0xE9, which is not UTF-8" },
          },
        ],
      });
      assert.deepEqual([records[0]?.notes, records[2]?.notes, records.length], [undefined, undefined, 3]);
    }
  });

  test("fails the row in an identifier or a group", async () => {
    for (const [row, field] of [
      ["Ann,Ash,a@x.edu,2\xe9,G\n", "databaseID"],
      ["Ann,Ash,a@x.edu,2,G\xe9\n", "groupID"],
    ] as const) {
      const { records } = await read(file(latin1(row)));
      assert.deepEqual(records[1]?.failure, {
        code: "value_invalid",
        field,
        details: { field, reason: "it contains the byte 0xE9, which is not UTF-8" },
      });
      assert.equal(records[1]?.values.email, "a@x.edu");
    }
  });
});
