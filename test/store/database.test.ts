/** The service's connections: as whom they work, and what a transaction of one organization sees. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Database, openDatabase, withOrganization } from "../../src/store/database.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let testDatabase: TestDatabase;
let database: Database;

before(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase(testDatabase.connection, { maxConnections: 2 });
  testDatabase.beforeDrop(() => database.close());
  await testDatabase.owner.query(
    `insert into organizations (id, name, created_at, updated_at) values (1, 'One', now(), now()), (2, 'Two', now(), now());
     insert into locations (organization_id, name_normalized, name, created_at, updated_at)
     values (1, 'main', 'Main', now(), now()), (2, 'north', 'North', now(), now())`,
  );
});
after(() => testDatabase.drop());

test("the service's connections are bound by row-level security: without an organization they see nothing", async () => {
  const { rows } = await database.requests.query(
    "select current_user as role, (select count(*) from locations)::integer as seen",
  );
  assert.deepEqual(rows, [{ role: "muster_service", seen: 0 }]);
});

test("a transaction of an organization sees that one's rows alone, by SQL and by Prisma, whatever it asks for", async () => {
  for (const [organizationId, name] of [
    [1, "Main"],
    [2, "North"],
  ] as const) {
    const { rows } = await withOrganization(database, organizationId, (client) =>
      client.query("select name from locations"),
    );
    assert.deepEqual(rows, [{ name }]);
    const found = await withOrganization(database, organizationId, async (transaction) =>
      (await transaction.records()).location.findMany(),
    );
    assert.deepEqual(
      found.map((location) => location.name),
      [name],
    );
  }
});

test("a transaction cannot write to another organization", async () => {
  await assert.rejects(
    withOrganization(database, 1, (client) =>
      client.query(
        `insert into locations (organization_id, name_normalized, name, created_at, updated_at)
         values (2, 'south', 'South', now(), now())`,
      ),
    ),
    /row-level security/,
  );
  const { rowCount } = await withOrganization(database, 1, (client) =>
    client.query("delete from locations where organization_id = 2"),
  );
  assert.equal(rowCount, 0);
});

test("a failed transaction leaves nothing, and its connection is free and forgets the organization", async () => {
  const failure = new Error("after writing");
  await assert.rejects(
    withOrganization(database, 1, async (client) => {
      await client.query("update locations set name = 'Changed'");
      throw failure;
    }),
    failure,
  );
  const { rows } = await testDatabase.owner.query("select name from locations where organization_id = 1");
  assert.deepEqual(rows, [{ name: "Main" }]);
  assert.equal((await database.requests.query("select from locations")).rowCount, 0);
});

test("both faces of a transaction see each other's changes, and both are undone when it fails", async () => {
  const failure = new Error("after writing by both");
  await assert.rejects(
    withOrganization(database, 1, async (transaction) => {
      const records = await transaction.records();
      await transaction.query("update locations set name = 'By SQL'");
      const [location] = await records.location.findMany();
      assert.equal(location?.name, "By SQL");
      await records.location.updateMany({ data: { name: "By type" } });
      const { rows } = await transaction.query("select name, pg_backend_pid() as pid from locations");
      const [{ pid }] = await records.$queryRaw<[{ pid: number }]>`select pg_backend_pid() as pid`;
      assert.deepEqual(rows, [{ name: "By type", pid }]);
      throw failure;
    }),
    failure,
  );
  const { rows } = await testDatabase.owner.query("select name from locations where organization_id = 1");
  assert.deepEqual(rows, [{ name: "Main" }]);
});

test("a transaction commits the writes of both faces together", async () => {
  await withOrganization(database, 2, async (transaction) => {
    const records = await transaction.records();
    await records.location.updateMany({ data: { name: "Norther" } });
    await transaction.query("update locations set name = name || 'n'");
  });
  const { rows } = await testDatabase.owner.query("select name from locations where organization_id = 2");
  assert.deepEqual(rows, [{ name: "Northern" }]);
});

test("a statement that Prisma fails undoes the transaction, and its connection works on", async () => {
  await assert.rejects(
    withOrganization(database, 1, async (transaction) => {
      await transaction.query("update locations set name = 'Changed'");
      const at = new Date(0);
      const main = { organizationId: 1, nameNormalized: "main", name: "Again", createdAt: at, updatedAt: at };
      await (await transaction.records()).location.create({ data: main });
    }),
    { code: "P2002" },
  );
  for (let round = 1; round <= 4; round++) {
    const locations = await withOrganization(database, 1, async (transaction) =>
      (await transaction.records()).location.count(),
    );
    assert.equal(locations, 1);
  }
  const { rows } = await testDatabase.owner.query("select name from locations where organization_id = 1");
  assert.deepEqual(rows, [{ name: "Main" }]);
});

test("records of many transactions at once see their own organization alone", async () => {
  const seen = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      withOrganization(database, 1 + (index % 2), async (transaction) => {
        const records = await transaction.records();
        const organizationId = 1 + (index % 2);
        const nameNormalized = index % 2 === 0 ? "main" : "north";
        const found = await records.location.findUnique({
          where: { organizationId_nameNormalized: { organizationId, nameNormalized } },
        });
        return found?.nameNormalized;
      }),
    ),
  );
  assert.deepEqual(
    seen,
    Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? "main" : "north")),
  );
});
