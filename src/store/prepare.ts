import type { Client } from "pg";
import sql from "sql-template-tag";
import { serviceRole } from "./database.ts";
import { applyMigrations, migrationsDirectory } from "./migrate.ts";
import { keepServerLogDiscreet } from "./server-log.ts";
import { identifier } from "./sql.ts";

const leastVersion = 15;
const setPrivilegeVersion = 16;

/**
 * Makes a database fit to work with: applies the migrations, and sees to it that the connections of the service can
 * take its role.
 * @param owner a connected client of the user that is to own the tables
 * @throws Error, one sentence that says what to do
 */
export async function prepareDatabase(owner: Client): Promise<void> {
  const version = await readVersion(owner);
  if (version < leastVersion) {
    throw new Error(`The database is PostgreSQL ${version}, and Muster needs ${leastVersion} or later: upgrade it.`);
  }
  await applyMigrations(owner, migrationsDirectory());
  await allowServiceRole(owner, version);
  await keepServerLogDiscreet(owner);
}

async function readVersion(owner: Client): Promise<number> {
  const { rows } = await owner.query<{ number: number }>(
    sql`select current_setting('server_version_num')::integer / 10000 as number`,
  );
  return rows[0]?.number ?? 0;
}

/** From PostgreSQL 16 on, the creator of a role may administer it, but must first allow itself to take it. */
async function allowServiceRole(owner: Client, version: number): Promise<void> {
  const privilege = version >= setPrivilegeVersion ? "SET" : "MEMBER";
  const { rows } = await owner.query<{ isAllowed: boolean; user: string }>(
    sql`select pg_has_role(current_user, ${serviceRole}, ${privilege}) as "isAllowed", current_user::text as user`,
  );
  if (rows[0]?.isAllowed) return;
  try {
    await owner.query(sql`grant ${identifier(serviceRole)} to current_user`);
  } catch {
    throw new Error(
      `The database user ${rows[0]?.user} may not act as the role ${serviceRole}: have a superuser run "grant ${serviceRole} to ${rows[0]?.user}", and start again.`,
    );
  }
}
