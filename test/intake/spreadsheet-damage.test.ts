/** Damage by spreadsheets gets its own warnings. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { rowIssues } from "../../src/errors.ts";
import { normalizeUser } from "../../src/intake/normalize-user.ts";
import type { SourceRecord } from "../../src/intake/records.ts";
import { identifierDamage } from "../../src/intake/spreadsheet-damage.ts";

const rules = { countryCode: "1", grantableRoles: [1, 3, 4] };
const normalize = (values: SourceRecord["values"]) =>
  normalizeUser({ row: 1, line: 1, values: { email: "a@example.edu", ...values } }, rules);

const damaged: readonly [value: string, explanation: RegExp][] = [
  ...["9.00E+08", "9,00E+08", "1.23457E+11", "9E+08", "1e+15", "9.00123456E8"].map(
    (value) => [value, /shortened a long number/] as [string, RegExp],
  ),
  ...[
    "1/2/2026",
    "12/31/26",
    "2026-01-02",
    "2026-01-02 00:00:00",
    "02.01.2026",
    "2-Jan",
    "Jan-26",
    "2-Jan-26",
    "2-Jan-2026",
  ].map((value) => [value, /into a date/] as [string, RegExp]),
  ...["#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "########"].map(
    (value) => [value, /cannot show or calculate/] as [string, RegExp],
  ),
  ...["900123456.0", "123,00"].map((value) => [value, /added \.0/] as [string, RegExp]),
  ...["“jdoe”", "„jdoe“", "«jdoe»"].map((value) => [value, /typographic quotation marks/] as [string, RegExp]),
];
const sound = [
  "900123456",
  "MAR12",
  "mar-12",
  "12-34-5678",
  "A1-2/3",
  "12E34",
  "1.5",
  "2026",
  "j.doe",
  "jan",
  "o’brien",
  "1/2",
  "#7",
  "E+08",
];

test("damage to an identifier fails the row, and the identifier is left out", () => {
  for (const [value, explanation] of damaged) {
    for (const field of ["databaseID", "userID"] as const) {
      const row = normalize({ [field]: value });
      assert.equal(row.failure?.code, "spreadsheet_damage", value);
      assert.match(rowIssues.spreadsheet_damage.message(row.failure!.details), explanation);
      assert.equal(row.databaseId ?? row.username, undefined);
      assert.equal(row.emails?.length, 1, "the other identifiers still count");
    }
  }
});

test("identifiers that look a bit like it are left alone", () => {
  for (const value of sound) assert.equal(identifierDamage(value), undefined, value);
});

test("an error value in a name, an address or a location fails the row", () => {
  for (const field of ["firstName", "lastName", "address", "campusName"] as const) {
    assert.equal(normalize({ [field]: "#N/A" }).failure?.code, "spreadsheet_damage", field);
  }
  assert.equal(normalize({ firstName: "N/A", lastName: "Null" }).failure, undefined);
});

test("typographic quotation marks around a name are told, and taken as they are", () => {
  const row = normalize({ firstName: "“Jane”", lastName: "O’Brien" });
  assert.equal(row.firstName, "“Jane”");
  assert.deepEqual(
    row.issues.map(({ code, field }) => [code, field]),
    [["smart_quotes", "firstName"]],
  );
});

test("a damaged phone is left out with a warning, and withdraws no other", () => {
  for (const value of ["5.55E+09", "########", "#VALUE!", "2125550199.0", "System.Object[]"]) {
    const row = normalize({ phone: `${value};2125550123` });
    assert.deepEqual(
      row.issues.map(({ code }) => code),
      ["phone_damaged"],
      value,
    );
    assert.deepEqual(
      row.phones?.map(({ number }) => number),
      ["+12125550123"],
    );
    assert.equal(row.phonesIncomplete, true);
  }
});

test("a damaged code or group fails the row", () => {
  const wanted: readonly [string, string][] = [
    ...["0", "0.0", "1", "1,0", "2", "00001.0", "00002,0"].map(
      (value) => [value, "group_code_damaged"] as [string, string],
    ),
    ...["9.00E+08", "G1;#REF!", "12.0", "12-Oct", "2026-01-02", "1/2/2026", "G;9.1E8"].map(
      (value) => [value, "spreadsheet_damage"] as [string, string],
    ),
  ];
  for (const [value, code] of wanted) assert.equal(normalize({ groupID: value }).failure?.code, code, value);
  assert.equal(normalize({ groupID: "01;10;2026-01" }).failure, undefined);
});
