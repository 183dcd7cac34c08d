/** Clocks that are wrong by far: nothing is deleted and nothing is dated by them. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import pg from "pg";
import { type ServiceProcess, startService } from "../support/service-process.ts";
import { skipWithoutFaketime, wrongClock } from "./faketime.ts";
import { makeServer } from "./own-server.ts";

const key = "an_admin_key_of_this_test_only_000";
const day = 86_400_000;

/** A service on a server of its own; both can be started with wrong clocks. */
async function begin(t: TestContext) {
  const server = await makeServer();
  const folder = await mkdtemp(join(tmpdir(), "muster-clock-"));
  let service: ServiceProcess | undefined;
  const stop = async () => {
    service?.child.kill("SIGTERM");
    await service?.ended;
    service = undefined;
  };
  t.after(async () => {
    await stop();
    await server.remove();
    await rm(folder, { recursive: true, force: true });
  });
  const request = async (path: string, body?: object) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const method = body === undefined ? "GET" : "POST";
    const answer = await fetch(`${await service!.ready}${path}`, { method, headers, body: JSON.stringify(body) });
    return { status: answer.status, json: JSON.parse(await answer.text()) };
  };
  return {
    server,
    stop,
    /** Starts the service on the running server. */
    async start(environment: Record<string, string> = {}) {
      service = startService(folder, { DATABASE_URL: server.url, MUSTER_ADMIN_KEY: key, ...environment });
      await service.ready;
      return service;
    },
    request,
    create: (groupId: string) => request("/v1/groups", { groupId }),
    changes: async () => (await request("/v1/changes")).json.changes as { id: string; at: string }[],
    async query(text: string) {
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      return client.query(text).finally(() => client.end());
    },
  };
}

describe("with another clock", { skip: skipWithoutFaketime, concurrency: true }, () => {
  test("a service whose clock is 400 days ahead deletes and changes nothing, and goes on with the right clock", async (t) => {
    const { server, start, stop, create, request, changes, query } = await begin(t);
    await server.start();
    await start();
    assert.equal((await create("A")).status, 201);
    const before = await changes();
    assert.ok(before.length > 0);
    await stop();

    const service = await start(wrongClock("+400d"));
    assert.match(service.output(), /^Muster changes and deletes nothing, because a clock is implausible\./m);
    const ready = await request("/readyz");
    assert.deepEqual([ready.status, ready.json.code], [503, "clock_implausible"]);
    assert.match(
      ready.json.detail,
      /^Nothing was changed\. The clock of the service says .* and the clock of the database/,
    );
    const refused = await create("B");
    assert.deepEqual([refused.status, refused.json.code], [503, "clock_implausible"]);
    // Retention begins with the start, and would be done by now.
    assert.equal((await request("/v1/groups")).status, 200);
    await stop();
    assert.equal((await query("select from changes")).rowCount, before.length);

    await start();
    assert.deepEqual(await changes(), before);
    assert.equal((await create("B")).status, 201);
    await stop();
    await server.stop();
  });

  test("a machine whose clock jumped 400 days ahead changes nothing until the operator confirms the date", async (t) => {
    const { server, start, stop, create, request, changes } = await begin(t);
    await server.start();
    await start();
    await create("A");
    await stop();
    await server.stop();

    const jumped = wrongClock("+400d");
    await server.start(jumped);
    const ahead = new Date(Date.now() + 400 * day).toISOString().slice(0, 10);
    const doubtful = await start(jumped);
    assert.match(
      doubtful.output(),
      new RegExp(`400 days before\\. .* start the service once with CLOCK_ACCEPT=${ahead}\\.$`, "m"),
    );
    assert.equal((await create("B")).json.code, "clock_implausible");
    assert.equal((await changes()).length, 1);
    await stop();

    const late = await start({ ...jumped, CLOCK_ACCEPT: new Date().toISOString().slice(0, 10) });
    assert.match(late.output(), /^Not used: CLOCK_ACCEPT is \S+, which is not the date of today\.$/m);
    assert.equal((await create("B")).status, 503);
    await stop();

    await start({ ...jumped, CLOCK_ACCEPT: ahead });
    assert.equal((await create("B")).status, 201);
    assert.equal((await request("/readyz")).status, 200);
    await stop();
    await server.stop();
  });

  test("after a time with a clock in the future, the operator confirms the date, and later changes are dated rightly", async (t) => {
    const { server, start, stop, create, request, changes } = await begin(t);
    const jumped = wrongClock("+400d");
    await server.start(jumped);
    await start(jumped);
    for (const groupId of ["A", "B", "C"]) assert.equal((await create(groupId)).status, 201);
    const { cursor } = (await request("/v1/changes")).json;
    await stop();
    await server.stop();

    await server.start();
    await start();
    const refused = await create("D");
    assert.deepEqual([refused.status, refused.json.code], [503, "clock_implausible"]);
    assert.match(refused.json.detail, /which is later\. If the clock is wrong, correct it\. If it is right, start/);
    await stop();

    const today = new Date().toISOString().slice(0, 10);
    await start({ CLOCK_ACCEPT: today });
    assert.equal((await create("D")).status, 201);
    const seen = await changes();
    assert.deepEqual(
      seen.map(({ id }) => id),
      ["A", "B", "C", "D"],
    );
    const times = seen.map(({ at }) => at);
    assert.deepEqual([...new Set(times)].sort(), times);
    assert.ok(times.every((at) => Math.abs(Date.parse(at) - Date.now()) < day));
    assert.equal((await request(`/v1/changes?cursor=${cursor}`)).json.code, "resync_required");
    const { items } = (await request("/v1/groups")).json;
    assert.ok(items.every(({ createdAt }: { createdAt: string }) => Date.parse(createdAt) < Date.now() + day));
    await stop();
    await server.stop();
  });

  test("a date that the operator confirms does not count while the database's clock is another one", async (t) => {
    const { server, start, stop, create } = await begin(t);
    const today = new Date().toISOString().slice(0, 10);
    await server.start();
    await start();
    await stop();
    await server.stop();

    await server.start(wrongClock("+400d"));
    await start({ CLOCK_ACCEPT: today });
    assert.equal((await create("A")).status, 503);
    await stop();
    await server.stop();

    await server.start();
    await start();
    assert.equal((await create("A")).status, 201);
    await stop();
    await server.stop();
  });
});
