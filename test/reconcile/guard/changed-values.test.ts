/** The guard's judgement of values that change. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { GuardLimits } from "../../../src/organizations/guard-limits.ts";
import { type GuardFigures, nothingFound, valueFigures } from "../../../src/reconcile/guard/figures.ts";
import { findReasons } from "../../../src/reconcile/guard/judge.ts";
import { noGuard } from "../../support/organization-store.ts";

const figure = (count: number, examples: string[] = []) => ({ count, examples });

const figuresOf = (found: Partial<GuardFigures>): GuardFigures => ({
  ...nothingFound,
  isRoster: true,
  sourceName: "students",
  rows: 100,
  ...found,
});

const limitsOf = (limits: Partial<GuardLimits>): GuardLimits => ({ ...noGuard, ...limits });

describe("a figure of changed values at its limit passes, one more is held", () => {
  for (const name of valueFigures) {
    const code = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const own = limitsOf({ [name]: { percent: 5, above: 10 } });
    const atOnce = { ...own, changedAtOnce: { percent: 50, above: 2 } };
    for (const [rule, limits, at, over] of [
      ["more than 10", own, [10, 100], [11, 100]],
      ["more than 5 %", own, [20, 400], [21, 400]],
      ["more than 2 people of a small source", atOnce, [2, 2], [3, 3]],
      ["more than half of a small source", atOnce, [5, 10], [6, 10]],
    ] as const) {
      test(`${code}: ${rule}`, () => {
        const codesOf = ([count, peopleOfSource]: readonly [number, number]) =>
          findReasons(figuresOf({ [name]: figure(count), peopleOfSource }), limits).map((reason) => reason.code);
        assert.deepEqual([codesOf(at), codesOf(over)], [[], [code]]);
      });
    }
  }
});

describe("changed values", () => {
  const limits = limitsOf({
    namesChanged: { percent: 5, above: 10 },
    rolesGranted: { percent: 5, above: 10 },
    changedAtOnce: { percent: 50, above: 2 },
  });

  test("of a first file are judged only if they are roles, and only if more than half of the people get one", () => {
    const first = { peopleOfSource: 0, peopleNew: 40, namesChanged: figure(40) };
    assert.deepEqual(findReasons(figuresOf({ ...first, rolesGranted: figure(20) }), limits), []);
    const [reason] = findReasons(figuresOf({ ...first, rolesGranted: figure(21) }), limits);
    assert.deepEqual([reason?.code, reason?.figure, reason?.of, reason?.limit], ["roles_granted", 21, 40, "50 %"]);
  });

  test("are not judged at once if their own limit is off", () => {
    const all = figuresOf({ namesChanged: figure(40), peopleOfSource: 40 });
    assert.deepEqual(findReasons(all, { ...limits, namesChanged: null }), []);
  });

  test("name the figure, the limit and the likely cause", () => {
    const [reason] = findReasons(figuresOf({ namesChanged: figure(1_200, ["1 Ann"]), peopleOfSource: 8_000 }), limits);
    assert.equal(
      reason?.message,
      "1,200 of 8,000 people of students (15 %; limit 5 %) would get another name. Probably a column moved, or was sorted without the others.",
    );
    assert.deepEqual(reason?.examples, ["1 Ann"]);
  });
});
