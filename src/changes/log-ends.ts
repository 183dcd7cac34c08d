import type { FeedPosition } from "./feed.ts";

/**
 * Where the logs of organizations end, as far as a process knows it: whoever asks for what comes after the end need not
 * trouble the database. An end is known from a look at the database until anything may have been appended.
 */
export interface LogEnds {
  /** Undefined: look. */
  get(organizationId: number): FeedPosition | undefined;
  /**
   * Begins a look at the database.
   * @returns takes what was found; it is not kept when something may have been appended since the look began
   */
  look(organizationId: number): (end: FeedPosition) => void;
  /** Something may have been appended. */
  forget(organizationId: number): void;
  /** Whether `forget` is called for whatever anybody appends; while it is not, nothing is known. */
  trust(isTold: boolean): void;
}

/**
 * How long an end is known at most, in milliseconds: a connection that died without a word tells of nothing, and nobody
 * sees that it is dead.
 */
const knownFor = 1_000;

/** @param now a clock that only goes forward, in milliseconds */
export function createLogEnds(now: () => number): LogEnds {
  const ends = new Map<number, { readonly end: FeedPosition; readonly until: number }>();
  /** Reasons to forget so far: a look that began before the last one is worth nothing. */
  const reasons = new Map<number, number>();
  let everywhere = 0;
  let isTold = false;
  const countReasons = (organizationId: number) => everywhere + (reasons.get(organizationId) ?? 0);
  return {
    get(organizationId) {
      const known = ends.get(organizationId);
      return known !== undefined && known.until > now() ? known.end : undefined;
    },
    look(organizationId) {
      const begun = now();
      const before = countReasons(organizationId);
      return (end) => {
        if (isTold && countReasons(organizationId) === before)
          ends.set(organizationId, { end, until: begun + knownFor });
      };
    },
    forget(organizationId) {
      reasons.set(organizationId, (reasons.get(organizationId) ?? 0) + 1);
      ends.delete(organizationId);
    },
    trust(told) {
      isTold = told;
      everywhere += 1;
      ends.clear();
    },
  };
}
