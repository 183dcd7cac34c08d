/** The joining of parts, where a first file is applied in parts. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Outcomes } from "../../../src/reconcile/attempts/outcomes.ts";
import { figuresOfParts, joinParts, nothingDone, type Part } from "../../../src/reconcile/people/first-load/parts.ts";

const partOf = (outcomes: Outcomes): Part => ({ ...nothingDone, outcomes });
const joined = (one: Outcomes, other: Outcomes) => joinParts(partOf(one), partOf(other)).outcomes;

describe("outcomes of two parts", () => {
  test("come one after the other", () => {
    assert.deepEqual(joined({ added: "{[1,5)}" }, { added: "{[7,9)}" }), { added: "{[1,5),[7,9)}" });
  });

  test("that adjoin are one range", () => {
    assert.deepEqual(joined({ added: "{[1,5)}" }, { added: "{[5,9)}" }), { added: "{[1,9)}" });
    assert.deepEqual(joined({ failed: "{[1,2),[4,5)}" }, { failed: "{[5,6),[8,9)}" }), {
      failed: "{[1,2),[4,6),[8,9)}",
    });
  });

  test("that interleave are sorted, and overlap once", () => {
    assert.deepEqual(joined({ added: "{[1,3),[7,9)}" }, { added: "{[3,5),[8,12)}" }), { added: "{[1,5),[7,12)}" });
    assert.deepEqual(joined({ added: "{[10,12)}" }, { added: "{[1,2)}" }), { added: "{[1,2),[10,12)}" });
  });

  test("that only one of them has are taken over, and absent ones stay absent", () => {
    assert.deepEqual(joined({ added: "{[1,2)}" }, { notAdded: "{[2,3)}" }), {
      added: "{[1,2)}",
      notAdded: "{[2,3)}",
    });
    assert.deepEqual(joined({}, {}), {});
  });
});

test("counts, figures and recorded changes add up", () => {
  const one: Part = {
    counts: { ...nothingDone.counts, rows: 3, people: 3, added: 2, failed: 1 },
    outcomes: {},
    recorded: { count: 2, firstSequence: 5, lastSequence: 6 },
    groups: { added: 4, unknown: 1 },
  };
  const other: Part = {
    counts: { ...nothingDone.counts, rows: 2, people: 2, added: 2, membershipsAdded: 6 },
    outcomes: {},
    recorded: { count: 3, firstSequence: 7, lastSequence: 9 },
    groups: { added: 6, unknown: 0 },
  };
  assert.deepEqual(joinParts(one, other), {
    counts: { ...nothingDone.counts, rows: 5, people: 5, added: 4, failed: 1, membershipsAdded: 6 },
    outcomes: {},
    recorded: { count: 5, firstSequence: 5, lastSequence: 9 },
    groups: { added: 10, unknown: 1 },
  });
  assert.deepEqual(joinParts(nothingDone, one), one);
});

test("the guard judges the joined parts: people and rows, failed ones, and unknown groups", () => {
  const part: Part = {
    ...nothingDone,
    counts: { ...nothingDone.counts, rows: 20, people: 18, failed: 2 },
    groups: { added: 30, unknown: 3 },
  };
  const figures = figuresOfParts(part, {
    isRoster: true,
    sourceName: "students",
    peopleInLastRoster: 40,
    rolesGranted: { count: 0, examples: [] },
  });
  assert.deepEqual(
    [figures.rows, figures.peopleInFile, figures.peopleInLastRoster, figures.rowsFailed.count],
    [20, 18, 40, 2],
  );
  assert.deepEqual([figures.groupsNamed, figures.groupsUnknown.count, figures.peopleRemoved.count], [33, 3, 0]);
});
