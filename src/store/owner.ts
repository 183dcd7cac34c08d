import pg from "pg";
import { connectionConfig } from "./connections.ts";
import { type CheckClock, inTransaction, type Transaction, types } from "./database.ts";
import type { Executor } from "./statement.ts";
import { timeLimits } from "./time-limits.ts";

/** Work on organizations as a whole, as the user that owns the tables: row-level security does not bind it. */
export interface Owner {
  /**
   * Runs `work` in one transaction, after all earlier ones of this process. Commits when it resolves, rolls back when
   * it throws.
   */
  transaction<Result>(work: (client: OwnerTransaction) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** One transaction of the owner. */
export type OwnerTransaction = Executor & Pick<Transaction, "checkClock">;

/** The lifetime of an idle connection, in milliseconds. */
const patience = 10_000;

/**
 * Opens the owner's way to PostgreSQL: one connection, made when it is needed and closed soon after.
 * @param connection where PostgreSQL listens, as the user that owns the tables
 */
export function openOwner(connection: pg.ClientConfig, checkClock: CheckClock = () => undefined): Owner {
  const pool = new pg.Pool({
    ...connectionConfig(connection, { name: "muster operator", limits: timeLimits, settings: {} }),
    max: 1,
    types,
    idleTimeoutMillis: patience,
  });
  // A connection that breaks is replaced by the pool; without listeners, idle or in use, the process would end.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return {
    transaction: async (work) => {
      const client = await pool.connect();
      return inTransaction(client, async () => {
        await client.query("begin");
        return work({ query: (statement, values) => client.query(statement as pg.QueryConfig, values), checkClock });
      });
    },
    close: async () => {
      if (!pool.ended) await pool.end();
    },
  };
}
