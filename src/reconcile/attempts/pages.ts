/** A page of a list, and the key after which the next one begins. */
export interface Page<Item, Key> {
  readonly items: readonly Item[];
  /** Absent on the last page. */
  readonly next?: Key;
}

/**
 * Cuts a page off a list that has one item more than the page if the list goes on.
 * @param key of an item: the next page begins after it
 */
export function cutPage<Stored, Item, Key>(
  rows: readonly Stored[],
  limit: number,
  key: (last: Stored) => Key,
  convert: (stored: Stored) => Item,
): Page<Item, Key> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items: items.map(convert), ...(rows.length > limit && last ? { next: key(last) } : {}) };
}
