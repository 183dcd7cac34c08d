import type { ClientBase, QueryConfig, QueryResult } from "pg";
import { UnfitDatabaseError } from "./unavailable.ts";

interface Findings {
  readonly isGuarded: boolean;
  readonly isReadOnly: boolean;
}

/** Milliseconds that the look may take. */
const patience = 5_000;

/**
 * Makes the look at a new connection before its first use. It begins a transaction as all work does, and finds out if
 * row-level security is in force there, and if the server takes changes.
 * @param begin SQL that begins a transaction
 * @returns a function that rejects with UnfitDatabaseError if the service must not work on the connection
 */
export const checkConnection =
  (begin: string) =>
  async (client: ClientBase): Promise<void> => {
    const text = `${begin}; select row_security_active('users') as "isGuarded", current_setting('transaction_read_only')::boolean as "isReadOnly"; rollback`;
    const answers = await client.query({ text, query_timeout: patience } as QueryConfig);
    const rows = (answers as unknown as QueryResult<Findings>[]).flatMap((answer) => answer.rows);
    const findings = rows.find((row) => "isGuarded" in row);
    if (findings?.isReadOnly !== false) {
      throw new UnfitDatabaseError(
        "the database takes no changes, since it is a standby or read-only. Let DATABASE_URL lead to the primary server",
      );
    }
    if (!findings.isGuarded) {
      throw new UnfitDatabaseError(
        "row-level security is not in force on the database's connections. Make sure that the role muster_service is no superuser and has no BYPASSRLS",
      );
    }
  };
