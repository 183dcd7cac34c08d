import assert from "node:assert/strict";
import { test } from "node:test";
import { waitBefore } from "../../src/cli/service/retry.ts";

const today = Date.parse("2026-11-22T02:00:00Z");
const wait = (attempt: number, retryAfter?: string) => waitBefore(attempt, retryAfter, 0.5, today);

test("waits twice as long each time, up to a minute", () => {
  assert.deepEqual(
    [1, 2, 3, 6, 7, 50].map((attempt) => wait(attempt)),
    [1000, 2000, 4000, 32_000, 60_000, 60_000],
  );
});

test("clients that failed at once come back at different moments", () => {
  assert.deepEqual([waitBefore(1, undefined, 0, today), waitBefore(1, undefined, 1, today)], [750, 1250]);
});

test("waits for Retry-After, in seconds or as a date, but no longer than a quarter of an hour", () => {
  assert.equal(wait(1, "30"), 30_000);
  assert.equal(wait(1, "Sun, 22 Nov 2026 02:00:20 GMT"), 20_000);
  assert.equal(wait(1, "86400"), 900_000);
  assert.equal(wait(1, "soon"), 1000);
  assert.ok(wait(7, "10") >= 10_000);
});
