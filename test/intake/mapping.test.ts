/** Field mappings (docs/field-mapping.md). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createDocumentedMapping } from "../../src/intake/documented-mapping.ts";
import { compileMapping, documentedMapping } from "../../src/intake/mapping.ts";
import { type FieldMapping, mappingSchema } from "../../src/intake/mapping-schema.ts";
import { compilePattern } from "../../src/intake/patterns.ts";
import { personFields } from "../../src/person/fields.ts";

/** Reads a record whose columns have names. */
function read(fields: FieldMapping["fields"], record: Readonly<Record<string, string>>) {
  const mapping = compileMapping(mappingSchema.parse({ fields: { databaseID: "id", ...fields } }));
  const cells: (string | undefined)[] = [];
  for (const [name, value] of Object.entries(record)) {
    const slot = mapping.slotOfName(name);
    if (slot !== undefined) cells[slot] = value;
  }
  return mapping.read(cells);
}
const messagesOf = (mapping: unknown) =>
  mappingSchema.safeParse(mapping).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];

describe("a field mapping", () => {
  test("takes columns by name, whatever their case, and constants", () => {
    const fields = { firstName: " First Name ", showAllGroups: { constant: "0" } };
    assert.deepEqual(read(fields, { "FIRST NAME": "Ann", id: "1", other: "x" }).values, {
      databaseID: "1",
      firstName: "Ann",
      showAllGroups: "0",
    });
    assert.deepEqual(read({ firstName: "f", lastName: "l" }, { l: "" }).values, { lastName: "" });
  });

  test("maps values exactly, else without regard to case; others stay, go, or fail the row", () => {
    const values = { "Main Campus": "Main", main: "Other", "": "None" };
    const campus = (value: string, otherwise?: "keep" | "blank" | "fail") =>
      read({ campusName: { column: "c", values, otherwise } }, { c: value });
    assert.equal(campus("Main Campus").values.campusName, "Main");
    assert.equal(campus("MAIN CAMPUS").values.campusName, "Main");
    assert.equal(campus("").values.campusName, "None");
    assert.equal(campus("x").values.campusName, "x");
    assert.equal(campus("x", "blank").values.campusName, "");
    assert.equal(campus("x", "fail").failure?.code, "value_unmapped");
    const odd = read({ campusName: { column: "c", values: JSON.parse('{"__proto__":"P"}') } }, { c: "constructor" });
    assert.equal(odd.values.campusName, "constructor");
  });

  test("treats each item of a list by itself, with prefix and suffix", () => {
    const groupID = { column: "g", values: { a: "1", z: "" }, prefix: "CRS-", suffix: "|4" };
    assert.equal(read({ groupID }, { g: "a; b;;z" }).values.groupID, "CRS-1|4;CRS-b|4");
    assert.equal(read({ groupID }, { g: "" }).values.groupID, "");
    assert.equal(read({ groupID }, {}).values.groupID, undefined);
    assert.equal(read({ campusName: { column: "c", prefix: "x" } }, { c: "a;b" }).values.campusName, "xa;b");
  });

  test("joins lists without blanks, parts by position, names by a space", () => {
    const join = { join: ["a", { column: "b", prefix: "x" }, { constant: "C" }] };
    assert.equal(read({ groupID: join }, { a: "1", b: "" }).values.groupID, "1;C");
    assert.equal(read({ address: join }, { b: "2" }).values.address, "|x2|C");
    assert.equal(read({ firstName: join }, { a: "A", b: "" }).values.firstName, "A C");
    assert.equal(read({ customFields: join }, { a: "p|q" }).failure?.code, "value_invalid");
  });

  test("of which no column is there, a join says nothing, unless it has constants alone", () => {
    assert.equal(read({ groupID: { join: ["a", { constant: "C" }] } }, {}).values.groupID, undefined);
    assert.equal(read({ groupID: { join: [{ constant: "C" }, { constant: "D" }] } }, {}).values.groupID, "C;D");
  });

  test("fails a row whose identifier does not fit, leaves the identifier out, and mentions lost zeros", () => {
    const fields = {
      databaseID: { column: "id", pattern: "[0-9]{9}" },
      email: { column: "e", pattern: "[a-z]+@x\\.edu" },
    };
    const good = read(fields, { id: "000123456", e: "a@x.edu; b@x.edu" });
    assert.deepEqual(good, { values: { databaseID: "000123456", email: "a@x.edu;b@x.edu" } });
    const bad = read(fields, { id: "123456", e: "a@x.edu" });
    assert.deepEqual(bad.values, { email: "a@x.edu" });
    assert.equal(bad.failure?.code, "pattern_mismatch");
    assert.match(String(bad.failure?.details.hint), /Leading zeros look lost/);
    assert.equal(read(fields, { id: "X" }).failure?.details.hint, "");
    assert.equal(read(fields, { id: "000123456", e: "a@x.edu;A@y.org" }).failure?.field, "email");
    assert.equal(read(fields, { id: "", e: "" }).failure, undefined);
  });

  test("ignores columns, and reads the documented ones when it names no fields", () => {
    const mapping = compileMapping({ ignore: ["PHONE"] });
    assert.equal(mapping.slotOfName("phone"), undefined);
    assert.equal(mapping.slotOfName("Email"), documentedMapping.slotOfName("email"));
    assert.equal(documentedMapping.slotOfName("customField"), documentedMapping.slotOfName("customFields"));
    assert.equal(documentedMapping.slotOfPosition(12), undefined);
  });

  test("that makes no sense is refused, with the place", () => {
    const refused: [unknown, RegExp][] = [
      [{ fields: { firstName: "a" } }, /fields: a mapping must say where one of databaseID, userID, email/],
      [{ fields: { databaseID: { join: ["a", "b"] } } }, /fields\.databaseID: databaseID takes one value/],
      [
        { fields: { email: "e", firstName: { column: "a", pattern: "a" } } },
        /fields\.firstName: a pattern can be set for/,
      ],
      [{ header: false, fields: { email: "e" } }, /without a header row columns have positions/],
      [{ fields: { email: 0 } }, /fields\.email/],
      [{ fields: { email: { column: "a", pattern: "(a+)+" } } }, /is not allowed in a pattern/],
      [{ delimiter: "::" }, /delimiter/],
      [{ encoding: "ebcdic" }, /encoding/],
      [{ field: {} }, /Unrecognized key/],
      [{ fields: { nonsense: "a", email: "e" } }, /nonsense|Invalid key/],
    ];
    for (const [mapping, message] of refused)
      assert.match(messagesOf(mapping).join("\n"), message, JSON.stringify(mapping));
  });
});

describe("a pattern", () => {
  const fits = (source: string, value: string) => {
    const pattern = compilePattern(source);
    if (typeof pattern === "string") throw new Error(pattern);
    return pattern.test(value);
  };

  test("must fit the whole value", () => {
    assert.ok(fits("[0-9]{9}", "012345678"));
    assert.ok(!fits("[0-9]{9}", "0123456789"));
    assert.ok(!fits("[0-9]{9}", "12345678\n9"));
    assert.ok(fits("^A\\d{8}|B[A-Z_-]+$", "A00123456"));
    assert.ok(fits("A\\d{8}|B[A-Z_-]+", "BX_-"));
    assert.ok(!fits("a|b", "ab"));
    assert.ok(fits("x\\.y?", "x."));
  });

  test("is refused when it could take long, or means something else", () => {
    const refused = [
      "(a)",
      "a**",
      "a{2}{3}",
      "[^a]",
      "\\w+",
      "\\1",
      "(?=a)",
      "a|",
      "",
      "[",
      "[a",
      "a{300}",
      "[z-a]",
      "a{3,2}",
    ];
    refused.push("a*b*c*d*", "[a-z]{1,5}x?y+z*", "é", "a".repeat(201));
    for (const source of refused) assert.equal(typeof compilePattern(source), "string", source);
  });

  test("of the longest kind ends on the longest value", () => {
    assert.ok(!fits(".*.*.*x", "a".repeat(300)));
  });
});

describe("the words of columns", () => {
  const read = (cells: Readonly<Record<string, string>>) => {
    const mapping = createDocumentedMapping();
    const bySlot: (string | undefined)[] = [];
    for (const [name, value] of Object.entries(cells)) {
      const slot = mapping.slotOfName(name);
      assert.ok(slot !== undefined, `${name} is read`);
      bySlot[slot] = value;
    }
    return { ...mapping.read(bySlot), superseded: mapping.superseded!() };
  };

  test("every name of the table means its field, whatever its case, blanks and punctuation", () => {
    for (const { feed, names } of personFields) {
      for (const name of names) {
        for (const spelling of [
          name,
          name.toUpperCase(),
          `${name.replaceAll(" ", "_")}*`,
          `#${name.replaceAll(" ", "-")}.`,
        ]) {
          assert.deepEqual(read({ [spelling]: "x" }).values, { [feed]: "x" }, spelling);
        }
      }
    }
  });

  test("the words of the help pages are read", () => {
    const sent = {
      "First Name": "Ann",
      "Last Name": "Ash",
      "E-mail": "ann@x.edu",
      UserName: "aash",
      "Phone#": "2125550101",
      Carrier: "AT&T",
      Type: "text",
      "Group ID": "G1",
      "Database ID": "900",
    };
    assert.deepEqual(read(sent).values, {
      firstName: "Ann",
      lastName: "Ash",
      email: "ann@x.edu",
      userID: "aash",
      phone: "2125550101|AT&T|text",
      groupID: "G1",
      databaseID: "900",
    });
  });

  test("a name that is a list, and names with numbers, are read", () => {
    const listed = read({ "Email; Email2; Email3": "a@x.edu;b@x.edu", "Phone|Carrier|Type; Phone2||Type": "1;2" });
    assert.deepEqual(listed.values, { email: "a@x.edu;b@x.edu", phone: "1;2" });
    const numbered = read({
      "Phone 2": "22",
      "Type 2": "voice",
      "Phone 1": "11",
      "Type 1": "sms",
      Email2: "b",
      Email: "a",
    });
    assert.deepEqual(numbered.values, { email: "a;b", phone: "11||sms;22||voice" });
    const mapping = createDocumentedMapping();
    for (const name of ["First Name 2", "Phone 99", "Email; Shoe Size", "Shoe Size", "ID"]) {
      assert.equal(mapping.slotOfName(name), undefined, name);
    }
  });

  test("phones of several columns are one list, each with the label of its column", () => {
    const sent = { Phone: "1;2", Cell: "3", "Home Phone": "", "Work Phone": "4|Verizon", Carrier: "a;b" };
    assert.deepEqual(read(sent).values, { phone: "1|a;2|b;3|a|||cell;4|Verizon|||work" });
    assert.deepEqual(read({ Cell: "" }).values, { phone: "" });
    assert.deepEqual(read({ Carrier: "AT&T" }).values, {});
  });

  test("a field's own name wins over its other names, which are then reported", () => {
    const { values, superseded } = read({ Login: "x", userID: "jdoe", Surname: "Doe", lastName: "Roe" });
    assert.deepEqual([values, superseded], [{ userID: "jdoe", lastName: "Roe" }, ["Surname", "Login"]]);
  });

  test("two other names of an identifier fail the rows in which they differ", () => {
    assert.equal(read({ "Student ID": "1", "Employee ID": "2" }).failure?.code, "columns_contradict");
    assert.deepEqual(read({ "Student ID": "", "Employee ID": "2" }).values, { databaseID: "2" });
    assert.equal(read({ "Student ID": "2", "Employee ID": "2" }).failure, undefined);
  });
});

describe("a status that a mapping makes an order", () => {
  const read = (cells: Readonly<Record<string, string>>, values: Record<string, string>) => {
    const join = [{ constant: "STUDENTS" }, { column: "status", values }, "major"];
    const mapping = compileMapping({ fields: { databaseID: "id", groupID: { join } } });
    const bySlot: (string | undefined)[] = [];
    for (const [name, value] of Object.entries(cells)) bySlot[mapping.slotOfName(name)!] = value;
    return mapping.read(bySlot).values.groupID;
  };

  test("deletes the person whatever other groups the row names", () => {
    const values = { active: "", deleted: "00000" };
    assert.equal(read({ id: "1", status: "deleted", major: "ART" }, values), "00000");
    assert.equal(read({ id: "1", status: "active", major: "ART" }, values), "STUDENTS;ART");
    assert.equal(read({ id: "1", status: "DELETED", major: "" }, values), "00000");
  });

  test("is about all groups of the row, wherever its column is", () => {
    assert.equal(read({ id: "1", status: "left", major: "ART" }, { left: "00002" }), "00002;STUDENTS;ART");
    assert.equal(read({ id: "1", status: "reset", major: "ART" }, { reset: "00001" }), "00001;STUDENTS;ART");
  });
});

describe("a column of a mapping", () => {
  const fields = { databaseID: { column: "Emp ID", pattern: "[0-9]{4}" }, groupID: { column: "term", prefix: "T-" } };
  const read = (name: string, id: string, term = "") => {
    const mapping = compileMapping({ fields });
    const cells: (string | undefined)[] = [];
    cells[mapping.slotOfName(name)!] = id;
    cells[mapping.slotOfName("TERM")!] = term;
    return mapping.read(cells);
  };

  test("is found whatever the punctuation of its name", () => {
    for (const name of ["emp id", "EMP_ID", "Emp-ID*"]) assert.equal(read(name, "0012").values.databaseID, "0012");
  });

  test("has guards, placeholders and invisible characters read through before its pattern and its prefix", () => {
    for (const id of ['="0012"', "'0012", "NULL", "\u200b0012"])
      assert.equal(read("emp id", id).failure, undefined, id);
    assert.equal(read("emp id", "12").failure?.code, "pattern_mismatch");
    assert.equal(read("emp id", "0012", "'2027").values.groupID, "T-2027");
    assert.equal(read("emp id", "0012", "NULL").values.groupID, "NULL");
    assert.equal(read("emp id", "0012", "2027.0").failure?.code, "spreadsheet_damage");
  });
});
