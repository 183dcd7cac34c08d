import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import { Client } from "pg";
import { applyMigrations, migrationsDirectory } from "../../src/store/migrate.ts";
import { createTestDatabase } from "../support/database.ts";

/** An empty database, and a folder with migrations of the given scripts. */
async function prepare(t: TestContext, scripts: Readonly<Record<string, string>>) {
  const database = await createTestDatabase(t);
  await database.owner.query("drop schema public cascade");
  await database.owner.query("create schema public");
  const connect = async () => {
    const client = new Client(database.connection);
    await client.connect();
    database.beforeDrop(() => client.end());
    return client;
  };
  const directory = mkdtempSync(join(tmpdir(), "muster-migrations-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const write = (name: string, script: string) => {
    mkdirSync(join(directory, name), { recursive: true });
    writeFileSync(join(directory, name, "migration.sql"), script);
  };
  for (const [name, script] of Object.entries(scripts)) write(name, script);
  writeFileSync(join(directory, "migration_lock.toml"), 'provider = "postgresql"\n');
  return { owner: database.owner, client: await connect(), connect, directory, write };
}

const first = "20260101000000_first";
const second = "20260201000000_second";
const third = "20260301000000_third";

test("pending migrations are applied in order, once", async (t) => {
  const { client, directory, write } = await prepare(t, {
    [second]: "alter table things add label text;",
    [first]: "create table things (id integer);",
  });
  assert.deepEqual(await applyMigrations(client, directory), [first, second]);
  assert.deepEqual(await applyMigrations(client, directory), []);
  write(third, "alter table things add price integer;");
  assert.deepEqual(await applyMigrations(client, pathToFileURL(directory)), [third]);
  assert.equal((await client.query("select id, label, price from things")).rowCount, 0);
});

test("a script is sent whole: semicolons in bodies and strings do not split it", async (t) => {
  const { client, directory } = await prepare(t, {
    [first]: "create function f() returns text language plpgsql as $$ begin perform 1; return 'a;b'; end $$;",
  });
  await applyMigrations(client, directory);
  assert.deepEqual((await client.query("select f()")).rows, [{ f: "a;b" }]);
});

test("the history is the one that Prisma writes", async (t) => {
  const { client, directory } = await prepare(t, { [first]: "create table things (id integer);\n-- ä" });
  await applyMigrations(client, directory);
  const { rows } = await client.query("select * from _prisma_migrations");
  assert.equal(rows.length, 1);
  const { id, started_at, finished_at, ...rest } = rows[0];
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
  assert.ok(started_at instanceof Date && finished_at instanceof Date && started_at <= finished_at);
  const script = readFileSync(join(directory, first, "migration.sql"));
  assert.deepEqual(rest, {
    checksum: createHash("sha256").update(script).digest("hex"),
    migration_name: first,
    logs: null,
    rolled_back_at: null,
    applied_steps_count: 1,
  });
  const columns = await client.query(
    `select string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), case when attnotnull then 'not null' end,
       pg_get_expr(adbin, adrelid)), ', ' order by attnum) as all
     from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
     where attrelid = '_prisma_migrations'::regclass and attnum > 0`,
  );
  assert.deepEqual(columns.rows, [
    {
      all: "id character varying(36) not null, checksum character varying(64) not null, finished_at timestamp with time zone, migration_name character varying(255) not null, logs text, rolled_back_at timestamp with time zone, started_at timestamp with time zone not null now(), applied_steps_count integer not null 0",
    },
  ]);
});

test("a migration that fails leaves nothing behind, and those before it stay", async (t) => {
  const { client, directory, write } = await prepare(t, {
    [first]: "create table things (id integer);",
    [second]: "create table half (id integer); select 1 / 0;",
  });
  await assert.rejects(applyMigrations(client, directory), {
    message: `The migration ${second} failed and left nothing behind: division by zero`,
  });
  assert.deepEqual(
    (await client.query("select to_regclass('half') as half, to_regclass('things')::text as things")).rows,
    [{ half: null, things: "things" }],
  );
  write(second, "create table whole (id integer);");
  assert.deepEqual(await applyMigrations(client, directory), [second]);
});

test("an applied migration whose file was changed is refused, and nothing is applied", async (t) => {
  const { client, directory, write } = await prepare(t, { [first]: "create table things (id integer);" });
  await applyMigrations(client, directory);
  write(first, "create table things (id bigint);");
  write(second, "create table more (id integer);");
  await assert.rejects(
    applyMigrations(client, directory),
    /20260101000000_first was changed after it had been applied/,
  );
  assert.deepEqual((await client.query("select to_regclass('more') as more")).rows, [{ more: null }]);
});

test("an applied migration whose file has gone is refused", async (t) => {
  const { client, directory, write } = await prepare(t, { [first]: "select 1;" });
  await applyMigrations(client, directory);
  rmSync(join(directory, first), { recursive: true });
  write(second, "select 1;");
  await assert.rejects(
    applyMigrations(client, directory),
    /has the migration 20260101000000_first, which this version/,
  );
});

test("a migration that Prisma left unfinished is refused; one that was resolved as rolled back is applied again", async (t) => {
  const { client, directory } = await prepare(t, { [first]: "create table things (id integer);" });
  await applyMigrations(client, directory);
  await client.query("drop table things");
  await client.query("update _prisma_migrations set finished_at = null");
  await assert.rejects(applyMigrations(client, directory), /begun by Prisma and not finished.*prisma migrate resolve/);
  await client.query("update _prisma_migrations set rolled_back_at = now()");
  assert.deepEqual(await applyMigrations(client, directory), [first]);
});

test("processes that migrate at the same time take turns", async (t) => {
  const { connect, directory } = await prepare(t, {
    [first]: "create table things (id integer); select pg_sleep(0.2);",
  });
  const clients = await Promise.all([connect(), connect(), connect()]);
  const applied = await Promise.all(clients.map((client) => applyMigrations(client, directory)));
  assert.deepEqual(applied.flat(), [first]);
});

test("a folder without migrations is refused", async (t) => {
  const { client, directory } = await prepare(t, {});
  await assert.rejects(applyMigrations(client, directory), /There is no migration in .* installation is incomplete/);
});

test("Muster's own migrations are where the helper says, and apply to an empty database", async (t) => {
  const { client, directory } = await prepare(t, {});
  cpSync(migrationsDirectory(), directory, { recursive: true });
  const applied = await applyMigrations(client, migrationsDirectory());
  assert.ok(applied.includes("20261122000000_foundation"));
  // what was applied from the package counts as applied for an equal copy elsewhere
  assert.deepEqual(await applyMigrations(client, directory), []);
});
