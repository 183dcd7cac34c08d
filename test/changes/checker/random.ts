/** Decisions that follow from one number: the same seed and label decide alike. */
export interface Random {
  /** From 0 up to, and without, 1. */
  next(): number;
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  /** Up to `most` different items, in their order. */
  some<Item>(items: readonly Item[], most: number): Item[];
}

/** Makes decisions for one purpose, so that how often one part asks does not change what another one decides. */
export function createRandom(seed: number, label: string): Random {
  let state = seed >>> 0;
  for (const character of label) state = Math.imul(state ^ character.charCodeAt(0), 0x01000193) >>> 0;
  // mulberry32
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  return {
    next,
    between,
    chance: (probability) => next() < probability,
    pick: (items) => items[between(0, items.length - 1)]!,
    some(items, most) {
      const rest = items.map((item, index) => ({ item, index }));
      const taken: typeof rest = [];
      while (taken.length < most && rest.length > 0) taken.push(...rest.splice(between(0, rest.length - 1), 1));
      return taken.sort((one, other) => one.index - other.index).map(({ item }) => item);
    },
  };
}
