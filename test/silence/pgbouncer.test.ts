import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { databaseUrlOf } from "../support/server.ts";
import { startService } from "../support/service-process.ts";
import { skipWithoutPgBouncer, startPgBouncer } from "./pgbouncer.ts";

const options = { skip: skipWithoutPgBouncer };

async function start() {
  const database = await createTestDatabase({ after });
  const pgBouncer = await startPgBouncer(database.connection);
  database.beforeDrop(() => pgBouncer.stop());
  return { database, pgBouncer };
}

test("behind PgBouncer in transaction mode, the service does not start, and says what to set", options, async (t) => {
  const { pgBouncer } = await start();
  const folder = await mkdtemp(join(tmpdir(), "muster-pgbouncer-data-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const service = startService(folder, { DATABASE_URL: pgBouncer.url });
  assert.equal(await service.ended, 1);
  assert.match(service.errors(), /^Muster could not start: .*set DATABASE_DIRECT_URL/m);
});

test("with a direct address besides, the service starts behind PgBouncer", options, async (t) => {
  const { database, pgBouncer } = await start();
  const folder = await mkdtemp(join(tmpdir(), "muster-pgbouncer-data-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const addresses = { DATABASE_URL: pgBouncer.url, DATABASE_DIRECT_URL: databaseUrlOf(database.connection) };
  const service = startService(folder, { ...addresses, LOG_LEVEL: "warn" });
  database.beforeDrop(async () => {
    service.child.kill("SIGKILL");
    await service.ended;
  });
  const url = await service.ready;
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
});

test(
  "behind PgBouncer, many requests share few connections, and each organization sees its own people",
  options,
  async () => {
    const { database, pgBouncer } = await start();
    const pooler = { connectionString: pgBouncer.url };
    const app = await startTestApp(database, {}, { pooler });
    const headers = { authorization: `Bearer ${app.operatorKey}` };
    const made = await app.inject({
      method: "POST",
      url: "/v1/organizations",
      key: null,
      headers,
      body: { name: "Other" },
    });
    assert.equal(made.status, 201, made.body);
    const keys = [app.key, made.json.adminKey.key];
    for (const key of keys) {
      const settings = { settings: { requireGroup: false } };
      const { status, body } = await app.inject({ method: "PATCH", url: "/v1/organization", key, body: settings });
      assert.equal(status, 200, body);
    }
    const roster = (id: string) =>
      `<users type="array"><user><firstName>P</firstName><email>p${id}@example.edu</email><databaseID>U10${id}</databaseID></user></users>`;
    const sent = await Promise.all(
      keys.map((key, number) =>
        app.inject({
          method: "POST",
          url: "/v1/imports/users",
          key,
          headers: { "content-type": "application/xml", accept: "application/json" },
          body: roster(String(number)),
        }),
      ),
    );
    assert.deepEqual(
      sent.map(({ status }) => status),
      [201, 201],
      sent[0]!.body,
    );
    const reads = await Promise.all(
      Array.from({ length: 40 }, (_, number) =>
        number % 4 === 0
          ? app.inject({ method: "POST", url: "/v1/groups", key: keys[number % 2]!, body: { groupId: `G${number}` } })
          : app.inject({ url: "/v1/users", key: keys[number % 2]! }),
      ),
    );
    for (const [number, { status, body, json }] of reads.entries()) {
      assert.ok(status === 200 || status === 201, body);
      if (status === 200) {
        assert.equal(json.items.length, 1);
        assert.match(body, new RegExp(`"p${number % 2}@example.edu"`));
      }
    }
  },
);
