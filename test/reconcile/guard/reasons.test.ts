import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { GuardLimits } from "../../../src/organizations/guard-limits.ts";
import type { GuardFigures } from "../../../src/reconcile/guard/figures.ts";
import { findReasons } from "../../../src/reconcile/guard/judge.ts";
import { figure, figuresOf, limitsOf, loss } from "./made-figures.ts";

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
