import type pg from "pg";

/** A statement with its values, and the name by which a connection keeps its plan (`prepared` in src/store/sql.ts). */
export interface Statement {
  readonly text: string;
  readonly values?: unknown[];
  readonly name?: string;
  /** Milliseconds after which the driver gives up; undefined: a little later than PostgreSQL would. */
  readonly query_timeout?: number;
}

/** Runs SQL: a connection, or a transaction. */
export interface Executor {
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    statement: string | Statement,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>>;
}

/** The statement of a call that gives a text, or a text and its values, or a statement. */
export const asStatement = (given: string | Statement, values?: unknown[]): Statement =>
  typeof given === "string" ? { text: given, ...(values && { values }) } : given;

/**
 * A statement as the driver takes it.
 * @param limit milliseconds after which the driver gives up
 * @param isPooled true if a pooler gives each transaction another connection, which knows no statement by its name
 */
export function driverStatement(
  { text, values, name }: pg.QueryConfig,
  limit: number,
  isPooled: boolean,
): Omit<pg.QueryConfig, "name"> & { readonly name?: string | undefined; readonly query_timeout: number } {
  return {
    text,
    query_timeout: limit,
    ...(values === undefined ? {} : { values }),
    ...(name === undefined ? {} : { name: isPooled ? undefined : name }),
  };
}
