/** The guard's judgement of groups and locations that lose most of their people. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { GuardLimits } from "../../../src/organizations/guard-limits.ts";
import { type GroupLoss, type LocationLoss, nothingFound } from "../../../src/reconcile/guard/figures.ts";
import { findReasons } from "../../../src/reconcile/guard/judge.ts";
import { raised } from "../../../src/reconcile/guard/limits.ts";
import { noGuard } from "../../support/organization-store.ts";

const limits: GuardLimits = { ...noGuard, scopeEmptied: { percent: 50, from: 3 } };

const group = (lost: number, members: number, found: Partial<GroupLoss> = {}): GroupLoss => ({
  groupId: "CRS-1",
  members,
  lost,
  isProtected: false,
  guardPercent: null,
  ...found,
});
const location = (lost: number, people: number, deleted = 0): LocationLoss => ({
  name: "North",
  people,
  lost,
  deleted,
});

const reasonsOf = (groupLosses: GroupLoss[], locationLosses: LocationLoss[], by = limits) =>
  findReasons({ ...nothingFound, isRoster: true, sourceName: "students", rows: 9, groupLosses, locationLosses }, by);

for (const [name, at, over] of [
  ["more than half of a group", group(5, 10), group(6, 10)],
  ["groups of three or more", group(2, 2), group(2, 3)],
  ["a group without a limit of its own", group(9, 10, { guardPercent: 100 }), group(9, 10)],
] as const) {
  test(`${name} is held, and not one less`, () => {
    assert.deepEqual(reasonsOf([at], []), []);
    const [reason, ...others] = reasonsOf([over], []);
    assert.deepEqual([reason?.code, reason?.scope, others], ["scope_emptied", "removals", []]);
    assert.deepEqual(reasonsOf([over], [], noGuard), []);
  });
}

test("a location that people leave holds everything, and removals alone if they are deleted", () => {
  assert.deepEqual(reasonsOf([], [location(2, 4)]), []);
  assert.equal(reasonsOf([], [location(3, 4)])[0]?.scope, "everything");
  assert.equal(reasonsOf([], [location(3, 4, 2)])[0]?.scope, "everything");
  assert.equal(reasonsOf([], [location(3, 4, 3)])[0]?.scope, "removals");
});

test("a group over the limit of groups is told once", () => {
  const both: GuardLimits = { ...limits, groupMembersRemoved: { percent: 25, from: 1_000 } };
  const reasons = reasonsOf([group(9, 10, { isProtected: true })], [], both);
  assert.deepEqual(
    reasons.map(({ code }) => code),
    ["group_members_removed"],
  );
});

test("the message names the scope that loses most, and the number of others", () => {
  const [reason] = reasonsOf([group(6, 10), group(4, 5, { groupId: "CRS-2" })], [location(3, 4)]);
  assert.equal(
    reason?.message,
    "Group CRS-1 would lose 6 of its 10 people (60 %; limit 50 %). 2 other groups or locations lose too many as well.",
  );
  assert.deepEqual(reason?.examples, ["Group CRS-1: 6 of 10", "Group CRS-2: 4 of 5", "Location North: 3 of 4"]);
});

test("an announced change raises the limit", () => {
  assert.deepEqual(reasonsOf([group(6, 10)], [], raised(limits, { percent: 60 })), []);
});
