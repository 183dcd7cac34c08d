import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { GroupState } from "../../src/directory/save-groups.ts";
import type { GroupField } from "../../src/intake/group-columns.ts";
import { normalizeGroup } from "../../src/reconcile/groups/normalize-group.ts";
import { planGroups } from "../../src/reconcile/groups/plan-groups.ts";

const chess: GroupState = {
  groupId: "CHESS",
  name: "Chess",
  category: 8,
  type: 1,
  privacy: 2,
  postApproval: false,
  description: "Mondays",
  style: null,
  default: false,
  protected: false,
  guardPercent: null,
  parentGroupId: null,
};

const plan = (stored: readonly GroupState[], ...records: Partial<Record<GroupField, string>>[]) =>
  planGroups(
    records.map((values, index) => normalizeGroup({ row: index + 1, line: index + 1, values })),
    stored,
    1000,
  );

describe("planGroups (file formats, section 6)", () => {
  it("creates groups with the defaults, under the next number", () => {
    const { groups, lastGroupNumber } = plan([], {
      name: "Chess",
      category: "8",
      privacy: "2",
      description: "Mondays",
    });
    assert.deepEqual(groups, [{ action: "create", row: 1, group: { ...chess, groupId: "1001" } }]);
    assert.equal(lastGroupNumber, 1001);
  });

  it("changes what the row says, and keeps what it says nothing of", () => {
    const { groups } = plan([chess], { name: "CHESS", category: "club", description: "" });
    const changed = { description: { from: "Mondays", to: "" } };
    assert.deepEqual(groups, [{ action: "update", row: 1, group: { ...chess, description: "" }, changed }]);
  });

  it("changes nothing when the same file comes again", () => {
    const file = [
      { name: "Chess", category: "8" },
      { name: "Go" },
      { groupID: "R", name: "Rowing", parentGroupID: "CHESS" },
    ];
    const created = plan([chess], ...file).groups.flatMap((group) => (group.action === "create" ? [group.group] : []));
    assert.equal(created.length, 2);
    const again = plan([chess, ...created], ...file);
    assert.deepEqual(
      again.groups.map(({ action }) => action),
      ["keep", "keep", "keep"],
    );
  });

  it("deletes and purges what there is, and does nothing about what there is not", () => {
    const deleted = plan([chess], { action: "delete", name: "chess" }, { action: "purge", groupID: "X" });
    assert.deepEqual(deleted.groups, [{ action: "delete", row: 1, groupId: "CHESS" }]);
    assert.equal(deleted.failures.size, 0);
    const [purged] = plan([chess], { action: "purge", groupID: "CHESS", category: "9" }).groups;
    assert.deepEqual(purged, { action: "purge", row: 1, groupId: "CHESS" });
  });

  it("neither creates nor updates a group with an invalid field", () => {
    const { groups, failures } = plan([chess], { name: "Chess", category: "17" }, { name: "Go", type: "3" });
    assert.deepEqual(groups, []);
    assert.deepEqual([...failures.keys()], [1, 2]);
  });
});
