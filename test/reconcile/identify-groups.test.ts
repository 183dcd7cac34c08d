import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { GroupField } from "../../src/intake/group-columns.ts";
import { identifyGroups } from "../../src/reconcile/groups/identify-groups.ts";
import { normalizeGroup } from "../../src/reconcile/groups/normalize-group.ts";

const chess = { groupId: "1001", name: "Chess", nameNormalized: "chess" };
const choir = { groupId: "CHOIR", name: "Choir", nameNormalized: "choir" };

/** Ids of the stored groups that the rows are about (null: a new one), and the reasons of those that fail. */
function identify(...records: Partial<Record<GroupField, string>>[]) {
  const rows = records.map((values, index) => normalizeGroup({ row: index + 1, line: index + 1, values }));
  const { rows: identified, failures } = identifyGroups(rows, [chess, choir]);
  return {
    groups: identified.map(({ row, stored }) => [row.row, stored?.groupId ?? null]),
    failures: [...failures].sort(([one], [other]) => one - other).map(([row, { details }]) => [row, details.reason]),
  };
}

describe("identifyGroups (file formats, section 6)", () => {
  it("goes by the id, else by the name without regard to case; anything else is new", () => {
    assert.deepEqual(identify({ groupID: "1001" }, { name: "CHOIR" }, { name: "Rowing" }, { groupID: "choir2" }), {
      groups: [
        [1, "1001"],
        [2, "CHOIR"],
        [3, null],
        [4, null],
      ],
      failures: [],
    });
  });

  it("changes no name, though it may be written in another case", () => {
    assert.deepEqual(identify({ groupID: "1001", name: "CHESS" }).failures, []);
    assert.deepEqual(identify({ groupID: "1001", name: "Go" }).failures, [
      [1, "the group 1001 is called Chess, and a name can't be changed"],
    ]);
  });

  it("gives no name twice", () => {
    assert.deepEqual(identify({ groupID: "1002", name: "chess" }).failures, [[1, "it is the name of the group 1001"]]);
    assert.deepEqual(identify({ groupID: "choir" }).failures, [[1, "it is the name of the group CHOIR"]]);
  });

  it("fails all rows about one group, differing in case or not, and tells the other's line", () => {
    const twin = (line: number) => `line ${line} is about the same group, and nobody knows which of them is meant`;
    const both = [
      [1, twin(2)],
      [2, twin(1)],
    ];
    assert.deepEqual(identify({ name: "Rowing" }, { name: "ROWING" }), { groups: [], failures: both });
    assert.deepEqual(identify({ groupID: "1001" }, { name: "chess" }), { groups: [], failures: both });
    assert.deepEqual(identify({ groupID: "R", name: "Rowing" }, { groupID: "R", name: "Regatta" }).failures, both);
    assert.equal(identify({ name: "Rowing" }, { name: "rowing" }, { name: "ROWING" }).failures.length, 3);
  });

  it("needs a name where the id is too long for one", () => {
    assert.match(String(identify({ groupID: "x".repeat(50) }).failures[0]?.[1]), /it is needed/);
  });

  it("lets unknown groups be deleted and purged", () => {
    const { groups, failures } = identify(
      { action: "delete", groupID: "x".repeat(60) },
      { action: "purge", name: "Go" },
    );
    assert.equal(groups.length, 2);
    assert.deepEqual(failures, []);
  });
});
