import type { QueryResultRow } from "pg";
import { MusterError } from "../errors.ts";
import type { Database } from "../store/database.ts";

/**
 * Asks one of the functions that answer before the organization is known.
 * @param statement always the same: if it fails, the database does
 * @throws MusterError database_unavailable
 */
export async function askUnguarded<Row extends QueryResultRow>(
  database: Database,
  statement: string,
  values: unknown[],
): Promise<Row[]> {
  try {
    return (await database.pool.query<Row>(statement, values)).rows;
  } catch {
    throw new MusterError("database_unavailable", "The database does not answer. Try again in a few seconds.", {
      retryAfter: 5,
    });
  }
}
