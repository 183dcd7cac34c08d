/** The guard's judgement: which figures are over which limits, and what a hold then says. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { GuardLimits } from "../../../src/organizations/guard-limits.ts";
import { type GroupLoss, type GuardFigures, nothingFound } from "../../../src/reconcile/guard/figures.ts";
import { findReasons, judgeFigures } from "../../../src/reconcile/guard/judge.ts";
import { couldPass, isOff, passes } from "../../../src/reconcile/guard/limits.ts";
import { noGuard } from "../../support/organization-store.ts";

const figure = (count: number, examples: string[] = []) => ({ count, examples });

const figuresOf = (found: Partial<GuardFigures>): GuardFigures => ({
  ...nothingFound,
  isRoster: true,
  silenceRemoves: true,
  sourceName: "students",
  rows: 100,
  ...found,
});

const loss = (found: Partial<GroupLoss>): GroupLoss => ({
  groupId: "CRS-1",
  members: 20,
  lost: 1,
  isProtected: false,
  guardPercent: null,
  ...found,
});

const limitsOf = (limits: Partial<GuardLimits>): GuardLimits => ({ ...noGuard, ...limits });

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

describe("a reason says what was found, and what to do", () => {
  const only = (found: Partial<GuardFigures>, limits: Partial<GuardLimits>) => {
    const [reason, ...others] = findReasons(figuresOf(found), limitsOf(limits));
    assert.deepEqual(others, []);
    return reason!;
  };

  test("people removed, with the group that they empty", () => {
    const found = {
      peopleRemoved: figure(2_318, ["900123456 Jane Doe"]),
      peopleOfSource: 41_870,
      emptiedGroup: { groupId: "RES-NORTH", people: 2_300 },
    };
    assert.deepEqual(only(found, { peopleRemoved: { percent: 5, above: 10 } }), {
      code: "people_removed",
      scope: "removals",
      figure: 2_318,
      of: 41_870,
      limit: "5 %",
      message:
        "2,318 people would be deleted: 5.5 % of the 41,870 of students (limit 5 %). 2,300 of them are in RES-NORTH, which this file names nowhere: probably a missing part of the extract.",
      advice:
        "If the file is wrong, correct it and send it again; this hold closes itself. If it is right, approve the plan.",
      examples: ["900123456 Jane Doe"],
    });
  });

  test("people removed names the limit that is passed", () => {
    const limits = { peopleRemoved: { percent: 5, above: 10 }, peopleRemovedAtOnce: { percent: 50, from: 3 } };
    assert.equal(only({ peopleRemoved: figure(3), peopleOfSource: 4 }, limits).limit, "50 %");
    assert.equal(only({ peopleRemoved: figure(30), peopleOfSource: 40 }, limits).limit, "5 %");
  });

  test("the group that loses most, and how many others do, with ten examples at most", () => {
    const groupLosses = Array.from({ length: 12 }, (_, index) =>
      loss({ groupId: `G${index}`, lost: 20, isProtected: true }),
    );
    const reason = only({ groupLosses }, { groupMembersRemoved: { percent: 25, from: 1_000 } });
    assert.equal(
      reason.message,
      "G0 would lose 20 of its 20 members (100 %; limit 25 %). So would 11 other groups lose too many.",
    );
    assert.deepEqual([reason.examples.length, reason.examples[0]], [10, "G0: 20 of 20"]);
    const memberships = only(
      { groupLosses, membershipsRemoved: 240, membershipsOfSource: 1_000 },
      { membershipsRemoved: { percent: 5, above: 50 } },
    );
    assert.equal(memberships.message, "240 memberships would end: 24 % of the 1,000 of students (limit 5 %).");
    assert.equal(memberships.examples.length, 10);
  });

  test("lost zeros, if they explain most of the changed identifiers", () => {
    const limits = { identifiersChanged: { percent: 1, above: 10 } };
    const lostZero = "`00123456` → `123456` (line 2)";
    const explained = only(
      { identifiersChanged: { ...figure(20), zerosLost: 11, lostZero }, peopleInFile: 20 },
      limits,
    );
    assert.equal(
      explained.message,
      `20 of 20 people (100 %; limit 1 %) arrive under another databaseID or userID, e.g. ${lostZero}. Leading zeros look lost, as when a spreadsheet saves the file.`,
    );
    assert.equal(explained.advice, "Export again as text. Do not approve unless everybody was renumbered.");
    const other = only({ identifiersChanged: { ...figure(20), zerosLost: 10, lostZero }, peopleInFile: 20 }, limits);
    assert.equal(other.message, "20 of 20 people (100 %; limit 1 %) arrive under another databaseID or userID.");
    assert.match(other.advice, /^If everybody was renumbered, or the file is not of students, see to that first\./);
  });

  test("the source that a file is of instead", () => {
    const limits = { peopleOfAnotherSource: { percent: 50, above: 10 } };
    const found = { peopleInFile: 40, peopleOfSource: 60 };
    const known = only({ ...found, peopleOfAnotherSource: { ...figure(40), source: "staff" } }, limits);
    assert.match(known.message, /^40 of 40 people \(100 %; limit 50 %\) are known from staff and not from students: /);
    assert.match(known.advice, /^Send it again as staff, and the file of students here/);
    const unknown = only({ ...found, peopleOfAnotherSource: { ...figure(40), source: null } }, limits);
    assert.match(unknown.message, /are known from another source and not from students/);
  });

  test("everything else", () => {
    const messages = [
      only({ contactsRemoved: figure(11), peopleOfSource: 100 }, { contactsRemoved: { percent: 5, above: 10 } }),
      only({ rowsUnidentified: figure(1), membershipsRemoved: 1 }, { rowsUnidentified: { above: 0 } }),
      only({ peopleInFile: 9, peopleInLastRoster: 20 }, { peopleMissing: { percent: 50, from: 20 } }),
      only({ rows: 20, rowsFailed: figure(5) }, { rowsFailed: { percent: 20, from: 20 } }),
      only({ groupsUnknown: figure(11), groupsNamed: 111 }, { groupsUnknown: { percent: 5, above: 10 } }),
    ].map(({ message }) => message);
    assert.deepEqual(messages, [
      "11 people would lose an e-mail or a phone: 11 % of the 100 of students (limit 5 %). Probably a column is missing values.",
      "1 row has no readable identifier, so it is unclear whom the file leaves out.",
      "The file has 9 people, the last roster of students that was applied had 20: 55 % fewer (limit 50 %). The extract is probably incomplete.",
      "5 rows of 20 (25 %; limit 20 %) cannot be applied.",
      "11 of 111 memberships that the file names (9.9 %; limit 5 %) are in groups that do not exist.",
    ]);
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

test("a guard without any limit is off, whatever it says of additions", () => {
  assert.equal(isOff(noGuard), true);
  assert.equal(isOff({ ...noGuard, applyAdditions: false }), true);
  assert.equal(isOff({ ...noGuard, rowsUnidentified: { above: 0 } }), false);
});
