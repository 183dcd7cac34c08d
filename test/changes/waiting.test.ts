import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import pg, { type PoolClient } from "pg";
import { recordChanges } from "../../src/changes/record.ts";
import { mostWatches } from "../../src/changes/signal.ts";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { readPage } from "./reader.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);
const { owner } = database;
const organization = app.organizationId;
const end = async () => (await readPage(app, { since: "2099-01-01T00:00:00Z" })).cursor;

/** How a writer gives out numbers and times; those that are wrong show that the checks can fail. */
type Recorder = (client: PoolClient, ids: readonly string[]) => Promise<unknown>;

const asTheServiceDoes: Recorder = async (client, ids) => {
  await client.query("select from feed_heads where organization_id = $1 for update", [organization]);
  const entries = ids.map((id) => ({ type: "location" as const, action: "created" as const, id, changed: {} }));
  await recordChanges(client, organization, { actor: "test" }, entries);
};

/** Waits until the service has noticed the commits of others. */
async function noticed(): Promise<void> {
  for (;;) {
    const known = app.dependencies.changeSignal.ends.get(organization);
    const { rows } = await owner.query("select last_sequence from feed_heads where organization_id = $1", [
      organization,
    ]);
    if (known === undefined || known.sequence === Number(rows[0].last_sequence)) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function transaction<Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result> {
  const client = await owner.connect();
  try {
    await client.query("begin");
    const result = await work(client);
    await client.query("commit");
    await noticed();
    return result;
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

describe("waiting", () => {
  const wait = async (query: object) => {
    const start = performance.now();
    const { changes, ...page } = await readPage(app, { wait: 10, ...query });
    return { ...page, ids: changes.map(({ id }) => id), seconds: (performance.now() - start) / 1000 };
  };
  /** Until the service listens and its readers wait. */
  const listening = async () => {
    for (;;) {
      const { rows } = await owner.query(
        "select from pg_stat_activity where application_name = 'muster listener' and datname = current_database() and state = 'idle'",
      );
      if (rows.length === 1) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };

  test("that begins just before the commit is answered at the commit", async () => {
    const cursor = await end();
    const answer = await transaction(async (client) => {
      await asTheServiceDoes(client, ["w1"]);
      const waiting = wait({ cursor });
      await listening();
      const early = await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 200, "still waits"))]);
      assert.equal(early, "still waits");
      return { waiting };
    });
    const { ids, seconds } = await answer.waiting;
    assert.deepEqual(ids, ["w1"]);
    assert.ok(seconds < 5);
  });

  test("that begins just after the commit is answered at once", async () => {
    const cursor = await end();
    await transaction((client) => asTheServiceDoes(client, ["w2"]));
    const { ids, seconds } = await wait({ cursor });
    assert.deepEqual(ids, ["w2"]);
    assert.ok(seconds < 5);
  });

  test("misses no commit that falls between the look and the wait", async () => {
    for (let round = 0; round < 50; round += 1) {
      const cursor = await end();
      const waiting = wait({ cursor });
      await new Promise((resolve) => setTimeout(resolve, round % 10));
      await transaction((client) => asTheServiceDoes(client, [`r${round}`]));
      const { ids, seconds } = await waiting;
      assert.deepEqual(ids, [`r${round}`]);
      assert.ok(seconds < 5, `round ${round}`);
    }
  });

  test("under a filter goes on past changes that do not match, and answers with the place that it came to", async () => {
    const cursor = await end();
    const waiting = wait({ cursor, wait: 1, type: "user" });
    await transaction((client) => asTheServiceDoes(client, ["f1"]));
    const { ids, seconds, ...page } = await waiting;
    assert.deepEqual([ids, page.hasMore, page.cursor], [[], false, await end()]);
    assert.ok(seconds >= 0.9);
  });

  test("does not wait for a window that is complete, nor when there is more", async () => {
    const { until } = await readPage(app, { since: "2099-01-01T00:00:00Z" });
    const { ids, seconds } = await wait({ since: until, until });
    assert.deepEqual(ids, []);
    assert.ok(seconds < 5);
  });

  test("goes on when PostgreSQL drops the connection that listens", async () => {
    const cursor = await end();
    const waiting = wait({ cursor });
    await listening();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await owner.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name in ('muster listener', 'muster') and datname = current_database()",
    );
    await transaction((client) => asTheServiceDoes(client, ["t1"]));
    const { ids, seconds } = await waiting;
    assert.deepEqual(ids, ["t1"]);
    assert.ok(seconds < 8);
    await listening();
    const next = wait({ cursor: await end() });
    await transaction((client) => asTheServiceDoes(client, ["t2"]));
    assert.deepEqual((await next).ids, ["t2"]);
  });

  test("holds no connection of the pool: many wait, and others are answered", async () => {
    const cursor = await end();
    const many = Array.from({ length: 40 }, () => wait({ cursor, wait: 5 }));
    await listening();
    assert.equal((await app.inject({ url: "/v1/users" })).status, 200);
    await transaction((client) => asTheServiceDoes(client, ["m1"]));
    for (const answer of await Promise.all(many)) assert.deepEqual(answer.ids, ["m1"]);
  });

  test("is for a limited number of readers of an organization; those beyond are answered at once", async () => {
    const signal = app.dependencies.changeSignal;
    const watches = Array.from({ length: mostWatches }, () => signal.watch(organization));
    assert.ok(watches.every((watch) => watch !== undefined));
    assert.equal(signal.watch(organization), undefined);
    const { ids, seconds } = await wait({ cursor: await end() });
    assert.deepEqual(ids, []);
    assert.ok(seconds < 5);
    for (const watch of watches) watch?.end();
    signal.watch(organization)!.end();
  });

  test("ends when the service stops: the answer is complete, and the connections are closed", async (t) => {
    const own = await createTestDatabase(t);
    const stopping = await startTestApp(own);
    const answers = [1, 2].map(() =>
      fetch(`${stopping.url}/v1/changes?wait=30`, { headers: { authorization: `Bearer ${stopping.key}` } }),
    );
    const client = new pg.Client(own.connection);
    await client.connect();
    for (let waiting = 0; waiting < 1; ) {
      waiting = (
        await client.query(
          "select from pg_stat_activity where application_name = 'muster listener' and datname = current_database() and query like 'listen%'",
        )
      ).rows.length;
    }
    await client.end();
    const start = performance.now();
    await stopping.close();
    for (const answer of await Promise.all(answers)) {
      // A request that arrives while the service stops is told so.
      assert.ok([200, 503].includes(answer.status));
      if (answer.status === 200) assert.equal(((await answer.json()) as { hasMore: boolean }).hasMore, false);
    }
    assert.ok(performance.now() - start < 10_000);
  });
});
