import type { ClientBase } from "pg";

/**
 * Tells a database that one more Muster works on it, for as long as the connection lasts.
 * @param owner a connection of its own, which stays open; of the user that owns the tables
 * @param whenAlone run before anybody else can join, if this is the only Muster: what is under way in the database then
 * was left by one that has ended
 */
export async function joinDatabase(owner: ClientBase, whenAlone: () => Promise<void>): Promise<void> {
  const presence = "hashtext('muster'), hashtext('presence')";
  const { rows } = await owner.query<{ isAlone: boolean }>(`select pg_try_advisory_lock(${presence}) as "isAlone"`);
  const isAlone = rows[0]?.isAlone === true;
  if (isAlone) await whenAlone();
  await owner.query(`select pg_advisory_lock_shared(${presence})`);
  if (isAlone) await owner.query(`select pg_advisory_unlock(${presence})`);
}
