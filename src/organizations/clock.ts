import sql, { join, type Sql } from "sql-template-tag";
import { redateChanges } from "../changes/redate.ts";
import { type ClockGuard, createClockGuard } from "../store/clock-guard.ts";
import { every } from "../store/every.ts";
import type { OwnerConnection } from "../store/owner-connection.ts";
import { identifier } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";

/** The columns that say when something happened. Other times are plans or limits. */
const happened: readonly (readonly [table: string, ...columns: string[]])[] = [
  ["organizations", "created_at", "updated_at"],
  ["sources", "created_at", "updated_at", "last_applied_at"],
  ["users", "created_at", "updated_at"],
  ["groups", "created_at", "updated_at"],
  ["locations", "created_at", "updated_at"],
  ["memberships", "since"],
  ["user_tombstones", "deleted_at"],
  ["imports", "created_at", "finished_at"],
  ["idempotency_keys", "created_at"],
  ["announcements", "created_at", "next_attempt_at"],
  ["opt_outs", "created_at"],
  ["topics", "created_at", "updated_at"],
  ["membership_requests", "created_at", "updated_at"],
  ["decisions", "at"],
  ["decider_notices", "told_at", "told_until", "reminded_at"],
  ["audit_entries", "at"],
];

const setToNow = ([table, ...columns]: (typeof happened)[number]): Sql => {
  const names = columns.map(identifier);
  const values = names.map((name) => sql`${name} = case when ${name} > now() then now() else ${name} end`);
  return sql`update ${identifier(table)} set ${join(values, ", ")} where greatest(${join(names, ", ")}) > now()`;
};

/**
 * Takes the database's clock as right from now on. Dates in the future become now, and sign-ins from the future end.
 * @param owner a connection of the user that owns the tables, in a transaction
 */
export async function acceptClock(owner: Executor): Promise<void> {
  await owner.query(sql`update service_state set alive_at = now()`);
  await redateChanges(owner);
  for (const columns of happened) await owner.query(setToNow(columns));
  await owner.query(sql`delete from sessions where created_at > now()`);
  await owner.query(sql`delete from sign_in_links where created_at > now()`);
}

interface ClockSettings {
  readonly clock: () => Date;
  /** The date that the operator confirms, `2026-12-01`. */
  readonly accepted: string | undefined;
  readonly say: (message: string) => void;
}

const day = 86_400_000;

/**
 * Compares the clocks at the start, and tells the operator if they are implausible. A date that the operator confirms
 * counts only if it is today's, so that a setting that is left behind does nothing later.
 */
export async function openClock(owner: OwnerConnection, { clock, accepted, say }: ClockSettings): Promise<ClockGuard> {
  const guard = createClockGuard(owner, clock);
  await guard.look();
  // Of two clocks that differ, nobody can confirm both.
  if (guard.doubt() !== undefined && guard.agree() && accepted !== undefined) {
    if (Math.abs(Date.parse(`${accepted}T12:00:00Z`) - clock().getTime()) <= day) {
      await owner.exclusive(async (client) => {
        await client.query("begin");
        try {
          await acceptClock(client);
          await client.query("commit");
        } catch (error) {
          await client.query("rollback").catch(() => undefined);
          throw error;
        }
      });
      await guard.look();
    } else {
      say(`Not used: CLOCK_ACCEPT is ${accepted}, which is not the date of today.\n`);
    }
  }
  const doubt = guard.doubt();
  if (doubt !== undefined) say(`Muster changes and deletes nothing, because a clock is implausible. ${doubt}\n`);
  return guard;
}

/** Milliseconds between two looks. */
const interval = 30_000;

/**
 * Looks at the clocks until it is stopped.
 * @param told is called with each new doubt, and with undefined when the clocks are plausible again
 */
export function watchClock(guard: ClockGuard, told: (doubt: string | undefined) => void): () => Promise<void> {
  let isDoubted = guard.doubt() !== undefined;
  const look = async () => {
    await guard.look();
    const doubt = guard.doubt();
    if ((doubt !== undefined) !== isDoubted) told(doubt);
    isDoubted = doubt !== undefined;
  };
  return every(interval, look, () => undefined);
}
