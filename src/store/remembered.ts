/**
 * Remembers values from the database, so that a process need not query them again. A value is kept until anything may
 * have changed it. Nothing is kept while no notifications of changes arrive.
 */
export interface Remembered<Key, Value> {
  /** Undefined: look. */
  get(key: Key): Value | undefined;
  /**
   * Begins a look at the database.
   * @returns takes what was found; it is not kept when something may have changed since the look began
   */
  look(key: Key): (value: Value) => void;
  /** Something may have changed: of this key, or of all. */
  forget(key?: Key): void;
  /** Says if `forget` is called for every change. */
  trust(isTold: boolean): void;
}

/**
 * How long something is known at most, in milliseconds: a connection that died silently reports nothing, and nobody
 * sees that it is dead.
 */
const knownFor = 1_000;

/** Most keys of which something is known; beyond, all is forgotten. */
const mostKeys = 10_000;

/** @param now a clock that only goes forward, in milliseconds */
export function createRemembered<Key, Value>(now: () => number): Remembered<Key, Value> {
  const values = new Map<Key, { readonly value: Value; readonly until: number }>();
  /** Reasons to forget so far: a look that began before the last one is worth nothing. */
  const reasons = new Map<Key, number>();
  let everywhere = 0;
  let isTold = false;
  const countReasons = (key: Key) => everywhere + (reasons.get(key) ?? 0);
  const forgetAll = () => {
    // As many as there were of any key: no look from before comes out even.
    everywhere += 1 + Math.max(0, ...reasons.values());
    reasons.clear();
    values.clear();
  };
  return {
    get(key) {
      const known = values.get(key);
      return known !== undefined && known.until > now() ? known.value : undefined;
    },
    look(key) {
      const begun = now();
      const before = countReasons(key);
      return (value) => {
        if (!isTold || countReasons(key) !== before) return;
        if (values.size >= mostKeys) values.clear();
        values.set(key, { value, until: begun + knownFor });
      };
    },
    forget(key) {
      if (key === undefined || reasons.size >= mostKeys) {
        forgetAll();
        return;
      }
      reasons.set(key, (reasons.get(key) ?? 0) + 1);
      values.delete(key);
    },
    trust(told) {
      isTold = told;
      forgetAll();
    },
  };
}
