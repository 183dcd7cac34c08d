/** The guard's judgement: which figures are over which limits, and what a hold then says. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { GuardLimits } from "../../../src/organizations/guard-limits.ts";
import type { GroupLoss, GuardFigures } from "../../../src/reconcile/guard/figures.ts";
import { findReasons, judgeFigures } from "../../../src/reconcile/guard/judge.ts";
import { couldPass, isOff, passes } from "../../../src/reconcile/guard/limits.ts";
import { noGuard } from "../../support/organization-store.ts";
import { figure, figuresOf, limitsOf, loss } from "./made-figures.ts";

const codesOf = (found: Partial<GuardFigures>, limits: Partial<GuardLimits>) =>
  findReasons(figuresOf(found), limitsOf(limits)).map(({ code }) => code);

describe("a figure at its limit passes, one more is held", () => {
  type Case = readonly [
    name: string,
    limits: Partial<GuardLimits>,
    at: Partial<GuardFigures>,
    over: Partial<GuardFigures>,
  ];
  const atOnce = { peopleRemovedAtOnce: { percent: 50, from: 3 } };
  const removed = (count: number, of: number) => ({ peopleRemoved: figure(count), peopleOfSource: of });
  const groupLimit = { groupMembersRemoved: { percent: 25, from: 1_000 } };
  const loses = (lost: number, group: Partial<GroupLoss>) => ({ groupLosses: [loss({ lost, ...group })] });
  const missing = { peopleMissing: { percent: 50, from: 20 } };
  const inFile = (peopleInFile: number, peopleInLastRoster: number) => ({ peopleInFile, peopleInLastRoster });
  const cases: Readonly<Record<string, readonly Case[]>> = {
    people_removed: [
      ["5 % of a larger source", { peopleRemoved: { percent: 5, above: 10 } }, removed(12, 240), removed(13, 240)],
      ["10 of a smaller one", { peopleRemoved: { percent: 5, above: 10 } }, removed(10, 100), removed(11, 100)],
      ["half of a small source", atOnce, removed(2, 4), removed(3, 4)],
      ["sources of fewer than three people", atOnce, removed(2, 2), removed(2, 3)],
    ],
    memberships_removed: [
      [
        "5 % and 50",
        { membershipsRemoved: { percent: 5, above: 50 } },
        { membershipsRemoved: 50, membershipsOfSource: 200 },
        { membershipsRemoved: 51, membershipsOfSource: 200 },
      ],
      [
        "5 % of many",
        { membershipsRemoved: { percent: 5, above: 50 } },
        { membershipsRemoved: 100, membershipsOfSource: 2_000 },
        { membershipsRemoved: 101, membershipsOfSource: 2_000 },
      ],
    ],
    group_members_removed: [
      ["a protected group", groupLimit, loses(5, { isProtected: true }), loses(6, { isProtected: true })],
      ["an ordinary group by its size", groupLimit, loses(999, { members: 999 }), loses(251, { members: 1_000 })],
      ["a quarter of a large group", groupLimit, loses(250, { members: 1_000 }), loses(251, { members: 1_000 })],
      ["a group with its own limit", groupLimit, loses(2, { guardPercent: 10 }), loses(3, { guardPercent: 10 })],
      [
        "its own limit wins over protection",
        groupLimit,
        loses(20, { guardPercent: 100, isProtected: true }),
        loses(3, { guardPercent: 10, isProtected: true }),
      ],
      ["a group's own limit without any other", {}, loses(2, { guardPercent: 10 }), loses(3, { guardPercent: 10 })],
    ],
    contacts_removed: [
      [
        "5 % and 10",
        { contactsRemoved: { percent: 5, above: 10 } },
        { contactsRemoved: figure(10), peopleOfSource: 100 },
        { contactsRemoved: figure(11), peopleOfSource: 100 },
      ],
    ],
    rows_unidentified: [
      [
        "any such row of a file that removes something",
        { rowsUnidentified: { above: 0 } },
        { rowsUnidentified: figure(0), membershipsRemoved: 1 },
        { rowsUnidentified: figure(1), membershipsRemoved: 1 },
      ],
      [
        "a file that removes nothing",
        { rowsUnidentified: { above: 0 } },
        { rowsUnidentified: figure(1) },
        { rowsUnidentified: figure(1), contactsRemoved: figure(1) },
      ],
      [
        "a file whose silence removes nothing",
        { rowsUnidentified: { above: 0 } },
        { rowsUnidentified: figure(1), peopleRemoved: figure(1), silenceRemoves: false },
        { rowsUnidentified: figure(1), peopleRemoved: figure(1) },
      ],
    ],
    people_missing: [
      ["half of the last roster", missing, inFile(10, 20), inFile(9, 20)],
      ["last rosters of fewer than 20", missing, inFile(1, 19), inFile(9, 20)],
      ["a first roster", missing, { peopleInFile: 1 }, inFile(1, 20)],
      ["a file that is not a roster", missing, { ...inFile(1, 20), isRoster: false }, inFile(1, 20)],
    ],
    rows_failed: [
      [
        "20 % of the rows",
        { rowsFailed: { percent: 20, from: 20 } },
        { rows: 20, rowsFailed: figure(4) },
        { rows: 20, rowsFailed: figure(5) },
      ],
      [
        "files of fewer than 20 rows",
        { rowsFailed: { percent: 20, from: 20 } },
        { rows: 19, rowsFailed: figure(19) },
        { rows: 20, rowsFailed: figure(19) },
      ],
      [
        "a file that is not a roster",
        { rowsFailed: { percent: 20, from: 20 } },
        { rows: 20, rowsFailed: figure(20), isRoster: false },
        { rows: 20, rowsFailed: figure(20) },
      ],
    ],
    groups_unknown: [
      [
        "5 % and 10",
        { groupsUnknown: { percent: 5, above: 10 } },
        { groupsUnknown: figure(10), groupsNamed: 110 },
        { groupsUnknown: figure(11), groupsNamed: 111 },
      ],
    ],
    identifiers_changed: [
      [
        "half of a small source, and more than 2",
        { identifiersChanged: { percent: 1, above: 10 }, changedAtOnce: { percent: 50, above: 2 } },
        { identifiersChanged: { ...figure(3), zerosLost: 0, lostZero: null }, peopleInFile: 3, peopleOfSource: 6 },
        { identifiersChanged: { ...figure(3), zerosLost: 0, lostZero: null }, peopleInFile: 3, peopleOfSource: 5 },
      ],
      [
        "1 % and 10",
        { identifiersChanged: { percent: 1, above: 10 } },
        { identifiersChanged: { ...figure(10), zerosLost: 0, lostZero: null }, peopleInFile: 100 },
        { identifiersChanged: { ...figure(11), zerosLost: 0, lostZero: null }, peopleInFile: 100 },
      ],
    ],
    people_of_another_source: [
      [
        "half of the file, and more than 10",
        { peopleOfAnotherSource: { percent: 50, above: 10 } },
        { peopleOfAnotherSource: { ...figure(20), source: "staff" }, peopleInFile: 40, peopleOfSource: 5 },
        { peopleOfAnotherSource: { ...figure(21), source: "staff" }, peopleInFile: 40, peopleOfSource: 5 },
      ],
      [
        "a source without people",
        { peopleOfAnotherSource: { percent: 50, above: 10 } },
        { peopleOfAnotherSource: { ...figure(40), source: "staff" }, peopleInFile: 40, peopleOfSource: 0 },
        { peopleOfAnotherSource: { ...figure(40), source: "staff" }, peopleInFile: 40, peopleOfSource: 1 },
      ],
    ],
  };
  for (const [code, limits] of Object.entries(cases)) {
    for (const [name, limit, at, over] of limits) {
      test(`${code}: ${name}`, () => {
        assert.deepEqual([codesOf(at, limit), codesOf(over, limit)], [[], [code]]);
        assert.deepEqual(codesOf({ ...over, groupLosses: [] }, {}), [], "a limit that is off holds nothing");
      });
    }
  }
});

describe("a verdict", () => {
  const limits = limitsOf({
    peopleRemoved: { percent: 5, above: 10 },
    rowsFailed: { percent: 20, from: 20 },
    identifiersChanged: { percent: 1, above: 10 },
  });
  const removals = figuresOf({ peopleRemoved: figure(20, ["1 Ann"]), peopleOfSource: 100 });
  const at = new Date("2026-11-22T02:00:00Z");
  const announced = {
    percent: 20,
    from: "2026-11-22T00:00:00Z",
    until: "2026-11-23T00:00:00Z",
    announcedBy: "Kim Park",
    usedBy: null,
  };

  test("holds removals alone if nothing else is over a limit, and additions may be applied", () => {
    const verdict = judgeFigures(removals, limits, null, at);
    assert.deepEqual(verdict.outcome === "held" && [verdict.scope, verdict.reasons.length], ["removals", 1]);
    const strict = judgeFigures(removals, { ...limits, applyAdditions: false }, null, at);
    assert.equal(strict.outcome === "held" && strict.scope, "everything");
  });

  test("holds everything if any other limit is passed, and tells identities first", () => {
    const changed = { ...figure(11), zerosLost: 0, lostZero: null };
    const figures = { ...removals, rowsFailed: figure(21), identifiersChanged: changed, peopleInFile: 80 };
    const verdict = judgeFigures(figures, limits, null, at);
    assert.deepEqual(verdict.outcome === "held" && [verdict.scope, verdict.reasons.map(({ code }) => code)], [
      "everything",
      ["identifiers_changed", "rows_failed", "people_removed"],
    ]);
  });

  test("passes under an announced change that is large enough, in force, and unused", () => {
    assert.deepEqual(judgeFigures(removals, limits, announced, at), { outcome: "passes", uses: announced });
    for (const other of [
      { ...announced, percent: 19 },
      { ...announced, from: "2026-11-22T02:00:01Z" },
      { ...announced, until: "2026-11-22T02:00:00Z" },
      { ...announced, usedBy: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a" },
    ]) {
      assert.equal(judgeFigures(removals, limits, other, at).outcome, "held", JSON.stringify(other));
    }
  });

  test("leaves an announced change unused if no limit needs it", () => {
    const ordinary = figuresOf({ peopleRemoved: figure(2), peopleOfSource: 100 });
    assert.deepEqual(judgeFigures(ordinary, limits, announced, at), { outcome: "passes", uses: null });
  });

  test("does not raise a limit that is higher already, nor limits of identity", () => {
    const high = limitsOf({ peopleRemoved: { percent: 50, above: 10 } });
    const half = figuresOf({ peopleRemoved: figure(50), peopleOfSource: 100 });
    assert.deepEqual(judgeFigures(half, high, announced, at), { outcome: "passes", uses: null });
    const changed = figuresOf({
      identifiersChanged: { ...figure(15), zerosLost: 0, lostZero: null },
      peopleInFile: 100,
    });
    assert.equal(judgeFigures(changed, limits, announced, at).outcome, "held");
  });
});

test("a limit is passed by more than its percentage and more than its number", () => {
  assert.equal(passes(11, 0, { percent: 5, above: 10 }), true);
  assert.equal(passes(0, 0, { percent: 0, above: 0 }), false);
  assert.equal(passes(1_000, 1_000, null), false);
  assert.deepEqual(
    [couldPass(10, { above: 10 }), couldPass(11, { above: 10 }), couldPass(11, null)],
    [false, true, false],
  );
});

test("a guard without any limit is off, with or without applyAdditions", () => {
  assert.equal(isOff(noGuard), true);
  assert.equal(isOff({ ...noGuard, applyAdditions: false }), true);
  assert.equal(isOff({ ...noGuard, rowsUnidentified: { above: 0 } }), false);
});
