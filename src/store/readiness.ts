import { setTimeout as sleep } from "node:timers/promises";
import sql from "sql-template-tag";
import type { Database } from "./database.ts";
import { prepared } from "./sql.ts";

/** Knows if the service can work: if PostgreSQL answers, is set up, and takes changes. */
export interface Readiness {
  /**
   * Tries a small change.
   * @returns false if PostgreSQL refuses it or takes longer than `patience`
   */
  canWrite(): Promise<boolean>;
}

/** Milliseconds that a change may take. */
const patience = 3_000;
/** A change that succeeded counts for this many milliseconds, so that many questions cost one change. */
const freshness = 1_000;

/**
 * Makes the readiness of a process.
 * @param now milliseconds on a clock that only goes forward
 */
export function createReadiness(database: Database, now: () => number): Readiness {
  let succeededAt = Number.NEGATIVE_INFINITY;
  let attempt: Promise<boolean> | undefined;
  const write = async () => {
    const statement = prepared(sql`update service_state set written_at = now()`);
    const isWritten = await database.requests.query(statement).then(
      () => true,
      () => false,
    );
    if (isWritten) succeededAt = now();
    return isWritten;
  };
  return {
    async canWrite() {
      if (now() - succeededAt < freshness) return true;
      attempt ??= write().finally(() => {
        attempt = undefined;
      });
      const abort = new AbortController();
      const late = sleep(patience, false, { signal: abort.signal }).catch(() => false);
      try {
        return await Promise.race([attempt, late]);
      } finally {
        abort.abort();
      }
    },
  };
}
