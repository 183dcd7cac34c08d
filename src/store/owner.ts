import pg from "pg";
import { type Executor, inTransaction, types } from "./database.ts";

/** Work on organizations as a whole, as the user that owns the tables: row-level security does not bind it. */
export interface Owner {
  /**
   * Runs `work` in one transaction, after all earlier ones of this process. Commits when it resolves, rolls back when
   * it throws.
   */
  transaction<Result>(work: (client: Executor) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** The longest wait of a transaction for earlier ones, and the lifetime of an idle connection, in milliseconds. */
const patience = 10_000;

/**
 * Opens the owner's way to PostgreSQL: one connection, made when it is needed and closed soon after.
 * @param connection where PostgreSQL listens, as the user that owns the tables
 */
export function openOwner(connection: pg.ClientConfig): Owner {
  const pool = new pg.Pool({
    ...connection,
    application_name: "muster operator",
    max: 1,
    types,
    idleTimeoutMillis: patience,
    connectionTimeoutMillis: patience,
  });
  // A connection that breaks is replaced by the pool; without listeners, idle or in use, the process would end.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return {
    transaction: async (work) => inTransaction(await pool.connect(), "begin", work),
    close: async () => {
      if (!pool.ended) await pool.end();
    },
  };
}
