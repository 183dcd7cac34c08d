/** Names of columns as senders write them (file formats, sections 1.3 and 1.8). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import {
  attributeNames,
  columnOf,
  foldName,
  labelledAttributeNames,
  labelledNames,
  phoneAttributes,
} from "../../src/intake/column-words.ts";
import { personFields } from "../../src/person/fields.ts";
import { assertRead, assertRefused, read } from "./csv-of-senders.ts";

const labels = ["cell", "home", "work", "other"] as const;

/** Rows of the published table: what the first cell says, and the names of the second. */
function publishedNames(): Map<string, readonly string[]> {
  const page = readFileSync(new URL("../../docs/file-formats.md", import.meta.url), "utf8");
  const section = /### 1\.8[\s\S]*?(?=\n## 2)/.exec(page)?.[0] ?? "";
  const rows = [...section.matchAll(/^\| (.+?) +\| (.+?) +\|$/gm)].slice(2);
  return new Map(rows.map(([, field = "", names = ""]) => [field, names.split(", ")]));
}

/** The names that the code knows, under the words of the table. */
function knownNames(): Map<string, readonly string[]> {
  const known = new Map<string, readonly string[]>();
  for (const { feed, names } of personFields) known.set(`\`${feed}\``, names);
  for (const label of labels) known.set(`\`phone\`, label \`${label}\``, labelledNames[label]);
  for (const attribute of phoneAttributes) known.set(`\`${attribute}\` of the phone`, attributeNames[attribute]);
  for (const label of labels) {
    const names = phoneAttributes.flatMap((attribute) => labelledAttributeNames(attribute, label));
    known.set(`attributes of phones labelled \`${label}\``, names);
  }
  return known;
}

describe("the published table of names", () => {
  test("lists every name that is read, and no other", () => {
    const [published, known] = [publishedNames(), knownNames()];
    for (const [field, names] of known) assert.deepEqual(published.get(field), names, field);
    assert.deepEqual([...published.keys()].sort(), [...known.keys()].sort());
  });

  test("no name means two things", () => {
    const meanings = new Map<string, string>();
    for (const [field, names] of knownNames()) {
      for (const name of names) {
        const folded = foldName(name);
        assert.equal(meanings.get(folded) ?? field, field, name);
        meanings.set(folded, field);
      }
    }
  });
});

describe("what forms write around a name does not count:", () => {
  const spellings: readonly (readonly [string, string])[] = [
    ["Group(s)", "groupID"],
    ["Group (s)", "groupID"],
    ["Banner#", "databaseID"],
    ["Student No.", "databaseID"],
    ["Student #", "databaseID"],
    ["First Name (required)", "firstName"],
    ["E-mail [optional]", "email"],
    ["E-mail - Required", "email"],
    ["First Name *", "firstName"],
    ["E\u2011mail", "email"],
    ["E\u2013mail Address", "email"],
    ["First\u00a0Name", "firstName"],
    ["Phone (10 digits)", "phone"],
    ["Phone (digits only)", "phone"],
    ["Phone (xxx-xxx-xxxx)", "phone"],
    ["Phone ((xxx) xxx-xxxx)", "phone"],
    ["Phone (e.g. 212-555-0123)", "phone"],
    ["Last Name (max 50 characters)", "lastName"],
    ["Groups (separated by ;)", "groupID"],
    ["Groups (comma separated)", "groupID"],
    ["Phone: Cell", "phone cell"],
    ["Phone (home)", "phone home"],
    ["E-mail (secondary)", "undefined"],
    ["Phone (emergency contact)", "undefined"],
    ["First Name (parent)", "undefined"],
    ["Phone (fax)", "undefined"],
  ];
  for (const [name, meaning] of spellings) {
    test(`${name} is ${meaning}`, () => {
      const column = columnOf(name);
      assert.equal([column?.field, column?.label].filter(Boolean).join(" ") || "undefined", meaning);
    });
  }
});

describe("a name that several columns have", () => {
  test("is a list of phones, e-mails and groups", async () => {
    await assertRead(
      "Email,Email,Phone,Type,Phone,Type,Group,Group\na@x.edu,b@x.edu,2125550101,text,2125550102,voice,G1,G2\na@x.edu,,,text,2125550102,voice,,\n",
      [
        { email: "a@x.edu;b@x.edu", phone: "2125550101||text;2125550102||voice", groupID: "G1;G2" },
        { email: "a@x.edu;", phone: "2125550102||voice", groupID: "" },
      ],
    );
  });

  test("keeps a code of one column apart from the groups of another", async () => {
    await assertRead("email,group,group\na@x.edu,00002;G1,G2\n", [{ email: "a@x.edu", groupID: "G2;00002;G1" }]);
  });

  test("fails the rows in which its values differ, if it takes one value", async () => {
    const twice = await read("email,Last Name,Last Name\na@x.edu,Ash,Ash\nb@x.edu,Birch,\nc@x.edu,Cole,Coal\n");
    assert.deepEqual(
      twice.records.map(({ failure, values }) => failure?.code ?? values.lastName),
      ["Ash", "Birch", "columns_contradict"],
    );
    assert.deepEqual(twice.records[2]?.failure?.details, {
      field: "the same",
      one: '"Last Name" (column 2)',
      value: "Cole",
      other: '"Last Name" (column 3)',
      otherValue: "Coal",
    });
  });
});

describe("a carrier or type of one kind of phone", () => {
  test("completes the phones of that kind only", async () => {
    await assertRead(
      "email,Home Phone,Cell Phone,Cell Phone Carrier,Cell Phone Type\na@x.edu,2125550101,2125550102,AT&T,text\n",
      [{ email: "a@x.edu", phone: "2125550102|AT&T|text||cell;2125550101||||home" }],
    );
    await assertRead("email,Phone,Mobile Carrier,Carrier\na@x.edu,2125550101,Verizon,AT&T\n", [
      { email: "a@x.edu", phone: "2125550101|Verizon" },
    ]);
    await assertRead("email,Phone,Work Phone,Work Phone Type\na@x.edu,2125550101,2125550102,voice\n", [
      { email: "a@x.edu", phone: "2125550101;2125550102||voice||work" },
    ]);
  });
});

describe("columns of address books and directories", () => {
  test("have the number in the middle, or LDAP's names", async () => {
    await assertRead(
      "sn,mail,Phone 1 - Type,Phone 1 - Value,Phone 2 - Value,Cell Phone 2 Carrier\nAsh,a@x.edu,voice,2125550101,2125550102,AT&T\n",
      [{ lastName: "Ash", email: "a@x.edu", phone: "2125550101||voice;2125550102|AT&T" }],
    );
  });

  test("that have values and no name are named by their position", async () => {
    const { reading } = await read(",firstName,email,,\n7,Ann,a@x.edu,,x\n8,Bob,b@x.edu,,\n");
    assert.deepEqual(reading.ignored, ["column 1, which has no name", "column 5, which has no name"]);
    assert.deepEqual((await read(",firstName,email,\n,Ann,a@x.edu,\n")).reading.ignored, []);
  });
});

describe("a column with all names of a person", () => {
  test("refuses the file if there is no other name, with advice that works", async () => {
    await assertRefused(
      "Full Name,Email,Group(s)\nAnn Ash,a@x.edu,G\n",
      /^Line 1: the header has "Full Name", but no column for firstName or lastName.* field mapping read "Full Name" as firstName\./,
    );
    const fields = { firstName: "Full Name", email: "Email" };
    await assertRead("Full Name,Email\nAnn Ash,a@x.edu\n", [{ firstName: "Ann Ash", email: "a@x.edu" }], [], {
      fields,
    });
  });

  test("is not read beside other names", async () => {
    const { records, reading } = await read("Name,First Name,Email\nAnn Ash,Ann,a@x.edu\n");
    assert.deepEqual([records[0]?.values.firstName, reading.ignored], ["Ann", ["Name"]]);
  });
});
