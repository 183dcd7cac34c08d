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

/** Makes the readiness of a process. */
export function createReadiness(database: Database): Readiness {
  let attempt: Promise<boolean> | undefined;
  const write = async () => {
    // The tables are there, too.
    const statement = prepared(sql`
      with tables as (select from organizations limit 0)
      update service_state set written_at = now()`);
    return database.requests.query(statement).then(
      () => true,
      () => false,
    );
  };
  return {
    async canWrite() {
      // Questions at one time share one change.
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
