import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Client, ClientBase } from "pg";
import sql from "sql-template-tag";

/** The lock that Prisma's own `migrate` commands take: theirs and ours exclude each other. */
const migrationLock = 72707369;

/** Exactly Prisma's table, so that its commands understand what they find. */
const historyTable = `
  create table if not exists _prisma_migrations (
    id                  varchar(36) primary key not null,
    checksum            varchar(64) not null,
    finished_at         timestamptz,
    migration_name      varchar(255) not null,
    logs                text,
    rolled_back_at      timestamptz,
    started_at          timestamptz not null default now(),
    applied_steps_count integer not null default 0
  )`;

/** One `migration.sql`, as it lies in the folder. */
export interface Migration {
  /** Name of its folder; the order of the names is the order of application. */
  readonly name: string;
  readonly script: string;
  /** SHA-256 of the file, hexadecimal, as Prisma records it. */
  readonly checksum: string;
}

/** Finds `prisma/migrations` of the package, from `src/store` and from `dist/store` alike. */
export function migrationsDirectory(): string {
  return fileURLToPath(new URL("../../prisma/migrations", import.meta.url));
}

/**
 * Reads every `<name>/migration.sql` of a folder, in the order of the names.
 * Throws when the folder holds none: a service without its migrations is installed wrongly.
 */
export async function readMigrations(directory: URL | string): Promise<Migration[]> {
  const folder = typeof directory === "string" ? directory : fileURLToPath(directory);
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  if (names.length === 0) {
    throw new Error(`There is no migration in ${folder}: the installation is incomplete, install Muster again.`);
  }
  return Promise.all(
    names.sort().map(async (name) => {
      const bytes = await readFile(join(folder, name, "migration.sql"));
      return { name, script: bytes.toString("utf8"), checksum: createHash("sha256").update(bytes).digest("hex") };
    }),
  );
}

/**
 * Brings a database up to date, and leaves it as `prisma migrate deploy` would. Each migration is applied whole or not
 * at all; several processes may call this at once, one after the other gets its turn.
 *
 * @param client a connected client of the role that is to own the tables, outside a transaction
 * @param directory the folder of migrations, see {@link migrationsDirectory}
 * @returns the names of the migrations applied now, in order; empty when the database was up to date
 * @throws Error when an applied migration was changed, has gone, or was left unfinished by Prisma, and PostgreSQL's own
 * error, with the migration's name before it, when a script fails
 */
export async function applyMigrations(client: Client | ClientBase, directory: URL | string): Promise<string[]> {
  const migrations = await readMigrations(directory);
  await client.query(sql`select pg_advisory_lock(${migrationLock})`);
  try {
    await client.query(historyTable);
    const pending = await findPending(client, migrations);
    for (const migration of pending) await applyOne(client, migration);
    return pending.map((migration) => migration.name);
  } finally {
    // Without an answer here the connection is gone, and the lock with it; the first error is the one to tell.
    await client.query(sql`select pg_advisory_unlock(${migrationLock})`).catch(() => undefined);
  }
}

interface AppliedMigration {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished: boolean;
}

async function findPending(client: ClientBase, migrations: readonly Migration[]): Promise<Migration[]> {
  const { rows } =
    await client.query<AppliedMigration>(sql`select migration_name, checksum, finished_at is not null as finished
     from _prisma_migrations where rolled_back_at is null order by started_at`);
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const applied of rows) {
    const name = applied.migration_name;
    if (!applied.finished) {
      throw new Error(
        `The migration ${name} was begun by Prisma and not finished: resolve it with "prisma migrate resolve" and start again.`,
      );
    }
    const migration = known.get(name);
    if (migration === undefined) {
      throw new Error(
        `The database has the migration ${name}, which this version of Muster does not know: start the version that applied it, or a newer one.`,
      );
    }
    if (migration.checksum !== applied.checksum) {
      throw new Error(
        `The migration ${name} was changed after it had been applied to the database: restore prisma/migrations/${name}/migration.sql as it was, and put the change into a new migration.`,
      );
    }
  }
  const applied = new Set(rows.map((row) => row.migration_name));
  return migrations.filter((migration) => !applied.has(migration.name));
}

async function applyOne(client: ClientBase, migration: Migration): Promise<void> {
  await client.query("begin");
  try {
    const { rows } = await client.query<{ at: string }>(sql`select clock_timestamp()::text as at`);
    // Without parameters the script goes as one simple query: bodies in $$ and semicolons in strings stay whole.
    await client.query(migration.script);
    await client.query(sql`insert into _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       values (${randomUUID()}, ${migration.checksum}, ${migration.name}, ${rows[0]?.at}, clock_timestamp(), 1)`);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`The migration ${migration.name} failed and left nothing behind: ${reason}`, { cause: error });
  }
}
