import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { GroupField } from "../../src/intake/group-columns.ts";
import { checkParents } from "../../src/reconcile/groups/check-parents.ts";
import { identifyGroups } from "../../src/reconcile/groups/identify-groups.ts";
import { normalizeGroup } from "../../src/reconcile/groups/normalize-group.ts";
import { numberGroups } from "../../src/reconcile/groups/number-groups.ts";

const group = (groupId: string, parentGroupId: string | null = null) => ({
  groupId,
  name: groupId,
  nameNormalized: groupId.toLowerCase(),
  parentGroupId,
});

/** The rows that fail for their parents, and the ids of the groups that are created. */
function check(groups: ReturnType<typeof group>[], ...records: Partial<Record<GroupField, string>>[]) {
  const rows = records.map((values, index) => normalizeGroup({ row: index + 1, line: index + 1, values }));
  const { rows: identified } = identifyGroups(rows, groups);
  const { groupIds } = numberGroups(identified, groups, 1000);
  return { failed: [...checkParents(identified, groups, groupIds).keys()].sort(), groupIds: [...groupIds.values()] };
}

describe("numberGroups", () => {
  it("gives the next numbers that neither a stored group nor the file has", () => {
    const { groupIds } = check([group("1001")], { name: "A" }, { groupID: "1003", name: "B" }, { name: "C" });
    assert.deepEqual(groupIds, ["1002", "1003", "1004"]);
  });
});

describe("checkParents (file formats, section 6)", () => {
  it("takes parents that are stored or created by the file, in whatever order", () => {
    const rows = [
      { groupID: "A", parentGroupID: "B" },
      { groupID: "B", parentGroupID: "S" },
    ];
    assert.deepEqual(check([group("S")], ...rows).failed, []);
  });

  it("fails rows whose parent does not exist or is deleted, and those below them", () => {
    assert.deepEqual(
      check([], { groupID: "A", parentGroupID: "X" }, { groupID: "B", parentGroupID: "A" }).failed,
      [1, 2],
    );
    assert.deepEqual(
      check([group("S")], { groupID: "S", action: "delete" }, { groupID: "A", parentGroupID: "S" }).failed,
      [2],
    );
  });

  it("fails the rows of a circle, and spares what merely hangs on stored groups", () => {
    const circle = [
      { groupID: "A", parentGroupID: "B" },
      { groupID: "B", parentGroupID: "A" },
    ];
    assert.deepEqual(
      check([group("A"), group("B"), group("C")], ...circle, { groupID: "C", parentGroupID: "A" }).failed,
      [1, 2],
    );
    assert.deepEqual(check([], { groupID: "A", parentGroupID: "A" }).failed, [1]);
  });

  it("sees circles that stored parents close", () => {
    assert.deepEqual(check([group("A", "B"), group("B")], { groupID: "B", parentGroupID: "A" }).failed, [1]);
    const turned = [
      { groupID: "A", parentGroupID: "" },
      { groupID: "B", parentGroupID: "A" },
    ];
    assert.deepEqual(check([group("A", "B"), group("B")], ...turned).failed, []);
  });
});
