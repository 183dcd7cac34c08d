import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { readAhead } from "../../src/reconcile/people/first-load/read-ahead.ts";

/** Items of the given sizes, and what has become of them. */
function source(sizes: readonly number[], failure?: Error) {
  const seen = { read: 0, hasEnded: false };
  async function* items() {
    try {
      for (const size of sizes) {
        seen.read += size;
        yield size;
      }
      if (failure) throw failure;
    } finally {
      seen.hasEnded = true;
    }
  }
  return { items: items(), seen };
}

async function all(items: AsyncIterable<number>): Promise<number[]> {
  const taken: number[] = [];
  for await (const item of items) taken.push(item);
  return taken;
}
const itself = (size: number) => size;
const aWhile = async () => {
  for (let turns = 0; turns < 100; turns++) await turn();
};

describe("reading ahead", () => {
  it("hands on all items in their order", async () => {
    const sizes = [3, 1, 4, 1, 5, 9, 2, 6];
    assert.deepEqual(await all(readAhead(source(sizes).items, 5, itself)), sizes);
  });

  it("holds no more than it may and one item, however large the items are", async () => {
    const { items, seen } = source(Array.from({ length: 100 }, () => 40));
    let taken = 0;
    for await (const size of readAhead(items, 100, itself)) {
      taken += size;
      await aWhile();
      assert.ok(seen.read - taken <= 140, `${seen.read - taken} are held`);
      assert.ok(seen.read === 4_000 || seen.read - taken >= 100, `only ${seen.read - taken} were read ahead`);
    }
  });

  it("ends the reading when the consumer breaks off", async () => {
    const { items, seen } = source([1, 2, 3, 4, 5]);
    for await (const _ of readAhead(items, 2, itself)) break;
    assert.equal(seen.hasEnded, true);
    assert.ok(seen.read < 15);
  });

  it("passes on why the reading failed, and lets it fail when nobody takes the items any more", async () => {
    const failure = new Error("cut off");
    const { items } = source([1, 2], failure);
    await assert.rejects(all(readAhead(items, 100, itself)), failure);
    const abandoned = readAhead(source([1, 2], failure).items, 2, itself)[Symbol.asyncIterator]();
    await abandoned.next();
    await abandoned.return?.();
    await aWhile();
  });
});
