import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { rowIssues } from "../../src/errors.ts";
import { limits } from "../../src/intake/limits.ts";
import { normalizeUser } from "../../src/intake/normalize-user.ts";
import type { SourceRecord, UserRow } from "../../src/intake/records.ts";
import { scalarField, scalarFields, type UserField, userFields } from "../../src/person/fields.ts";
import { property } from "./support.ts";

const rules = { countryCode: "1", grantableRoles: [1, 3, 4] };
const normalize = (values: SourceRecord["values"]): UserRow => normalizeUser({ row: 7, line: 9, values }, rules);
const blankRow = { row: 7, line: 9, emailsIncomplete: false, phonesIncomplete: false, namesGroup: false, issues: [] };

suite("file formats, sections 1 to 3: a record becomes a row", () => {
  test("every field is read", () => {
    const values = {
      firstName: "Jane",
      lastName: "Doe",
      email: "Jane@X.edu;j@y.org",
      userID: "JDoe",
      phone: "(212) 555-1234||1||home",
      groupID: "A;B|1",
      databaseID: "00900",
      address: " 1 Main St | Town |CA| US|90210 ",
      customFields: "a| |c||",
      campusName: "Main",
      showAllGroups: "1",
    };
    assert.deepEqual(normalize(values), {
      ...blankRow,
      firstName: "Jane",
      lastName: "Doe",
      username: "JDoe",
      usernameNormalized: "jdoe",
      databaseId: "00900",
      address: "1 Main St|Town|CA|US|90210",
      customFields: ["a", "", "c"],
      location: "Main",
      showAllGroups: true,
      emails: [
        { email: "Jane@X.edu", normalized: "jane@x.edu" },
        { email: "j@y.org", normalized: "j@y.org" },
      ],
      phones: [{ number: "+12125551234", extension: "", messageType: 1, label: "home", carrier: "" }],
      groups: {
        deletePerson: false,
        leaveAll: false,
        leave: [],
        join: [
          { groupId: "A", role: null },
          { groupId: "B", role: 1 },
        ],
      },
      namesGroup: true,
    });
  });

  test("absent fields are absent, blank ones are blank, and blank identifiers count as absent", () => {
    assert.deepEqual(normalize({ userID: "a" }), { ...blankRow, username: "a", usernameNormalized: "a" });
    const blank = Object.fromEntries(userFields.map((field) => [field, ""]));
    assert.deepEqual(normalize({ ...blank, userID: "a" }), {
      ...blankRow,
      ...Object.fromEntries(scalarFields.filter(({ kind }) => kind === "text").map(({ property }) => [property, ""])),
      username: "a",
      usernameNormalized: "a",
      address: "",
      customFields: [],
      location: "",
      showAllGroups: "",
      emails: [],
      phones: [],
      groups: { deletePerson: false, leaveAll: false, leave: [], join: [] },
    });
    assert.deepEqual(normalize({ userID: "", databaseID: "1" }), { ...blankRow, databaseId: "1" });
  });

  test("values are in normal form C; usernames are compared in lower case", () => {
    const row = normalize({ firstName: "Zoe\u0308", userID: "ZOE\u0308", databaseID: "a\u0301", campusName: "\ufb01" });
    assert.equal(row.firstName, "Zo\u00eb");
    assert.equal(row.username, "ZO\u00cb");
    assert.equal(row.usernameNormalized, "zo\u00eb");
    assert.equal(row.databaseId, "\u00e1");
    assert.equal(row.location, "\ufb01");
  });

  test("a row without an identifier fails, and its readable values are gone", () => {
    const failure = { code: "identifier_missing", details: {} };
    assert.deepEqual(normalize({}), { ...blankRow, failure });
    assert.deepEqual(normalize({ firstName: "Jane", databaseID: "", userID: " ".trim() }), { ...blankRow, failure });
    const unreadable = normalize({ firstName: "Jane", email: "jane" });
    assert.deepEqual(unreadable, {
      ...blankRow,
      emails: [],
      emailsIncomplete: true,
      issues: [{ code: "email_invalid", field: "email", details: { value: "jane" } }],
      failure,
    });
  });

  test("one identifier is enough", () => {
    for (const values of [{ databaseID: "1" }, { userID: "1" }, { email: "a@x.edu" }]) {
      assert.equal(normalize(values).failure, undefined);
    }
  });

  test("a failed row keeps the identifiers that were readable", () => {
    assert.deepEqual(
      normalize({ databaseID: "1", userID: "J", email: "a@x.edu", groupID: "1", phone: "5551234567", firstName: "x" }),
      {
        ...blankRow,
        databaseId: "1",
        username: "J",
        usernameNormalized: "j",
        emails: [{ email: "a@x.edu", normalized: "a@x.edu" }],
        failure: { code: "group_code_damaged", field: "groupID", details: { value: "1", code: "00001" } },
      },
    );
    const row = normalize({ databaseID: "a\u001eb", userID: "J", email: "a@x.edu" });
    assert.deepEqual([row.databaseId, row.username, row.emails?.length], [undefined, "J", 1]);
    assert.equal(row.failure?.code, "value_invalid");
  });

  test("values over their limit fail the row and name it", () => {
    const lengths: readonly (readonly [UserField, number])[] = [
      ["firstName", scalarField("firstName").limit],
      ["lastName", scalarField("lastName").limit],
      ["userID", scalarField("username").limit],
      ["databaseID", limits.user.databaseIdLength],
      ["campusName", scalarField("location").limit],
      ["address", scalarField("address").limit],
      ["customFields", scalarField("customFields").limit],
    ];
    for (const [field, limit] of lengths) {
      assert.equal(normalize({ email: "a@x.edu", [field]: "x".repeat(limit) }).failure, undefined, field);
      const { failure } = normalize({ email: "a@x.edu", [field]: "x".repeat(limit + 1) });
      assert.equal(failure?.code, "value_invalid", field);
      assert.equal(failure.field, field);
      assert.ok(
        String(failure.details.reason).includes(`longer than ${limit.toLocaleString("en-US")} characters`),
        field,
      );
      assert.match(rowIssues[failure.code].message(failure.details), new RegExp(`^${field} was refused: .*\\.$`));
    }
  });

  test("custom fields keep their positions, and there are at most 100", () => {
    assert.deepEqual(normalize({ databaseID: "1", customFields: "||x" }).customFields, ["", "", "x"]);
    const full = Array.from({ length: 100 }, () => "x").join("|");
    assert.equal(normalize({ databaseID: "1", customFields: `${full}|||` }).customFields?.length, 100);
    assert.equal(normalize({ databaseID: "1", customFields: `${full}|x` }).failure?.code, "value_invalid");
  });

  test("an address has up to five parts, and is blank if all of them are", () => {
    assert.equal(normalize({ databaseID: "1", address: " | || | " }).address, "");
    assert.equal(normalize({ databaseID: "1", address: "1 Main St, Town" }).address, "1 Main St, Town");
    assert.equal(normalize({ databaseID: "1", address: "|Town |" }).address, "|Town|");
    assert.equal(normalize({ databaseID: "1", address: "a|b|c|d|e|f" }).failure?.field, "address");
  });

  test("showAllGroups is 0 or 1; anything else is left out with a warning", () => {
    assert.equal(normalize({ databaseID: "1", showAllGroups: "0" }).showAllGroups, false);
    const row = normalize({ databaseID: "1", showAllGroups: "true" });
    assert.equal(row.showAllGroups, undefined);
    assert.deepEqual(row.issues, [
      { code: "show_all_groups_invalid", field: "showAllGroups", details: { value: "true" } },
    ]);
  });

  test("warnings of all lists are collected, and what they left out is marked", () => {
    const row = normalize({ databaseID: "1", email: "a@x.edu;b", phone: "911;2125551234||9", groupID: "G|2" });
    assert.deepEqual(
      row.issues.map(({ code }) => code),
      ["email_invalid", "phone_impossible", "phone_attribute_invalid", "role_not_permitted"],
    );
    assert.deepEqual([row.emailsIncomplete, row.phonesIncomplete, row.namesGroup], [true, true, true]);
  });

  test("namesGroup tells whether a group is joined", () => {
    assert.equal(normalize({ databaseID: "1", groupID: "00001" }).namesGroup, false);
    assert.equal(normalize({ databaseID: "1", groupID: "00002;G" }).namesGroup, false);
    assert.equal(normalize({ databaseID: "1", groupID: "00001;G" }).namesGroup, true);
  });

  test("issues show at most 200 characters of a value", () => {
    const [issue] = normalize({ databaseID: "1", email: `${"x".repeat(199)}😀${"y".repeat(1_000)}` }).issues;
    const shown = String(issue?.details.value);
    assert.equal(shown.length, 201);
    assert.ok(shown.isWellFormed());
  });

  test("hostile values are read in linear time", { timeout: 20_000 }, () => {
    for (const filler of [" ", "\n", " \n", "|", " |", "\u0301", "a\u0301", "x"]) {
      for (const field of userFields)
        normalize({ databaseID: "1", [field]: `a${filler.repeat(limits.xml.valueLength / 2)}b` });
    }
  });

  test("whatever a record holds, a row comes of it that normalises to itself", () => {
    const value = fc.oneof(
      fc.string({ unit: "binary", maxLength: 20 }),
      fc.string({ unit: "grapheme", maxLength: 20 }),
      fc.constantFrom("", "a@x.edu", "2125551234", "G1;G2|1", "00001", "a|b|c", "1"),
    );
    const values = fc.dictionary(
      fc.constantFrom(...userFields),
      value.map((text) => text.trim()),
    );
    fc.assert(
      fc.property(values, (record) => {
        const row = normalize(record);
        const named = row.databaseId !== undefined || row.username !== undefined || (row.emails ?? []).length > 0;
        assert.ok(named || row.failure !== undefined);
        for (const text of [row.firstName, row.lastName, row.username, row.databaseId, row.location, row.address]) {
          if (text === undefined) continue;
          // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
          assert.doesNotMatch(text, /[\u0000-\u001f\u007f-\u009f]/);
          assert.equal(text, text.normalize("NFC"));
        }
        if (row.failure !== undefined) return;
        const again = {
          ...record,
          firstName: row.firstName ?? "",
          address: row.address ?? "",
          campusName: row.location ?? "",
        };
        const second = normalize(again);
        assert.deepEqual(
          [second.firstName, second.address, second.location],
          [again.firstName, again.address, again.campusName],
        );
      }),
      property(2_000),
    );
  });
});
