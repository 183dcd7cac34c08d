import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { normalizeUser } from "../../src/intake/normalize-user.ts";
import type { SourceRecord, UserRow } from "../../src/intake/records.ts";
import { type UserField, userFields } from "../../src/person/fields.ts";

const rules = { countryCode: "1", grantableRoles: [1, 3, 4] };
const normalize = (values: SourceRecord["values"]): UserRow => normalizeUser({ row: 7, line: 9, values }, rules);

suite("file formats, sections 1 to 3: the characters of a value", () => {
  test("control characters fail the row where removing them could change a text or join two values", () => {
    const texts: readonly UserField[] = ["firstName", "lastName", "customFields", "showAllGroups"];
    for (const field of userFields) {
      const others = texts.includes(field) ? [0x00, 0x01, 0x08, 0x1b, 0x7f, 0x80, 0x85, 0x9f] : [];
      for (const code of [0x0b, 0x1e, 0x1f, ...others]) {
        const row = normalize({ databaseID: "1", [field]: `a${String.fromCharCode(code)}b` });
        const hex = code.toString(16).toUpperCase().padStart(4, "0");
        const details = { field, reason: `it holds the control character U+${hex}` };
        assert.deepEqual(row.failure, { code: "value_invalid", field, details });
      }
    }
  });

  test("other characters that nobody sees are removed where values are compared, with a warning", () => {
    const clean = { databaseID: "900123", userID: "jdoe", email: "j@x.edu", groupID: "G1", campusName: "Main" };
    for (const [field, value] of Object.entries(clean) as [UserField, string][]) {
      for (const code of [0x00, 0x01, 0x7f, 0x85, 0xad, 0x200b, 0x200e, 0x2060, 0xfeff]) {
        const invisible = String.fromCharCode(code);
        const row = normalize({ ...clean, [field]: `${invisible}${value.slice(0, 1)}${invisible}${value.slice(1)}` });
        assert.deepEqual({ ...row, issues: [] }, normalize(clean), `${field} ${code}`);
        assert.deepEqual(
          row.issues.map((issue) => [issue.code, issue.field]),
          [["invisible_removed", field]],
        );
      }
    }
    assert.equal(normalize({ ...clean, firstName: "\u0645\u06cc\u200c\u062e" }).firstName, "\u0645\u06cc\u200c\u062e");
  });

  test("a cell of NUL alone is blank", () => {
    const row = normalize({ databaseID: "1", lastName: "\0", phone: "\0", groupID: "\0\0" });
    assert.deepEqual([row.lastName, row.phones, row.groups?.join, row.issues], ["", [], [], []]);
  });

  test("words for nothing are blank in identifiers, e-mails, phones and groups, and stay in names", () => {
    for (const word of ["NULL", "\\N", "N/A", "#N/A", "nan", "None", "(null)", "-"]) {
      const row = normalize({ databaseID: word, userID: "jdoe", email: word, phone: word, groupID: word });
      assert.deepEqual(
        [row.databaseId, row.username, row.emails, row.phones, row.groups?.join, row.failure, row.phonesIncomplete],
        [undefined, "jdoe", [], [], [], undefined, false],
        word,
      );
      assert.deepEqual(new Set(row.issues.map(({ code }) => code)), new Set(["placeholder_word"]));
      assert.equal(row.issues.length, 4);
    }
    const row = normalize({ databaseID: "1", firstName: "Null", lastName: "None", email: "a@x.edu;none" });
    assert.deepEqual([row.firstName, row.lastName, row.emails?.length], ["Null", "None", 1]);
  });

  test("text guards are read through in every field", () => {
    const plain = { databaseID: "0012", userID: "007", email: "a@x.edu", phone: "2125550101", groupID: "00001" };
    for (const guard of [
      (value: string) => `="${value}"`,
      (value: string) => `'${value}`,
      (value: string) => `"${value}"`,
    ]) {
      const guarded = Object.fromEntries(Object.entries(plain).map(([field, value]) => [field, guard(value)]));
      assert.deepEqual(normalize(guarded), normalize(plain));
    }
    assert.deepEqual(normalize({ ...plain, groupID: '="00002";="G1"' }).groups?.leave, ["G1"]);
    assert.equal(normalize({ ...plain, lastName: "'t Hooft" }).lastName, "'t Hooft");
    assert.equal(normalize({ ...plain, lastName: '="Doe"' }).lastName, "Doe");
    assert.deepEqual(normalize({ ...plain, customFields: `'007|="1"|'til` }).customFields, ["007", "1", "'til"]);
  });

  test("an order to remove a phone or an address adds and withdraws nothing", () => {
    const row = normalize({ databaseID: "1", phone: "2125550101|delete", email: "a@x.edu|00002" });
    assert.deepEqual(
      [row.phones, row.phoneRemovals, row.emails, row.emailRemovals],
      [
        undefined,
        [{ number: "+12125550101", extension: "" }],
        undefined,
        [{ email: "a@x.edu", normalized: "a@x.edu" }],
      ],
    );
    assert.deepEqual(
      row.issues.map(({ code, field }) => `${code} ${field}`),
      ["removal_ordered email", "removal_ordered phone"],
    );
    const both = normalize({ databaseID: "1", phone: "2125550101|delete;2125550102" });
    assert.deepEqual([both.phones?.length, both.phoneRemovals?.length], [1, 1]);
  });

  test("half a character fails the row", () => {
    assert.equal(normalize({ databaseID: "1", lastName: "a\ud800b" }).failure?.code, "value_invalid");
    assert.equal(normalize({ databaseID: "1", lastName: "a😀b" }).failure, undefined);
  });

  test("tabs and line breaks in texts become a space, in identifiers they fail the row", () => {
    const row = normalize({
      databaseID: "1",
      firstName: "Mary\n    Ann",
      lastName: "van\tder \r\n\r\n Berg",
      address: "1 Main St\n Room 2|Town\n|CA",
      customFields: "a\nb|\nc\n",
      campusName: "Main\nCampus",
    });
    assert.equal(row.firstName, "Mary Ann");
    assert.equal(row.lastName, "van der Berg");
    assert.equal(row.address, "1 Main St Room 2|Town|CA");
    assert.deepEqual(row.customFields, ["a b", "c"]);
    assert.equal(row.location, "Main Campus");
    for (const field of ["databaseID", "userID"] as const) {
      assert.equal(normalize({ email: "a@x.edu", [field]: "a\nb" }).failure?.code, "value_invalid");
    }
    assert.equal(normalize({ databaseID: "1", groupID: "A\n;\n\tB" }).groups?.join.length, 2);
    assert.equal(normalize({ databaseID: "1", email: "a@x.edu;\n b@x.edu" }).emails?.length, 2);
  });
});
