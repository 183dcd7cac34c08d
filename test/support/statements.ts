import type { Pool, PoolClient } from "pg";
import type { Sql } from "sql-template-tag";

/** Statements that PostgreSQL runs, but cannot prepare. */
const isUtility = (text: string) => /^\s*(analyze|truncate)\b/i.test(text);

/**
 * Has PostgreSQL parse and analyze statements without running them: columns, tables and types of parameters.
 * @param pool connections to the migrated database
 * @param prepare makes what the statements need on their connection, such as temporary tables
 * @returns of each statement that PostgreSQL refuses, its name and the reason
 */
export async function refusedStatements(
  pool: Pool,
  statements: Readonly<Record<string, Pick<Sql, "text">>>,
  prepare: (client: PoolClient) => Promise<unknown> = async () => undefined,
): Promise<string[]> {
  const client = await pool.connect();
  try {
    await prepare(client);
    const refused: string[] = [];
    for (const [name, text] of distinctTexts(statements)) {
      try {
        if (isUtility(text)) await client.query(text);
        else await client.query(`prepare probe as ${text}; deallocate probe`);
      } catch (error) {
        refused.push(`${name}: ${(error as Error).message}\n${text}`);
      }
    }
    return refused;
  } finally {
    client.release();
  }
}

/** Each text once, under the first of its names. */
function distinctTexts(statements: Readonly<Record<string, Pick<Sql, "text">>>): [name: string, text: string][] {
  const names = new Map<string, string>();
  for (const [name, { text }] of Object.entries(statements)) if (!names.has(text)) names.set(text, name);
  return [...names].map(([text, name]) => [name, text]);
}
