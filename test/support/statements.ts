import type { Pool } from "pg";
import type { Sql } from "sql-template-tag";

/**
 * Has PostgreSQL parse and analyze statements without running them: columns, tables and types of parameters.
 * @param pool connections to the migrated database
 * @returns of each statement that PostgreSQL refuses, its name and the reason
 */
export async function refusedStatements(
  pool: Pool,
  statements: Readonly<Record<string, Pick<Sql, "text">>>,
): Promise<string[]> {
  const client = await pool.connect();
  try {
    const refused: string[] = [];
    for (const [name, { text }] of Object.entries(statements)) {
      try {
        await client.query(`prepare probe as ${text}`);
        await client.query("deallocate probe");
      } catch (error) {
        refused.push(`${name}: ${(error as Error).message}\n${text}`);
      }
    }
    return refused;
  } finally {
    client.release();
  }
}
