import { ReadableStream } from "node:stream/web";
import { setImmediate as turn } from "node:timers/promises";

/**
 * Reads ahead of who takes the items, and gives way to all other work after each: what takes them may wait for the
 * database meanwhile. Whoever breaks off ends the reading, too.
 * @param most how much is held, as `size` measures it; one item more at the most
 */
export function readAhead<Item>(
  items: AsyncIterable<Item>,
  most: number,
  size: (item: Item) => number,
): AsyncIterable<Item> {
  const iterator = items[Symbol.asyncIterator]();
  return new ReadableStream<Item>(
    {
      async pull(controller) {
        const next = await iterator.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
        await turn();
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: most, size },
  );
}
