import { setImmediate as turn } from "node:timers/promises";

/**
 * Reads ahead of the consumer, yielding to the event loop after each item. It pauses while the consumer takes one item after
 * the other: meanwhile PostgreSQL waits for the consumer, and reading would slow it down. A consumer that breaks off ends
 * the reading, too.
 * @param most size of the items that are held before reading pauses, as `size` measures it; the last one may exceed it
 */
export function readAhead<Item>(
  items: AsyncIterable<Item>,
  most: number,
  size: (item: Item) => number,
): AsyncIterableIterator<Item, undefined> {
  const iterator = items[Symbol.asyncIterator]();
  const held: Item[] = [];
  let amount = 0;
  let taken = 0;
  let ending: Ending | undefined;
  let wakeTaker = () => {};
  let wakeReader = () => {};
  let isStopped = false;

  async function read(): Promise<void> {
    for (let next = await iterator.next(); !next.done && !isStopped; next = await iterator.next()) {
      held.push(next.value);
      amount += size(next.value);
      wakeTaker();
      if (amount >= most && !isStopped)
        await waiting((resume) => {
          wakeReader = resume;
        });
      let before: number;
      do {
        before = taken;
        await turn();
      } while (taken > before && held.length > 0 && !isStopped);
    }
  }
  const reading = endingOf(read()).then((found) => {
    ending = found;
    wakeTaker();
  });

  return {
    async next() {
      while (held.length === 0 && ending === undefined)
        await waiting((resume) => {
          wakeTaker = resume;
        });
      if (held.length === 0) {
        if (ending && "error" in ending) throw ending.error;
        return { done: true, value: undefined };
      }
      const value = held.shift()!;
      taken += 1;
      amount -= size(value);
      if (amount < most) wakeReader();
      return { done: false, value };
    },
    async return() {
      isStopped = true;
      wakeReader();
      await reading;
      await iterator.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** The end of the reading, with the error that it ended in. */
interface Ending {
  readonly error?: unknown;
}

const endingOf = (reading: Promise<void>): Promise<Ending> =>
  reading.then(
    () => ({}),
    (error: unknown) => ({ error }),
  );

const waiting = (keep: (resume: () => void) => void) => new Promise<void>(keep);
