import type { z } from "zod";
import type { Database } from "../store/database.ts";
import { selectRows } from "../store/sql.ts";
import type { Statement } from "../store/statement.ts";
import { databaseUnavailable } from "../store/unavailable.ts";

/**
 * Calls one of the functions that answer before the organization is known.
 * @param schema of a row
 * @param statement always the same text: if it fails, the database is at fault
 * @throws MusterError database_unavailable
 */
export async function askUnguarded<Schema extends z.ZodType>(
  database: Database,
  schema: Schema,
  statement: Statement,
): Promise<z.output<Schema>[]> {
  try {
    return await selectRows(database.requests, schema, statement);
  } catch {
    throw databaseUnavailable();
  }
}
