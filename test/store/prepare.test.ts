import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { Client, type ClientConfig } from "pg";
import { openDatabase } from "../../src/store/database.ts";
import { prepareDatabase } from "../../src/store/prepare.ts";
import { joinDatabase } from "../../src/store/presence.ts";
import { createTestDatabase } from "../support/database.ts";

async function connected(connection: ClientConfig): Promise<Client> {
  const client = new Client(connection);
  await client.connect();
  return client;
}

test("an ordinary user that may administer the service's role makes itself a member; one that may not is told what to do", async (t) => {
  const database = await createTestDatabase(t);
  const { owner, connection } = database;
  if (connection.connectionString !== undefined) return t.skip("needs a server on which users can be made");
  const user = `muster_test_${randomBytes(4).toString("hex")}`;
  const password = randomBytes(8).toString("hex");
  await owner.query(`create role ${user} login password '${password}'`);
  database.beforeDrop(async () => {
    await owner.query(`reassign owned by ${user} to current_user`);
    await owner.query(`drop owned by ${user}`);
    await owner.query(`drop role ${user}`);
  });
  await owner.query(`grant select, insert on _prisma_migrations to ${user}`);
  await owner.query(`grant usage, create on schema public to ${user}`);
  await owner.query(`grant select on organizations to ${user}`);
  const client = await connected({ ...connection, user, password });
  database.beforeDrop(() => client.end());

  await assert.rejects(
    prepareDatabase(client),
    new RegExp(
      `^Error: The database user ${user} may not act as the role muster_service: have a superuser run "grant `,
    ),
  );
  await owner.query(`grant muster_service to ${user} with admin true, inherit false, set false`);
  await prepareDatabase(client);
  const service = openDatabase({ ...connection, user, password }, { maxConnections: 1 });
  const { rows } = await service.requests.query("select current_user::text as role");
  await service.close();
  assert.deepEqual(rows, [{ role: "muster_service" }]);
});

test("only the first Muster on a database tidies up, and the next one after all have ended", async (t) => {
  const database = await createTestDatabase(t);
  const joined: string[] = [];
  const join = async (name: string) => {
    const client = await connected(database.connection);
    await joinDatabase(client, 1, async () => void joined.push(name));
    return client;
  };
  const first = await join("first");
  const second = await join("second");
  await first.end();
  const third = await join("third");
  assert.deepEqual(joined, ["first"], "while another one works, nothing is tidied");
  await second.end();
  await third.end();
  const fourth = await join("fourth");
  await fourth.end();
  assert.deepEqual(joined, ["first", "fourth"]);
});

test("nobody joins while the first one tidies up", async (t) => {
  const database = await createTestDatabase(t);
  const steps: string[] = [];
  const { promise: tidied, resolve: finish } = Promise.withResolvers<void>();
  const clients = await Promise.all([connected(database.connection), connected(database.connection)]);
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const first = joinDatabase(clients[0], 1, async () => {
    begin();
    await tidied;
    steps.push("tidied");
  });
  await begun;
  const second = joinDatabase(clients[1], 2, async () => void steps.push("second tidied")).then(() =>
    steps.push("second joined"),
  );
  finish();
  await Promise.all([first, second]);
  await Promise.all(clients.map((client) => client.end()));
  assert.deepEqual(steps, ["tidied", "second joined"]);
});
