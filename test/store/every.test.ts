import assert from "node:assert/strict";
import { test } from "node:test";
import { every } from "../../src/store/every.ts";

test("rounds never overlap, a failed round is followed by the next, and stopping waits for the round under way", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const rounds: PromiseWithResolvers<void>[] = [];
  const failures: unknown[] = [];
  const work = () => {
    const round = Promise.withResolvers<void>();
    rounds.push(round);
    return round.promise;
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const stop = every(1_000, work, (error) => failures.push(error));
  assert.equal(rounds.length, 0);
  t.mock.timers.tick(1_000);
  t.mock.timers.tick(5_000);
  assert.equal(rounds.length, 1);
  const failure = new Error("a round failed");
  rounds[0]?.reject(failure);
  await settle();
  assert.deepEqual(failures, [failure]);
  t.mock.timers.tick(1_000);
  assert.equal(rounds.length, 2);
  let isStopped = false;
  const stopped = stop().then(() => {
    isStopped = true;
  });
  await settle();
  assert.equal(isStopped, false);
  rounds[1]?.resolve();
  await stopped;
  t.mock.timers.tick(10_000);
  assert.equal(rounds.length, 2);
});

test("the first round can begin at once", async () => {
  let rounds = 0;
  const work = async () => {
    rounds += 1;
  };
  await every(60_000, work, assert.ifError, { atOnce: true })();
  assert.equal(rounds, 1);
});
