import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import type { ClientBase } from "pg";
import { createTestDatabase } from "../support/database.ts";
import { factsOfCatalogue, factsOfPrismaSchema, type SchemaFacts, unguardedTables } from "../support/schema.ts";

const { owner } = await createTestDatabase({ after });
const prismaSchema = readFileSync(new URL("../../prisma/schema.prisma", import.meta.url), "utf8");

/** Returns the facts that only one of two sides has. */
function differences(left: SchemaFacts, right: SchemaFacts): { left: string[]; right: string[] } {
  return { left: left.filter((fact) => !right.includes(fact)), right: right.filter((fact) => !left.includes(fact)) };
}

/** Runs a check on a changed catalogue, and takes the change back. */
async function afterChange<T>(statement: string, check: (client: ClientBase) => Promise<T>): Promise<T> {
  const client = await owner.connect();
  try {
    await client.query(`begin; ${statement}`);
    return await check(client);
  } finally {
    await client.query("rollback");
    client.release();
  }
}

test("the Prisma schema and the migrated database agree on tables, columns and keys", async () => {
  assert.deepEqual(differences(factsOfPrismaSchema(prismaSchema), await factsOfCatalogue(owner)), {
    left: [],
    right: [],
  });
});

test("a column that one side lacks, or has otherwise, is noticed", async () => {
  const prisma = factsOfPrismaSchema(prismaSchema);
  const compare = async (client: ClientBase) => differences(prisma, await factsOfCatalogue(client));
  assert.deepEqual(await afterChange("alter table users add extra text", compare), {
    left: [],
    right: ["users.extra: text"],
  });
  assert.deepEqual(await afterChange("alter table users alter username set not null", compare), {
    left: ["users.username: text"],
    right: ["users.username: text not null"],
  });
  assert.deepEqual(await afterChange("alter table imports alter actor type varchar", compare), {
    left: ["imports.actor: text not null"],
    right: ["imports.actor: character varying not null"],
  });
  assert.deepEqual(await afterChange("create table extra (a uuid)", compare), { left: [], right: ["extra.a: uuid"] });
});

test("every table with data of an organization is guarded by row-level security", async () => {
  assert.deepEqual(await unguardedTables(owner), []);
});

test("a table that is not guarded is noticed", async () => {
  assert.deepEqual(await afterChange("create table extra (organization_id integer)", unguardedTables), [
    "extra: row-level security is off",
  ]);
  const guardedWithoutPolicy =
    "create table extra (organization_id integer); alter table extra enable row level security";
  assert.deepEqual(await afterChange(guardedWithoutPolicy, unguardedTables), ["extra: 0 policies instead of one"]);
  assert.deepEqual(await afterChange("alter policy organization on users using (true)", unguardedTables), [
    "users: the policy is another one: for all to public using true",
  ]);
});

test("the service's role is bound by the policies: it owns nothing and bypasses nothing", async () => {
  const { rows } = await owner.query(
    `select rolsuper, rolbypassrls, rolcreaterole, rolcanlogin,
       (select count(*)::int from pg_class where relowner = pg_roles.oid) as owned,
       array(select groups.rolname::text from pg_auth_members join pg_roles as groups on groups.oid = roleid
             where member = pg_roles.oid) as member_of
     from pg_roles where rolname = 'muster_service'`,
  );
  assert.deepEqual(rows, [
    { rolsuper: false, rolbypassrls: false, rolcreaterole: false, rolcanlogin: false, owned: 0, member_of: [] },
  ]);
});

test("the service's role sees the rows of the organization that it names, and none without a name", async (t) => {
  const client = await owner.connect();
  t.after(() => client.release());
  await client.query("begin");
  t.after(() => client.query("rollback"));
  await client.query(`insert into organizations (id, name, created_at, updated_at)
    values (1, 'a', now(), now()), (2, 'b', now(), now())`);
  await client.query(
    "insert into locations values (1, 'hall', 'Hall', 1, now(), now()), (2, 'gym', 'Gym', 1, now(), now())",
  );
  const visible = async () =>
    (
      await client.query(
        "select array(select id from organizations) as ids, array(select name from locations) as names",
      )
    ).rows;
  await client.query("set local role muster_service");
  assert.deepEqual(await visible(), [{ ids: [], names: [] }]);
  await client.query("set local muster.organization = '2'");
  assert.deepEqual(await visible(), [{ ids: [2], names: ["Gym"] }]);
  await assert.rejects(
    client.query("insert into locations values (1, 'lab', 'Lab', 1, now(), now())"),
    /row-level security policy/,
  );
});
