import sql from "sql-template-tag";
import { z } from "zod";
import { MusterError } from "../errors.ts";
import type { CheckClock } from "./database.ts";
import { prepared, selectRow } from "./sql.ts";
import type { Executor } from "./statement.ts";

/** Milliseconds by which clocks may differ, and by which a clock may go back. */
const tolerance = 5 * 60_000;
/** Milliseconds for which the service may have been off: a clock that is further ahead may be wrong. */
const longestRest = 14 * 86_400_000;

/** Times in milliseconds since 1970. */
interface ClockTimes {
  /** The clock of this machine. */
  readonly process: number;
  readonly database: number;
  /** The last time at which the service was at work; null if it never was. */
  readonly alive: number | null;
  readonly lastChange: number | null;
}

const written = (time: number) => new Date(time).toISOString().slice(0, 19).concat("Z");

const agree = (one: number, other: number) => Math.abs(one - other) <= tolerance;

/**
 * Judges the clocks.
 * @returns undefined if they are plausible; otherwise sentences that say what is wrong, and what to do
 */
export function judgeClocks({ process, database, alive, lastChange }: ClockTimes): string | undefined {
  if (!agree(process, database)) {
    return `The clock of the service says ${written(process)}, and the clock of the database ${written(database)}. Correct the wrong one.`;
  }
  const advice = `If the clock is wrong, correct it. If it is right, start the service once with CLOCK_ACCEPT=${written(database).slice(0, 10)}.`;
  if (alive !== null && database < alive - tolerance) {
    return `The clock says ${written(database)}, but the service was at work at ${written(alive)}, which is later. ${advice}`;
  }
  if (lastChange !== null && database < lastChange - tolerance) {
    return `The clock says ${written(database)}, but the last change is of ${written(lastChange)}, which is later. ${advice}`;
  }
  if (alive !== null && database > alive + longestRest) {
    const days = Math.round((database - alive) / 86_400_000);
    return `The clock says ${written(database)}, but the service was last at work at ${written(alive)}, ${days} days before. ${advice}`;
  }
  return undefined;
}

/** Work that repeats itself and goes by the clock. */
export interface ByTheClock {
  /** @throws MusterError clock_implausible: then nothing must be done by the clock. */
  readonly requireClock: () => Promise<void>;
}

/** Keeps a wrong clock from deleting entries, and from dating any. */
export interface ClockGuard {
  /** Compares the clocks with each other, the last sign of life and the last change. If they are plausible, notes another sign of life. */
  look(): Promise<void>;
  /** Sentences that say what is wrong with the clocks; undefined: they were plausible at the last look. */
  doubt(): string | undefined;
  /** True if the clocks of the service and of the database agreed at the last look. */
  agree(): boolean;
  /** @throws MusterError clock_implausible if the clocks were not plausible at the last look */
  refuse(): void;
  /**
   * Looks, for work that deletes or tells by the clock.
   * @throws MusterError clock_implausible, and the errors of the database
   */
  require(): Promise<void>;
  readonly check: CheckClock;
}

const time = z.number().nullable();
const lookRow = z.object({ database: z.number(), alive: time, lastChange: time });

const lookStatement = sql`
  select (extract(epoch from clock_timestamp()) * 1000)::float8 as database,
    (extract(epoch from alive_at) * 1000)::float8 as alive,
    (select (extract(epoch from nullif(max(last_at), '-infinity')) * 1000)::float8 from feed_heads) as "lastChange"
  from service_state`;

const implausible = (doubt: string) =>
  new MusterError("clock_implausible", `Nothing was changed. ${doubt}`, { retryAfter: 60 });

/**
 * Makes the guard of a process.
 * @param owner a connection of the user that owns the tables
 */
export function createClockGuard(owner: Executor, clock: () => Date): ClockGuard {
  let alive: number | null = null;
  let doubt: string | undefined;
  let isAgreed = false;
  const refuse = () => {
    if (doubt !== undefined) throw implausible(doubt);
  };
  const look = async () => {
    const times = await selectRow(owner, lookRow, prepared(lookStatement));
    if (times === undefined) return;
    const now = clock().getTime();
    isAgreed = agree(now, times.database);
    doubt = judgeClocks({ ...times, process: now });
    alive = times.alive;
    if (doubt !== undefined) return;
    await owner.query(prepared(sql`update service_state set alive_at = greatest(alive_at, clock_timestamp())`));
    alive = Math.max(alive ?? 0, times.database);
  };
  return {
    look,
    doubt: () => doubt,
    agree: () => isAgreed,
    refuse,
    async require() {
      await look();
      refuse();
    },
    check({ database, lastChange }) {
      const now = judgeClocks({ process: clock().getTime(), database, alive, lastChange });
      if (now !== undefined) throw implausible(now);
    },
  };
}
