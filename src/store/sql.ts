import { createHash } from "node:crypto";
import sql, { join, raw, type Sql } from "sql-template-tag";
import type { z } from "zod";
import type { Executor, Statement } from "./statement.ts";

/**
 * A number or boolean of this service as it is written in SQL. A statement without values can travel with others in one
 * round trip. Anything that a client wrote must be a value instead.
 */
export const literal = (value: number | boolean | bigint): Sql => raw(String(value));

/** A word of this service, such as a code or the name of a style, as a text in SQL. Never pass what a client wrote. */
export const constant = (word: string): Sql => raw(`'${word.replaceAll("'", "''")}'`);

/** A name of a table or column of this service, quoted. */
export const identifier = (name: string): Sql => raw(`"${name.replaceAll('"', '""')}"`);

/** Names of tables or columns of this service, as a list. */
export const identifiers = (names: readonly string[]): Sql => join(names.map(identifier), ", ");

const names = new Map<string, string>();
const mostNames = 2_000;

/**
 * Lets each connection parse and plan a statement once, by a name made of its text. Use it for statements of single
 * requests. Never use it where the text grows with a list or holds a literal that varies: each text costs every
 * connection memory.
 */
export function prepared(statement: Sql): Statement {
  const { text, values } = statement;
  let name = names.get(text);
  if (name === undefined && names.size < mostNames) {
    name = createHash("sha256").update(text).digest("base64url").slice(0, 22);
    names.set(text, name);
  }
  return name === undefined ? { text, values } : { name, text, values };
}

/**
 * Runs a statement and checks its rows.
 * @param schema of one row; an unexpected row is a fault of the service
 * @returns the rows, typed
 */
export async function selectRows<Schema extends z.ZodType>(
  executor: Executor,
  schema: Schema,
  statement: Statement,
): Promise<z.output<Schema>[]> {
  const { rows } = await executor.query(statement);
  return rows.map((row) => schema.parse(row));
}

/**
 * Runs a statement that yields at most one row, and checks it.
 * @param schema of the row; an unexpected row is a fault of the service
 * @returns the row; undefined if there is no row
 */
export async function selectRow<Schema extends z.ZodType>(
  executor: Executor,
  schema: Schema,
  statement: Statement,
): Promise<z.output<Schema> | undefined> {
  const { rows } = await executor.query(statement);
  return rows.length === 0 ? undefined : schema.parse(rows[0]);
}

/**
 * Runs statements in their order. Neighbours without values share one round trip, since PostgreSQL takes several
 * statements at once only if they have no values.
 */
export async function runStatements(executor: Executor, statements: readonly Sql[]): Promise<void> {
  let together: string[] = [];
  const flush = async () => {
    if (together.length > 0) await executor.query(together.join(";\n"));
    together = [];
  };
  for (const statement of statements) {
    if (statement.values.length === 0) together.push(statement.text);
    else {
      await flush();
      await executor.query(statement);
    }
  }
  await flush();
}

/**
 * Makes PostgreSQL hash both sides of each join, in statements whose intermediate results it cannot estimate. It expects a
 * few rows, of an organization that its statistics do not know yet, too. Nested loops then compare each row of a file with
 * all people, and with all rows of an address, which thousands may share.
 */
export const inSets = (statements: readonly Sql[]): Sql[] => [
  sql`select set_config('enable_nestloop', 'off', true), set_config('enable_mergejoin', 'off', true)`,
  ...statements,
  sql`select set_config('enable_nestloop', 'on', true), set_config('enable_mergejoin', 'on', true)`,
];
