import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { normalizeUser } from "../../src/intake/normalize-user.ts";
import type { SourceRecord } from "../../src/intake/records.ts";
import { settingsSchema } from "../../src/organizations/settings.ts";
import { type PlainRules, plainEntry } from "../../src/reconcile/people/first-load/plain-rows.ts";

const settings = settingsSchema.parse({ grantableRoles: [1, 2, 3, 4] });

const rules: PlainRules = {
  sourceName: "students",
  settings,
  groups: new Set(["BIO", "ALL"]),
  createsGroup: (groupId) => groupId.startsWith("NEW"),
  joinedByEverybody: [],
  locations: new Set(["Main"]),
  createsLocation: (name) => name.startsWith("New"),
};

const ada = { firstName: "Ada", databaseID: "00001", email: "Ada@x.edu", groupID: "BIO" };

function entryOf(values: SourceRecord["values"], changed: Partial<PlainRules> = {}) {
  const entry = plainEntry(normalizeUser({ row: 1, line: 2, values }, settings), { ...rules, ...changed });
  return (
    entry && { changed: JSON.parse(entry.changed), memberships: JSON.parse(entry.memberships), wanted: entry.wanted }
  );
}

/** Values of the log's entry, without `from`: nothing was there before. */
function valuesOf(values: SourceRecord["values"]): Record<string, unknown> {
  const members = Object.entries(entryOf(values)!.changed as Record<string, { from: unknown; to: unknown }>);
  assert.deepEqual(new Set(members.map(([, { from }]) => from)), new Set([null]));
  return Object.fromEntries(members.map(([name, { to }]) => [name, to]));
}

describe("the log's entry of a plain row", () => {
  const sources = [{ source: "students", databaseId: "00001" }];
  const { firstName, databaseID, email } = ada;
  const entries: readonly [name: string, values: SourceRecord["values"], entry: Record<string, unknown>][] = [
    [
      "leaves out blank values",
      { ...ada, lastName: "", address: "" },
      { firstName: "Ada", emails: ["Ada@x.edu"], sources },
    ],
    [
      "has the primary e-mail first, and the others in the order of bytes",
      { ...ada, email: "m@x.edu;z@x.edu;b@x.edu" },
      { firstName: "Ada", emails: ["m@x.edu", "b@x.edu", "z@x.edu"], sources },
    ],
    [
      "has the phones in their order",
      { ...ada, phone: "212-555-0102;212-555-0101" },
      {
        firstName: "Ada",
        emails: ["Ada@x.edu"],
        phones: ["+12125550101", "+12125550102"].map((number) => ({
          number,
          extension: "",
          messageType: 3,
          label: "cell",
          carrier: "",
        })),
        sources,
      },
    ],
    [
      "escapes what JSON does not take as it is",
      { databaseID, email, groupID: "BIO", firstName: 'A"d\\a' },
      { firstName: 'A"d\\a', emails: ["Ada@x.edu"], sources },
    ],
    [
      "says null for a person without databaseID",
      { firstName, email, groupID: "BIO", userID: "Ada" },
      { firstName: "Ada", username: "Ada", emails: ["Ada@x.edu"], sources: [{ source: "students", databaseId: null }] },
    ],
  ];
  for (const [name, values, entry] of entries) it(name, () => assert.deepEqual(valuesOf(values), entry));

  it("has memberships in the order of group ids, default groups included", () => {
    const { memberships } = entryOf({ ...ada, groupID: "BIO|1" }, { joinedByEverybody: ["ALL", "BIO"] })!;
    assert.deepEqual(memberships, [
      { groupId: "ALL", role: { from: null, to: 0 } },
      { groupId: "BIO", role: { from: null, to: 1 } },
    ]);
  });

  it("wants groups and locations that do not exist and that imports create", () => {
    const { wanted } = entryOf({ ...ada, groupID: "BIO;NEW1", campusName: "New Campus" })!;
    assert.deepEqual(wanted, { groups: ["NEW1"], locations: ["New Campus"] });
  });
});

describe("a row is not plain", () => {
  const rows: readonly [reason: string, values: SourceRecord["values"]][] = [
    ["without identifiers but for an e-mail", { firstName: "Ada", email: "ada@x.edu", groupID: "BIO" }],
    ["without a name", { ...ada, firstName: "" }],
    ["without an e-mail that is required", { ...ada, email: "" }],
    ["without a group that is required", { ...ada, groupID: "" }],
    ["with something to report", { ...ada, phone: "12" }],
    ["with a group that imports do not create", { ...ada, groupID: "CHESS" }],
    ["with a location that imports do not create", { ...ada, campusName: "Elsewhere" }],
    ["that has somebody leave a group", { ...ada, groupID: "BIO;CHESS|00002" }],
    ["that has somebody leave all groups", { ...ada, groupID: "00001;BIO" }],
    ["that deletes somebody", { ...ada, groupID: "00000" }],
    ["that makes a network administrator", { ...ada, groupID: "BIO|2" }],
  ];
  for (const [reason, values] of rows) it(reason, () => assert.equal(entryOf(values), undefined));

  it("but is, without a group, if everybody joins one", () => {
    assert.notEqual(entryOf({ ...ada, groupID: "" }, { joinedByEverybody: ["ALL"] }), undefined);
  });
});
