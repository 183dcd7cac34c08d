import assert from "node:assert/strict";
import { test } from "node:test";
import { createImportQueue } from "../../src/store/import-queue.ts";

/** A queue whose imports run until `finish`, and the names of those that have begun. */
function startQueue(slots: number) {
  const queue = createImportQueue(slots);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const runs = new Map<string, Promise<void>>();
  return {
    begun,
    add(organizationId: number, name: string, patience = 60_000) {
      const run = queue.run(organizationId, patience, () => {
        begun.push(name);
        return new Promise<void>((resolve) => ends.set(name, resolve));
      });
      runs.set(name, run);
      return run;
    },
    async finish(name: string) {
      ends.get(name)!();
      await runs.get(name);
      await new Promise(setImmediate);
    },
  };
}

test("an organization runs one import at a time, and leaves the other slots to others", async () => {
  const { add, begun, finish } = startQueue(2);
  for (const name of ["a1", "a2", "a3"]) void add(1, name);
  // With two slots, organizations 1 and 3 shared the slot of their remainder before.
  void add(3, "c1");
  await new Promise(setImmediate);
  assert.deepEqual(begun, ["a1", "c1"]);
  await finish("c1");
  assert.deepEqual(begun, ["a1", "c1"]);
  await finish("a1");
  assert.deepEqual(begun, ["a1", "c1", "a2"]);
  await finish("a2");
  await finish("a3");
});

test("waiting organizations take turns, however many imports one of them has", async () => {
  const { add, begun, finish } = startQueue(1);
  for (const name of ["a1", "a2", "a3"]) void add(1, name);
  void add(2, "b1");
  void add(3, "c1");
  void add(2, "b2");
  for (const name of ["a1", "b1", "c1", "a2", "b2", "a3"]) {
    await new Promise(setImmediate);
    await finish(name);
  }
  assert.deepEqual(begun, ["a1", "b1", "c1", "a2", "b2", "a3"]);
});

test("an import that waits too long is refused, and those behind it run", async () => {
  const { add, begun, finish } = startQueue(1);
  void add(1, "a1");
  await assert.rejects(add(2, "b1", 5), { code: "organization_busy" });
  void add(2, "b2");
  await finish("a1");
  assert.deepEqual(begun, ["a1", "b2"]);
  await finish("b2");
});
