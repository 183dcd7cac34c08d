import type { ClientBase } from "pg";
import sql, { type Sql } from "sql-template-tag";

/** The first key of the advisory locks by which processes show their presence; the second is their number. */
const processes = sql`hashtext('muster process')`;

/**
 * Tells a database that one more Muster works on it, for as long as the connection lasts.
 * @param owner a connection of its own, which stays open; of the user that owns the tables
 * @param process number of the process, from 0 to 2^31 - 1
 * @param whenAlone run before anybody else can join, if this is the only Muster: what is under way in the database then
 * was left by one that has ended
 */
export async function joinDatabase(
  owner: ClientBase,
  process: number,
  whenAlone: () => Promise<unknown>,
): Promise<void> {
  // Shared: the connection that broke may not be gone yet on PostgreSQL's side.
  await owner.query(sql`select pg_advisory_lock_shared(${processes}, ${process})`);
  const presence = sql`hashtext('muster'), hashtext('presence')`;
  const { rows } = await owner.query<{ isAlone: boolean }>(sql`select pg_try_advisory_lock(${presence}) as "isAlone"`);
  const isAlone = rows[0]?.isAlone === true;
  if (isAlone) await whenAlone();
  await owner.query(sql`select pg_advisory_lock_shared(${presence})`);
  if (isAlone) await owner.query(sql`select pg_advisory_unlock(${presence})`);
}

/**
 * SQL: whether the process of that number is present. It may be alive all the same, while it reconnects the connection by
 * which it shows itself: code that acts on the answer must do no harm then.
 */
export const isPresent = (process: Sql): Sql => sql`process_is_present(${process})`;
