/** Races between those who write changes and those who read them, each with a named interleaving. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { PoolClient } from "pg";
import { recordChanges } from "../../src/changes/record.ts";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { follow, readPage } from "./reader.ts";

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

/** Appends with numbers that were read earlier, and a time of one's own. */
const append = (client: PoolClient, first: string, ids: readonly string[], at: string) =>
  client.query(
    `with written as (
       insert into changes (organization_id, sequence, at, type, action, id, actor)
       select $1, $2::bigint + n, ${at}, 'location', 'created', id, 'test'
       from unnest($3::text[]) with ordinality as list (id, n) returning sequence, at
     )
     update feed_heads set last_sequence = (select max(sequence) from written), last_at = (select max(at) from written)
     where organization_id = $1`,
    [organization, first, ids],
  );

const lastSequence = async (client: PoolClient, lock = "") =>
  (await client.query(`select last_sequence from feed_heads where organization_id = $1 ${lock}`, [organization]))
    .rows[0].last_sequence as string;

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

async function somebodyWaits(): Promise<void> {
  for (;;) {
    const { rows } = await owner.query(
      "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
    );
    if (rows.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * The second writer begins before the first one commits; a reader reads before, between and after the commits.
 * @returns what the reader's chain of cursors told, and what its chain of times did
 */
async function readBetweenCommits(record: Recorder, name: string): Promise<{ cursors: string[]; times: string[] }> {
  let { cursor, until } = await readPage(app, { since: "2099-01-01T00:00:00Z" });
  const cursors: string[] = [];
  const times: string[] = [];
  const read = async () => {
    const page = await follow(app, { cursor, limit: 1 });
    cursors.push(...page.changes.map(({ id }) => id));
    cursor = page.cursor;
    const window = await readPage(app, { since: until });
    times.push(...window.changes.map(({ id }) => id));
    until = window.until;
  };
  let second: Promise<unknown> | undefined;
  await transaction(async (first) => {
    await record(first, [`${name} 1`, `${name} 2`]);
    second = transaction((client) => record(client, [`${name} 3`]));
    second.catch(() => undefined);
    await Promise.race([somebodyWaits(), second.catch(() => undefined)]);
    await read();
  });
  await read();
  await second;
  await read();
  return { cursors, times };
}

describe("a reader between two writers' commits", () => {
  test("is told every change once and in order", async () => {
    const expected = ["right 1", "right 2", "right 3"];
    assert.deepEqual(await readBetweenCommits(asTheServiceDoes, "right"), { cursors: expected, times: expected });
  });

  test("would miss changes if their times were those at which the transactions began", async () => {
    // The second writer begins first and commits last.
    let { until } = await readPage(app, { since: "2099-01-01T00:00:00Z" });
    const told: string[] = [];
    await transaction(async (late) => {
      await late.query("select now()");
      await transaction(async (early) => append(early, await lastSequence(early, "for update"), ["early"], "now()"));
      const page = await readPage(app, { since: until });
      told.push(...page.changes.map(({ id }) => id));
      until = page.until;
      await append(late, await lastSequence(late, "for update"), ["late"], "now()");
    });
    told.push(...(await readPage(app, { since: until })).changes.map(({ id }) => id));
    assert.deepEqual(told, ["early"]);
    await owner.query("delete from changes where id in ('early', 'late')");
    await owner.query("update feed_heads set last_sequence = last_sequence - 2 where organization_id = $1", [
      organization,
    ]);
  });

  test("numbers that are taken before the lock collide", async () => {
    const unlocked: Recorder = async (client, ids) => {
      const first = await lastSequence(client);
      await client.query("select from feed_heads where organization_id = $1 for update", [organization]);
      await append(client, first, ids, "clock_timestamp() + n * interval '1 microsecond'");
    };
    await assert.rejects(readBetweenCommits(unlocked, "unlocked"), /changes_pkey/);
  });

  test("times in milliseconds would tell a change twice, or not at all", async () => {
    const append = async () => {
      await transaction((client) => asTheServiceDoes(client, ["a", "b", "c"]));
      return (await readPage(app, { since: "2026-01-01T00:00:00Z", limit: 10_000 })).changes.slice(-3);
    };
    let [a, b, c] = await append();
    // One time of a thousand ends with the millisecond.
    while (b!.at.endsWith("000Z")) [a, b, c] = await append();
    assert.deepEqual((await readPage(app, { since: b!.at })).changes, [c]);
    const milliseconds = b!.at.replace(/\d{3}Z$/, "Z");
    const again = (await readPage(app, { since: milliseconds })).changes;
    assert.ok(again.length > 1 && again.some(({ id }) => id === b!.id), "what was told comes again");
    assert.ok(!(await readPage(app, { since: a!.at, until: milliseconds })).changes.some(({ id }) => id === "b"));
  });
});

test("a page that ends inside a transaction's changes goes on with the next of them", async () => {
  const cursor = await end();
  await transaction((client) => asTheServiceDoes(client, ["p1", "p2", "p3"]));
  const first = await readPage(app, { cursor, limit: 2 });
  assert.deepEqual([first.changes.map(({ id }) => id), first.hasMore], [["p1", "p2"], true]);
  await transaction((client) => asTheServiceDoes(client, ["p4"]));
  assert.deepEqual(
    (await readPage(app, { cursor: first.cursor })).changes.map(({ id }) => id),
    ["p3", "p4"],
  );
  assert.deepEqual(
    (await readPage(app, { since: first.until })).changes.map(({ id }) => id),
    ["p3", "p4"],
  );
});
