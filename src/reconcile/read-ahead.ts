import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";

/**
 * Reads ahead of who takes the items, and gives way to all other work after each: what takes them may wait for the
 * database meanwhile. Whoever breaks off ends the reading, too.
 * @param most how many items are held
 */
export function readAhead<Item>(items: AsyncIterable<Item>, most: number): AsyncIterable<Item> {
  return Readable.from(givingWay(items), { highWaterMark: most });
}

async function* givingWay<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  for await (const item of items) {
    yield item;
    await turn();
  }
}
