import assert from "node:assert/strict";
import { test } from "node:test";
import { createRateLimiter } from "../../src/organizations/rate-limiter.ts";

function limiterOf(perMinute: number, mostClients = 100) {
  let now = 0;
  const limiter = createRateLimiter({ perMinute, mostClients, clock: () => new Date(now) });
  const pass = (milliseconds: number) => {
    now += milliseconds;
  };
  return { limiter, pass, take: (client = "a") => limiter.take(client).isAllowed };
}

test("so many at once, then as they come back, evenly", () => {
  const { limiter, pass, take } = limiterOf(60);
  for (let count = 1; count <= 60; count += 1) assert.equal(limiter.take("a").remaining, 60 - count);
  assert.deepEqual(limiter.take("a"), { isAllowed: false, remaining: 0, reset: 60, retryAfter: 1 });
  pass(999);
  assert.equal(take(), false);
  pass(1);
  assert.deepEqual([take(), take()], [true, false]);
  pass(30_000);
  assert.deepEqual(limiter.look("a"), { isAllowed: true, remaining: 30, reset: 30, retryAfter: 0 });
  assert.equal(limiter.look("a").remaining, 30, "looking counts nothing");
  pass(3_600_000);
  assert.equal(limiter.take("a").remaining, 59);
});

test("in any minute there are at most twice as many as the limit, and on the long run no more than the limit", () => {
  const { pass, take } = limiterOf(60);
  let allowed = 0;
  for (let count = 0; count < 6000; count += 1) {
    if (take()) allowed += 1;
    pass(100);
  }
  assert.equal(allowed, 60 + 600 - 1);
});

test("who was refused may come after exactly as long as it was told", () => {
  const { limiter, pass, take } = limiterOf(7);
  while (take());
  const { retryAfter } = limiter.look("a");
  assert.equal(retryAfter, 9);
  pass(retryAfter * 1000);
  assert.equal(take(), true);
});

test("clients do not count for each other, and a clock that goes back gives nothing away", () => {
  const { pass, take } = limiterOf(1);
  assert.deepEqual([take("a"), take("b"), take("a"), take("b")], [true, true, false, false]);
  pass(-3_600_000);
  assert.equal(take("a"), false);
});

test("memory is bounded: who was silent for a minute is forgotten, and of too many the longest silent", () => {
  const { limiter, pass, take } = limiterOf(5, 1000);
  for (let client = 0; client < 100_000; client += 1) take(String(client));
  assert.equal(limiter.size, 1000);
  assert.equal(limiter.look("99999").remaining, 4);
  pass(60_000);
  take("x");
  assert.equal(limiter.size, 1);
});
