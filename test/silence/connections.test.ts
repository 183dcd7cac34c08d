/** Connections on which nothing arrives any more, although nobody closed them. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startTestApp, type TestAppOptions } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { startProxy } from "./proxy.ts";

const limits = {
  connect: 600,
  probe: 300,
  statement: 600,
  grace: 200,
  heartbeat: 100,
  heartbeatAnswer: 200,
  close: 500,
};

async function start(options: TestAppOptions = {}) {
  const database = await createTestDatabase({ after });
  const proxy = await startProxy(database.connection);
  database.beforeDrop(() => proxy.close());
  const app = await startTestApp(database, {}, { connection: proxy.connection, timeLimits: limits, ...options });
  const create = (groupId: string) => app.inject({ method: "POST", url: "/v1/groups", body: { groupId } });
  // Several connections are idle in the pool.
  const answers = await Promise.all(["A", "B", "C", "D"].map(create));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [201, 201, 201, 201],
  );
  return { database, proxy, app, create };
}

test("a write on silent connections is done on a new one", async () => {
  const { proxy, create } = await start();
  proxy.swallow();
  assert.equal((await create("E")).status, 201);
});

test("the look-up of a key on a silent connection is done on a new one", async () => {
  const { proxy, app } = await start();
  const key = await app.keyWith(["retrieve"]);
  proxy.swallow();
  assert.equal((await app.inject({ url: "/v1/groups", key })).status, 200);
});

test("while the database is frozen, requests get 503 with Retry-After, and work again when it goes on", async () => {
  const { proxy, app, create } = await start();
  proxy.freeze();
  const answers = await Promise.all([
    create("E"),
    app.inject({ url: "/v1/users" }),
    app.inject({ url: "/readyz", key: null }),
  ]);
  for (const { status, headers, body } of answers) {
    assert.equal(status, 503, body);
    assert.ok(Number(headers["retry-after"]) > 0);
  }
  proxy.heal();
  assert.equal((await create("F")).status, 201);
  assert.equal((await app.inject({ url: "/readyz", key: null })).status, 200);
});

test("a silent listener is replaced, so that readers hear of changes that other processes make", async () => {
  const { database, proxy, app } = await start();
  const other = await startTestApp(database);
  // The later service replaced the organization's admin key.
  const read = (query: string) => app.inject({ url: `/v1/changes?${query}`, key: other.key });
  const { json } = await read("latest=true");
  const wait = (cursor: string) => read(`cursor=${cursor}&wait=20`);
  const write = (groupId: string) => other.inject({ method: "POST", url: "/v1/groups", body: { groupId } });
  // The listener connects when somebody waits for the first time.
  const [first] = await Promise.all([wait(json.cursor), write("X")]);
  proxy.swallow();
  const listeners = "select pid from pg_stat_activity where application_name = 'muster listener'";
  const before = (await database.owner.query(listeners)).rows.map(({ pid }) => pid);
  const isReplaced = async () => (await database.owner.query(listeners)).rows.some(({ pid }) => !before.includes(pid));
  for (let tries = 0; tries < 200 && !(await isReplaced()); tries += 1) await sleep(50);
  const [second] = await Promise.all([wait(first.json.cursor), write("Y")]);
  assert.deepEqual([first.status, second.status], [200, 200], first.body + second.body);
  assert.deepEqual(
    [first, second].map((answer) => answer.json.changes.map(({ id }: { id: string }) => id)),
    [["X"], ["Y"]],
  );
});

test("the service closes although its connections are silent", async () => {
  const { proxy, app } = await start();
  proxy.freeze();
  await app.close();
});
