/** The counts of an import of which a part was held and approved later. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ImportCounts } from "../../../src/reconcile/attempts/import-resource.ts";
import { addCounts } from "../../../src/reconcile/run/add-counts.ts";

const first: ImportCounts = {
  rows: 40,
  people: 38,
  added: 2,
  updated: 5,
  unchanged: 31,
  removed: 0,
  withdrawn: 0,
  kept: 1,
  failed: 2,
  notAdded: 1,
  warnings: 3,
  merged: 0,
  returned: 0,
  membershipsAdded: 7,
  membershipsRemoved: 0,
  groupsCreated: 1,
  locationsCreated: 0,
};
const second: ImportCounts = {
  ...first,
  added: 0,
  updated: 8,
  unchanged: 28,
  removed: 10,
  withdrawn: 2,
  kept: 4,
  membershipsAdded: 0,
  membershipsRemoved: 12,
  groupsCreated: 0,
};

test("of users: removals add up, and people whom both parts update count once", () => {
  assert.deepEqual(addCounts("users", first, second), {
    ...first,
    removed: 10,
    withdrawn: 2,
    kept: 4,
    updated: 8,
    membershipsRemoved: 12,
  });
});

test("of groups and locations: each row does one thing, so a row of the second part is not unchanged any more", () => {
  const expected = { added: 2, updated: 13, removed: 10, unchanged: 31 - 8 - 10 };
  for (const kind of ["groups", "locations"] as const) {
    const { added, updated, removed, unchanged } = addCounts(kind, first, second);
    assert.deepEqual({ added, updated, removed, unchanged }, expected);
  }
});
