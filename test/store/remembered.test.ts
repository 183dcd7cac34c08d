import assert from "node:assert/strict";
import { test } from "node:test";
import { createRemembered } from "../../src/store/remembered.ts";

function remembered(time: { now: number } = { now: 0 }) {
  const memory = createRemembered<number, string>(() => time.now);
  memory.trust(true);
  return memory;
}

test("something is known from a look on, of that key alone, until it may have changed", () => {
  const memory = remembered();
  assert.equal(memory.get(1), undefined);
  memory.look(1)("a");
  assert.deepEqual([memory.get(1), memory.get(2)], ["a", undefined]);
  memory.forget(2);
  assert.equal(memory.get(1), "a");
  memory.forget(1);
  assert.equal(memory.get(1), undefined);
});

test("does not keep a value that may have changed during its query", () => {
  const memory = remembered();
  for (const forget of [() => memory.forget(1), () => memory.forget()]) {
    for (let others = 0; others < 3; others += 1) {
      memory.look(1)("old");
      const early = memory.look(1);
      forget();
      early("old");
      assert.equal(memory.get(1), undefined);
      memory.look(1)("new");
      assert.equal(memory.get(1), "new");
      memory.forget(2);
    }
  }
});

test("a look from before all was forgotten is not kept, however often its key was forgotten before and after", () => {
  for (let before = 0; before < 4; before += 1) {
    for (let after = 0; after < 4; after += 1) {
      const memory = remembered();
      for (let time = 0; time < before; time += 1) memory.forget(1);
      const early = memory.look(1);
      memory.forget();
      for (let time = 0; time < after; time += 1) memory.forget(1);
      early("old");
      assert.equal(memory.get(1), undefined, `${before} before, ${after} after`);
    }
  }
});

test("remembers nothing while no notifications arrive, and nothing from before afterwards", () => {
  const memory = remembered();
  const begunBefore = memory.look(1);
  memory.look(2)("b");
  memory.trust(false);
  memory.look(1)("a");
  assert.deepEqual([memory.get(1), memory.get(2)], [undefined, undefined]);
  memory.trust(true);
  begunBefore("a");
  assert.deepEqual([memory.get(1), memory.get(2)], [undefined, undefined]);
});

test("something is known for a second after the look began, and no longer", () => {
  const time = { now: 0 };
  const memory = remembered(time);
  const look = memory.look(1);
  time.now = 500;
  look("a");
  time.now = 999;
  assert.equal(memory.get(1), "a");
  time.now = 1000;
  assert.equal(memory.get(1), undefined);
});

test("remembers a bounded number of keys", () => {
  const memory = remembered();
  for (let key = 0; key < 25_000; key += 1) {
    memory.look(key)("x");
    if (key % 2 === 0) memory.forget(key);
  }
  const known = Array.from({ length: 25_000 }, (_, key) => memory.get(key)).filter((value) => value !== undefined);
  assert.ok(known.length > 0 && known.length <= 10_000, `${known.length}`);
});
