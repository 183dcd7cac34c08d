const batchLength = 5_000;

/** Cuts a list into parts that one statement takes. */
export function* inBatches<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let first = 0; first < items.length; first += batchLength) yield items.slice(first, first + batchLength);
}
