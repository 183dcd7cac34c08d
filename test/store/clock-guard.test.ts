import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeClocks } from "../../src/store/clock-guard.ts";

const now = Date.parse("2026-12-01T12:00:00Z");
const minute = 60_000;
const day = 86_400_000;
const right = { process: now, database: now, alive: now - minute, lastChange: now - minute };

test("clocks are plausible if they agree, go forward, and the service rested for at most 14 days", () => {
  for (const times of [
    right,
    { ...right, alive: null, lastChange: null },
    { ...right, process: now + 4 * minute },
    { ...right, alive: now + 4 * minute, lastChange: now + 4 * minute },
    { ...right, alive: now - 14 * day, lastChange: now - 500 * day },
  ]) {
    assert.equal(judgeClocks(times), undefined);
  }
});

test("clocks that differ, went back or jumped ahead are doubted, with the times and the repair", () => {
  assert.equal(
    judgeClocks({ ...right, process: now - 6 * minute }),
    "The clock of the service says 2026-12-01T11:54:00Z, and the clock of the database 2026-12-01T12:00:00Z. Correct the wrong one.",
  );
  const repair =
    "If the clock is wrong, correct it. If it is right, start the service once with CLOCK_ACCEPT=2026-12-01.";
  for (const [times, says] of [
    [{ alive: now + 6 * minute }, "but the service was at work at 2026-12-01T12:06:00Z, which is later."],
    [{ lastChange: now + 365 * day }, "but the last change is of 2027-12-01T12:00:00Z, which is later."],
    [{ alive: now - 15 * day }, "but the service was last at work at 2026-11-16T12:00:00Z, 15 days before."],
  ] as const) {
    assert.equal(judgeClocks({ ...right, ...times }), `The clock says 2026-12-01T12:00:00Z, ${says} ${repair}`);
  }
});
