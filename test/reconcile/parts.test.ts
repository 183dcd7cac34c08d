import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Outcomes } from "../../src/reconcile/attempts/outcomes.ts";
import { figuresOfParts, joinParts, nothingDone, type Part } from "../../src/reconcile/people/first-load/parts.ts";

const part = (counts: Partial<Part["counts"]>, rest: Partial<Part> = {}): Part => ({
  ...nothingDone,
  ...rest,
  counts: { ...nothingDone.counts, ...counts },
});

const joinedOutcomes = (one: Outcomes, other: Outcomes) =>
  joinParts({ ...nothingDone, outcomes: one }, { ...nothingDone, outcomes: other }).outcomes;

describe("joining the parts of a file", () => {
  it("adds up all counts", () => {
    const one = part({ rows: 3, added: 2, failed: 1, membershipsAdded: 4 }, { groups: { added: 4, unknown: 1 } });
    const other = part({ rows: 2, added: 2, groupsCreated: 1 }, { groups: { added: 0, unknown: 2 } });
    const joined = joinParts(one, other);
    assert.deepEqual(
      joined.counts,
      part({ rows: 5, added: 4, failed: 1, membershipsAdded: 4, groupsCreated: 1 }).counts,
    );
    assert.deepEqual(joined.groups, { added: 4, unknown: 3 });
  });

  const recordings: readonly [
    name: string,
    one: Part["recorded"],
    other: Part["recorded"],
    joined: Part["recorded"],
  ][] = [
    ["nothing and nothing", { count: 0 }, { count: 0 }, { count: 0 }],
    [
      "something and nothing",
      { count: 2, firstSequence: 5, lastSequence: 6 },
      { count: 0 },
      { count: 2, firstSequence: 5, lastSequence: 6 },
    ],
    [
      "nothing and something",
      { count: 0 },
      { count: 2, firstSequence: 5, lastSequence: 6 },
      { count: 2, firstSequence: 5, lastSequence: 6 },
    ],
    [
      "two stretches of the log",
      { count: 2, firstSequence: 5, lastSequence: 6 },
      { count: 3, firstSequence: 7, lastSequence: 9 },
      { count: 5, firstSequence: 5, lastSequence: 9 },
    ],
  ];
  for (const [name, one, other, joined] of recordings)
    it(`joins the numbers of the log: ${name}`, () => {
      assert.deepEqual(joinParts(part({}, { recorded: one }), part({}, { recorded: other })).recorded, joined);
    });

  const ranges: readonly [
    name: string,
    one: string | undefined,
    other: string | undefined,
    joined: string | undefined,
  ][] = [
    ["none", undefined, undefined, undefined],
    ["only in the first part", "{[1,4)}", undefined, "{[1,4)}"],
    ["only in the second part", undefined, "{[4,6)}", "{[4,6)}"],
    ["adjoining", "{[1,4)}", "{[4,6)}", "{[1,6)}"],
    ["adjoining, of several ranges", "{[1,2),[3,4)}", "{[4,6),[8,9)}", "{[1,2),[3,6),[8,9)}"],
    ["apart", "{[1,4)}", "{[6,8)}", "{[1,4),[6,8)}"],
    ["with numbers of different lengths", "{[1,10)}", "{[10,1001)}", "{[1,1001)}"],
    ["in reverse order", "{[6,8)}", "{[1,4)}", "{[1,4),[6,8)}"],
    ["interleaved", "{[1,2),[5,6)}", "{[3,4),[6,7)}", "{[1,2),[3,4),[5,7)}"],
    ["one within the gap of the other, adjoining both", "{[1,3),[5,8)}", "{[3,5)}", "{[1,8)}"],
  ];
  for (const [name, one, other, joined] of ranges)
    it(`joins ranges of rows: ${name}`, () => {
      const outcomes = (added: string | undefined) => (added === undefined ? {} : { added });
      assert.deepEqual(joinedOutcomes(outcomes(one), outcomes(other)), outcomes(joined));
    });

  it("joins each outcome by itself", () => {
    assert.deepEqual(
      joinedOutcomes({ added: "{[1,3)}", failed: "{[3,4)}" }, { failed: "{[4,5)}", notAdded: "{[4,5)}" }),
      {
        added: "{[1,3)}",
        failed: "{[3,5)}",
        notAdded: "{[4,5)}",
      },
    );
  });
});

describe("the guard's figures of a file in parts", () => {
  it("count rows, people, failures and groups, and nothing that is removed", () => {
    const all = part({ rows: 10, people: 9, failed: 1 }, { groups: { added: 5, unknown: 3 } });
    const source = {
      isRoster: true,
      sourceName: "students",
      peopleInLastRoster: 8,
      rolesGranted: { count: 0, examples: [] },
    };
    const figures = figuresOfParts(all, source);
    const { rows, peopleInFile, rowsFailed, groupsNamed, groupsUnknown, peopleRemoved, isRoster } = figures;
    assert.deepEqual(
      { rows, peopleInFile, rowsFailed: rowsFailed.count, groupsNamed, groupsUnknown: groupsUnknown.count },
      { rows: 10, peopleInFile: 9, rowsFailed: 1, groupsNamed: 8, groupsUnknown: 3 },
    );
    assert.deepEqual({ isRoster, removed: peopleRemoved.count }, { isRoster: true, removed: 0 });
  });
});
