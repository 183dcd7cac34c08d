import type { Client } from "pg";
import sql, { raw } from "sql-template-tag";
import { identifier } from "./sql.ts";
import { UnfitDatabaseError } from "./unavailable.ts";

/**
 * The settings by which PostgreSQL writes no values into its log when a statement fails. With others, the details of an
 * error quote the row, and the context of a failed COPY quotes a line of the file.
 */
const discreet = { log_error_verbosity: "terse", log_parameter_max_length_on_error: "0" } as const;

/**
 * Makes sure that the log of PostgreSQL contains no data of people: sets what is missing for the database, if the user may.
 * @param owner a connected client of the user that owns the tables
 * @throws UnfitDatabaseError if the settings are missing, and the user may not set them
 */
export async function keepServerLogDiscreet(owner: Client): Promise<void> {
  const { rows } = await owner.query<{ name: keyof typeof discreet; setting: string; database: string }>(
    sql`select name, setting, current_database() as database from pg_settings where name = any(${Object.keys(discreet)})`,
  );
  for (const { name, setting, database } of rows) {
    if (setting === discreet[name]) continue;
    const set = sql`alter database ${identifier(database)} set ${raw(name)} = ${raw(discreet[name])}`;
    try {
      await owner.query(set);
    } catch {
      throw new UnfitDatabaseError(
        `PostgreSQL would write data of people into its log when a statement fails. Have a superuser run ${set.text}`,
      );
    }
  }
}
