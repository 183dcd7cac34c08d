/** The outcome of each row, read from the ranges that an import keeps. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { heldOutcomes, type Outcomes, rangesIn, readOutcomes } from "../../../src/reconcile/attempts/outcomes.ts";

/** The rows as "outcome action", with "held" for what waits. */
function tell(outcomes: Outcomes, rows: number, isHeldApplied = true): string[] {
  const { outcomeOf } = readOutcomes(outcomes, isHeldApplied);
  return Array.from({ length: rows }, (_, index) => {
    const { outcome, action, isHeld } = outcomeOf(index + 1);
    return `${outcome} ${action}${isHeld ? " held" : ""}`;
  });
}

test("rows in no range are unchanged", () => {
  assert.deepEqual(tell({}, 2), ["unchanged Modify", "unchanged Modify"]);
});

test("each range gives its rows an outcome and an action", () => {
  const outcomes = { added: "{[1,3)}", updated: "{[3,4),[5,6)}", removed: "{[6,7)}", failed: "{[7,8)}" };
  assert.deepEqual(tell(outcomes, 7), [
    "added Add",
    "added Add",
    "updated Modify",
    "unchanged Modify",
    "updated Modify",
    "removed Remove",
    "failed Modify",
  ]);
});

test("a failed row of somebody unknown was to add them", () => {
  assert.deepEqual(tell({ failed: "{[1,3)}", notAdded: "{[2,3)}" }, 2), ["failed Modify", "failed Add"]);
});

test("rows of a held part keep their first outcome until it is applied", () => {
  const outcomes = { added: "{[1,2)}", updated: "{[2,3)}", held: { updated: "{[2,4)}", removed: "{[4,5)}" } };
  assert.deepEqual(tell(outcomes, 5, false), [
    "added Add",
    "updated Modify held",
    "unchanged Modify held",
    "unchanged Remove held",
    "unchanged Modify",
  ]);
  assert.deepEqual(tell(outcomes, 5, true), [
    "added Add",
    "updated Modify",
    "updated Modify",
    "removed Remove",
    "unchanged Modify",
  ]);
});

test("rows may be passed over, as long as they ascend", () => {
  const { outcomeOf } = readOutcomes({ added: "{[1,2),[5,9),[20,21)}" }, true);
  assert.deepEqual(
    [4, 8, 19, 20, 21].map((row) => outcomeOf(row).outcome),
    ["unchanged", "added", "unchanged", "added", "unchanged"],
  );
});

test("a held part has the rows that take something away", () => {
  assert.deepEqual(heldOutcomes({ added: "{[1,2)}", failed: "{[2,3)}", updated: "{[3,4)}" }), { updated: "{[3,4)}" });
  assert.deepEqual(heldOutcomes({}), {});
  assert.deepEqual(heldOutcomes({ removed: "{[1,2)}" }), { removed: "{[1,2)}" });
});

test("ranges are read from PostgreSQL's text", () => {
  assert.deepEqual(
    [...rangesIn("{[1,5),[7,8)}")],
    [
      [1, 5],
      [7, 8],
    ],
  );
  assert.deepEqual([...rangesIn("{}")], []);
});
