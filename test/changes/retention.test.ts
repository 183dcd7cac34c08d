import assert from "node:assert/strict";
import { test } from "node:test";
import type pg from "pg";
import { readFeed } from "../../src/changes/feed.ts";
import { pruneChanges } from "../../src/changes/prune.ts";
import { feedFrames, writePage } from "../../src/http/changes/page.ts";
import { deleteOldEntries } from "../../src/organizations/retention.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { assertProblem, startDirectoryTest } from "../directory/setup.ts";
import { type FeedChange, follow, readPage } from "./reader.ts";

const { app, owner, send, addOrganization } = await startDirectoryTest();
for (let count = 1; count <= 6; count += 1) await send("POST", "/v1/groups", { groupId: `G${count}` });
const { changes, cursor: end } = await follow(app);
const cursors = [
  "",
  ...(await Promise.all([1, 2, 3, 4, 5].map((limit) => readPage(app, { limit })))).map((page) => page.cursor),
];

/** Makes the first changes older than the others by days; times still increase. */
async function age(count: number, days: number): Promise<void> {
  await owner.query(
    "update changes set at = at - $3 * interval '1 day' where organization_id = $1 and sequence <= $2",
    [app.organizationId, count, days],
  );
}

test("changes older than keepChangesDays go, the others stay, and who comes from before is told to start again", async () => {
  await age(3, 91);
  const aged = (await follow(app)).changes;
  const cutOff = (await readPage(app, { limit: 3 })).cursor;
  const tooOld = (await readPage(app, { limit: 2 })).cursor;
  await deleteOldEntries({ owner, clock: () => new Date() });
  assert.deepEqual(
    (await owner.query("select sequence from changes order by 1")).rows.map(({ sequence }) => Number(sequence)),
    [4, 5, 6],
  );
  for (const query of [`cursor=${tooOld}`, `since=${aged[1]!.at}`, ""]) {
    const answer = await app.inject({ url: `/v1/changes?${query}` });
    assertProblem(answer, 410, "resync_required");
    assert.match(answer.json.detail, new RegExp(`begins after ${aged[2]!.at}.*changesCursor`));
  }
  for (const query of [{ cursor: cutOff }, { since: aged[2]!.at }]) {
    assert.deepEqual((await follow(app, { ...query, limit: 1 })).changes, changes.slice(3));
  }
  assert.deepEqual((await follow(app, { cursor: cursors[4] })).changes, changes.slice(4));
  assert.deepEqual((await follow(app, { cursor: end })).changes, []);
  assert.deepEqual(await verifyStore(owner), []);
});

test("when everything has gone, the end of the log is a place all the same, and the log goes on from there", async () => {
  await send("PATCH", "/v1/organization", { settings: { keepChangesDays: 1 } });
  const { cursor } = await readPage(app, { since: "2099-01-01T00:00:00Z" });
  await deleteOldEntries({ owner, clock: () => new Date(Date.now() + 2 * 86_400_000) });
  assert.equal((await owner.query("select from changes")).rows.length, 0);
  const { changesCursor } = await send("GET", "/v1/groups");
  assert.equal(changesCursor, cursor);
  assert.deepEqual((await readPage(app, { cursor })).changes, []);
  await send("POST", "/v1/groups", { groupId: "G7" });
  assert.deepEqual(
    (await readPage(app, { cursor })).changes.map(({ id }: FeedChange) => id),
    ["G7"],
  );
  assert.deepEqual(await verifyStore(owner), []);
});

test("a log that is longer than a batch is cut off batch by batch", async () => {
  const other = await addOrganization();
  await owner.query(
    `with log as (
       insert into changes (organization_id, sequence, at, type, action, id, actor)
       select $1, n, timestamptz '2026-01-01T00:00:00Z' + n * interval '1 second', 'location', 'created', n::text, 'test'
       from generate_series(1, 25000) n returning at
     )
     update feed_heads set last_sequence = 25000, last_at = (select max(at) from log) where organization_id = $1`,
    [other.organizationId],
  );
  const before = new Date("2026-01-01T06:40:00Z");
  assert.equal(await pruneChanges(owner, other.organizationId, before), 23_999);
  assert.equal(await pruneChanges(owner, other.organizationId, before), 0);
  assert.deepEqual(await verifyStore(owner), []);
});

test("a page whose entries are cut off while it is read is told whole, as it was found", async () => {
  const other = await addOrganization();
  for (let count = 1; count <= 4; count += 1) {
    await app.inject({ method: "POST", url: "/v1/groups", key: other.key, body: { groupId: `O${count}` } });
  }
  let deleted = 0;
  const { database } = app.dependencies;
  const cutOff = async () => {
    deleted += await pruneChanges(owner, other.organizationId, new Date("2099-01-01T00:00:00Z"));
  };
  const begin = async (text: string) => {
    const client = await database.requests.begin(text);
    const query = (statement: pg.QueryConfig) => {
      const result = client.query(statement);
      // As soon as the page has been found, its entries go.
      return statement.text?.includes('"hasEntries"') ? result.then((found) => cutOff().then(() => found)) : result;
    };
    return { query, release: (error?: Error) => client.release(error) } as unknown as pg.PoolClient;
  };
  const interrupted = { ...database, requests: { ...database.requests, begin } };
  const request = { filter: {}, latest: false, limit: 10, frame: feedFrames.json };
  const page = await readFeed(interrupted, other.organizationId, request);
  assert.equal(deleted, 4);
  assert.deepEqual(
    JSON.parse(writePage(page, "json").toString()).changes.map(({ id }: FeedChange) => id),
    ["O1", "O2", "O3", "O4"],
  );
  await assert.rejects(readFeed(database, other.organizationId, request), { code: "resync_required" });
});

test("while somebody writes, nothing is deleted and nobody waits", async () => {
  await send("POST", "/v1/groups", { groupId: "G8" });
  const writer = await owner.connect();
  try {
    await writer.query("begin");
    await writer.query("select from feed_heads for update");
    assert.equal(await pruneChanges(owner, app.organizationId, new Date("2099-01-01T00:00:00Z")), 0);
  } finally {
    await writer.query("rollback");
    writer.release();
  }
  assert.equal(await pruneChanges(owner, app.organizationId, new Date("2099-01-01T00:00:00Z")), 2);
});

test("a log whose cut-off is not what is missing breaks a rule", async () => {
  await owner.query("update feed_heads set pruned_sequence = pruned_sequence - 1 where organization_id = $1", [
    app.organizationId,
  ]);
  assert.equal((await verifyStore(owner)).length, 1);
});
