import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { GroupField } from "../../src/intake/group-columns.ts";
import { normalizeGroup } from "../../src/reconcile/groups/normalize-group.ts";

const normalize = (values: Partial<Record<GroupField, string>>) => normalizeGroup({ row: 1, line: 2, values });

/** Asserts that a row fails for one of its values. */
function assertFails(values: Partial<Record<GroupField, string>>, field: GroupField, reason: RegExp): void {
  const { failure } = normalize({ name: "Chess", ...values });
  assert.equal(failure?.code, "value_invalid");
  assert.equal(failure.field, field);
  assert.match(String(failure.details.reason), reason);
}

describe("normalizeGroup (file formats, section 6)", () => {
  it("reads codes, and codes by their names without regard to case", () => {
    const byCode = normalize({ name: "Chess", category: "12", type: "2", privacy: "3" });
    const byName = normalize({
      name: "Chess",
      category: "emergency alerts",
      type: "Announcement only",
      privacy: "SECRET",
    });
    assert.deepEqual(byCode.values, { category: 12, type: 2, privacy: 3 });
    assert.deepEqual(byName, byCode);
  });

  it("says nothing of absent columns, and takes the default where a column is blank", () => {
    assert.deepEqual(normalize({ groupID: "CHESS" }).values, {});
    const blank = { category: "", type: "", privacy: "", postApproval: "", description: "", style: "", default: "" };
    const values = normalize({ groupID: "CHESS", name: "", ...blank, guardPercent: "", parentGroupID: "" }).values;
    assert.deepEqual(values, {
      category: 1,
      type: 1,
      privacy: 1,
      postApproval: false,
      description: "",
      style: null,
      default: false,
      guardPercent: null,
      parentGroupId: null,
    });
  });

  it("compares names without regard to case and reads actions", () => {
    const row = normalize({ action: "Purge", name: "CHÉSS" });
    assert.equal(row.nameNormalized, "chéss");
    assert.equal(row.action, "purge");
  });

  it("takes names of 49 characters and none of 50", () => {
    assert.equal(normalize({ name: "x".repeat(49) }).failure, undefined);
    assertFails({ name: "x".repeat(50) }, "name", /more than 49 characters/);
  });

  it("fails a row with any invalid field, as swapped columns have, and keeps whom it is about", () => {
    assertFails({ category: "Chess Club" }, "category", /"Chess Club" is neither/);
    assertFails({ category: "17" }, "category", /neither one of 1, 2/);
    assertFails({ type: "3" }, "type", /neither one of 1, 2 nor/);
    assertFails({ privacy: "0" }, "privacy", /neither/);
    assertFails({ postApproval: "yes" }, "postApproval", /neither 0 nor 1/);
    assertFails({ style: "roster" }, "style", /not one of static/);
    assertFails({ guardPercent: "101" }, "guardPercent", /from 0 to 100/);
    assertFails({ groupID: "00000" }, "groupID", /code of feeds/);
    assertFails({ parentGroupID: "A;B" }, "parentGroupID", /without white space/);
    assertFails({ action: "drop" }, "action", /not one of delete, purge/);
    assertFails({ description: "x".repeat(2001) }, "description", /2000 characters/);
    assert.equal(normalize({ name: "Chess", category: "17" }).nameNormalized, "chess");
  });

  it("fails a row that names no group", () => {
    assert.equal(normalize({ name: "", category: "1" }).failure?.field, "name");
  });

  it("takes nothing from a row whose columns cannot be told apart", () => {
    const failure = { code: "columns_differ", details: {} } as const;
    const row = normalizeGroup({ row: 1, line: 1, values: { name: "Chess" }, failure, unreadable: true });
    assert.deepEqual(row, { row: 1, line: 1, action: "save", values: {}, failure });
  });
});
