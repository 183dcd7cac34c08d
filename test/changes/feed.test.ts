import assert from "node:assert/strict";
import { test } from "node:test";
import { scannedEntries } from "../../src/changes/feed-statement.ts";
import { assertProblem, startDirectoryTest } from "../directory/setup.ts";
import { applyChanges, comparable, type FeedChange, follow, readPage } from "./reader.ts";

const { app, owner, send, addUser, addOrganization, lastSequence } = await startDirectoryTest();
const end = async () => (await readPage(app, { since: "2099-01-01T00:00:00Z" })).cursor;
const importUsers = (source: string, users: readonly object[]) =>
  send("POST", `/v1/imports/users?source=${source}`, { users });
const told = (changes: readonly FeedChange[]) => changes.map(({ type, action, id }) => `${type} ${action} ${id}`);

await send("POST", "/v1/groups", { groupId: "G1" });
await send("POST", "/v1/groups", { groupId: "G2" });
await app.inject({ method: "PUT", url: "/v1/sources/students", body: {} });
await app.inject({ method: "PUT", url: "/v1/sources/staff", body: {} });

test("a change tells what changed from what to what, who did it, and all that a copy needs to find the thing", async () => {
  const cursor = await end();
  const row = { firstName: "Jane", lastName: "Doe", email: "jane@x.edu", userID: "jane", databaseID: "J1" };
  const { id: importId } = await importUsers("students", [{ ...row, groupID: "G1" }]);
  await importUsers("students", [{ ...row, lastName: "Roe", groupID: "G2" }]);
  const [created, updated] = (await follow(app, { cursor })).changes;
  const { at, id, ...rest } = created as FeedChange & { importId: string };
  assert.match(at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  assert.deepEqual(rest, {
    sequence: (await lastSequence()) - 1,
    type: "user",
    action: "created",
    databaseId: "J1",
    username: "jane",
    source: "students",
    importId,
    actor: "api-key:admin",
    changed: {
      firstName: { from: null, to: "Jane" },
      lastName: { from: null, to: "Doe" },
      username: { from: null, to: "jane" },
      emails: { from: null, to: ["jane@x.edu"] },
      sources: { from: null, to: [{ source: "students", databaseId: "J1" }] },
    },
    memberships: [{ groupId: "G1", role: { from: null, to: 0 } }],
  });
  assert.deepEqual(updated?.changed, { lastName: { from: "Doe", to: "Roe" } });
  assert.deepEqual(updated?.memberships, [{ groupId: "G2", role: { from: null, to: 0 } }]);
  const before = await end();
  await send("DELETE", `/v1/users/${id}`);
  const [deleted] = (await follow(app, { cursor: before })).changes;
  assert.deepEqual(
    [deleted?.action, deleted?.id, deleted?.databaseId, deleted?.username],
    ["deleted", id, "J1", "jane"],
  );
});

test("a chain of cursors tells every change once, whatever the size of the pages", async () => {
  for (let count = 0; count < 5; count += 1) await addUser();
  const all = await follow(app);
  assert.deepEqual(
    all.changes.map(({ sequence }) => sequence),
    Array.from({ length: await lastSequence() }, (_, index) => index + 1),
  );
  for (const limit of [1, 2, 3, 7]) assert.deepEqual((await follow(app, { limit })).changes, all.changes);
});

test("windows of times tile: until of an answer is the since of the next, and cuts between two changes of a transaction", async () => {
  const cursor = await end();
  await importUsers(
    "students",
    ["T1", "T2", "T3"].map((databaseID) => ({
      databaseID,
      firstName: "T",
      email: `${databaseID}@x.edu`,
      groupID: "G1",
    })),
  );
  const { changes } = await follow(app, { cursor });
  const [first, second, third] = changes as [FeedChange, FeedChange, FeedChange];
  assert.equal(second.at.slice(0, 19), first.at.slice(0, 19));
  const window = async (since: string, until: string) => {
    const page = await readPage(app, { since, until });
    assert.deepEqual([page.until, page.complete, page.hasMore], [until, true, false]);
    return page.changes.map(({ sequence }) => sequence);
  };
  assert.deepEqual(await window(first.at, second.at), [second.sequence]);
  assert.deepEqual(await window(second.at, third.at), [third.sequence]);
  assert.deepEqual(await window(first.at, first.at), []);
  const rest = await readPage(app, { since: first.at, limit: 1 });
  assert.deepEqual([rest.until, rest.hasMore], [second.at, true]);
  assert.deepEqual((await readPage(app, { since: rest.until })).changes, [third]);
});

test("an until beyond the last change is answered as far as is known, and says so", async () => {
  const { changes } = await follow(app);
  const page = await readPage(app, { until: "2099-01-01T00:00:00Z", limit: 10_000 });
  assert.deepEqual([page.complete, page.until], [false, changes.at(-1)?.at]);
  assert.equal((await readPage(app, { until: changes.at(-1)!.at, limit: 10_000 })).complete, true);
  assert.equal((await readPage(app)).complete, undefined);
});

test("times with an offset and fewer digits are the same moments; more than microseconds and plain dates are refused", async () => {
  const [first] = (await follow(app)).changes;
  const utc = await readPage(app, { since: "2026-01-01T00:00:00Z", until: first!.at });
  assert.deepEqual(await readPage(app, { since: "2026-01-01T05:30:00.000+05:30", until: first!.at }), utc);
  for (const since of [
    "2026-01-01",
    "2026-01-01T00:00:00.1234567Z",
    "2026-13-01T00:00:00Z",
    "2026-01-01T00:00:00",
    "x",
  ]) {
    assertProblem(await app.inject({ url: `/v1/changes?since=${since}` }), 400, "request_invalid");
  }
});

test("types are repeated or joined with commas, and kinds of which nothing was told may be asked for", async () => {
  const types = async (query: string) => {
    const { status, json } = await app.inject({ url: `/v1/changes?${query}` });
    assert.equal(status, 200);
    return [...new Set((json.changes as FeedChange[]).map(({ type }) => type))].sort();
  };
  assert.deepEqual(await types("type=group,source"), ["group", "source"]);
  assert.deepEqual(await types("type=group&type=source"), ["group", "source"]);
  assert.deepEqual(await types("type=topic,membershipRequest,permission,import"), []);
  assertProblem(await app.inject({ url: "/v1/changes?type=users" }), 400, "request_invalid");
});

test("a copy of one group hears of the group, of who comes and goes, and of all that changes of its members", async () => {
  const member = await addUser({ memberships: [{ groupId: "G2" }] });
  const other = await addUser();
  const cursor = await end();
  await send("PATCH", `/v1/users/${member.id}`, { lastName: "Member" });
  await send("PATCH", `/v1/users/${other.id}`, { lastName: "Other" });
  const joining = await addUser({ memberships: [{ groupId: "G2" }, { groupId: "G1" }] });
  await send("POST", "/v1/groups", { groupId: "G3" });
  assert.deepEqual(told((await follow(app, { cursor, groupId: "G2" })).changes), [
    `user updated ${member.id}`,
    `user created ${joining.id}`,
  ]);
  await send("DELETE", `/v1/users/${member.id}`);
  assert.deepEqual(told((await follow(app, { cursor, groupId: "G2" })).changes), [
    `user created ${joining.id}`,
    `user deleted ${member.id}`,
  ]);
  assert.deepEqual(told((await follow(app, { cursor, groupId: "G3" })).changes), ["group created G3"]);
});

test("a two-way sync hears nothing of its own: not the imports of its source, nor what its key did", async () => {
  const key = await app.keyWith(["admin"], { name: "sync" });
  const cursor = await end();
  const row = (databaseID: string) => [{ databaseID, firstName: "E", email: `${databaseID}@x.edu`, groupID: "G1" }];
  await importUsers("students", row("E1"));
  await importUsers("staff", row("E2"));
  const mine = await app.inject({
    method: "POST",
    url: "/v1/users",
    key,
    body: { firstName: "Mine", emails: ["mine@x.edu"] },
  });
  const self = await addUser({ origin: "self-registered" });
  const hand = await addUser();
  const databaseIds = async (query: object) =>
    (await follow(app, { cursor, ...query })).changes.map((one) => one.databaseId ?? one.id);
  assert.deepEqual(await databaseIds({ excludeSource: "staff" }), ["E1", mine.json.id, self.id, hand.id]);
  assert.deepEqual(await databaseIds({ excludeSource: "staff,students" }), [mine.json.id, self.id, hand.id]);
  assert.deepEqual(await databaseIds({ excludeActor: "api-key:sync" }), ["E1", "E2", self.id, hand.id]);
  assert.deepEqual(await databaseIds({ origin: "source" }), ["E1", "E2"]);
  assert.deepEqual(await databaseIds({ origin: "self-registered" }), [self.id]);
  assert.deepEqual(await databaseIds({ origin: "manual,self-registered" }), [mine.json.id, self.id, hand.id]);
  assertProblem(await app.inject({ url: "/v1/changes?excludeSource=none" }), 422, "source_unknown");
});

test("latest folds the changes of a thing on a page to one, and a copy that follows it ends up the same", async () => {
  const cursor = await end();
  const one = await addUser({ memberships: [{ groupId: "G1" }] });
  await send("PATCH", `/v1/users/${one.id}`, { firstName: "New", lastName: "Roe" });
  const two = await addUser({ lastName: "Two" });
  await send("PATCH", `/v1/users/${one.id}`, { lastName: "Doe" });
  await send("PATCH", `/v1/users/${two.id}`, { lastName: null });
  const afterTwo = await end();
  await send("PATCH", `/v1/users/${one.id}`, { lastName: "Roe" });
  await send("PATCH", `/v1/users/${one.id}`, { lastName: "Doe", address: "1 Main St" });
  await send("DELETE", `/v1/users/${two.id}`);
  const last = await lastSequence();
  for (const limit of [1, 2, 3, 4, 5, 8]) {
    const plain = await follow(app, { cursor, limit });
    const folded = await follow(app, { cursor, limit, latest: "true" });
    const copies = [plain, folded].map(({ changes }) => {
      const copy = new Map<string, Record<string, unknown>>();
      applyChanges(copy, changes);
      return comparable(copy);
    });
    assert.deepEqual(copies[1], copies[0]);
    assert.deepEqual([folded.cursor, folded.pages], [plain.cursor, plain.pages]);
  }
  const { changes } = await readPage(app, { cursor, latest: "true", limit: 10_000 });
  assert.deepEqual(
    changes.map(({ sequence, action, id }) => [sequence, action, id]),
    [
      [last - 1, "created", one.id],
      [last, "deleted", two.id],
    ],
  );
  assert.deepEqual(changes[0]?.changed.lastName, { from: null, to: "Doe" });
  assert.deepEqual((await readPage(app, { cursor: afterTwo, latest: "true" })).changes[0]?.changed, {
    address: { from: null, to: { text: "1 Main St" } },
  });
});

test("an invalid cursor, or one of another log, is refused; one of a log that lost its end asks for a new start", async () => {
  for (const cursor of ["abc", "WzFd", Buffer.from('["1","x"]').toString("base64url"), "%00"]) {
    assertProblem(await app.inject({ url: `/v1/changes?cursor=${cursor}` }), 400, "request_invalid");
  }
  assertProblem(
    await app.inject({ url: `/v1/changes?cursor=${await end()}&since=2026-01-01T00:00:00Z` }),
    400,
    "request_invalid",
  );
  const other = await addOrganization();
  const foreign = await app.inject({ url: `/v1/changes?cursor=${await end()}`, key: other.key });
  assertProblem(foreign, 410, "resync_required");
  assert.match(foreign.json.detail, /ahead of the log.*changesCursor/);
  // As after a restored backup: the number is there again, but for another change.
  await app.inject({ method: "POST", url: "/v1/groups", key: other.key, body: { groupId: "G1" } });
  const forged = Buffer.from(JSON.stringify([1, "2026-01-01T00:00:00.000000Z"])).toString("base64url");
  assertProblem(await app.inject({ url: `/v1/changes?cursor=${forged}`, key: other.key }), 410, "resync_required");
  assert.deepEqual(told((await app.inject({ url: "/v1/changes", key: other.key })).json.changes), ["group created G1"]);
});

test("a filter that finds nothing in a long log looks at a part of it and moves on", async () => {
  const other = await addOrganization();
  const rows = scannedEntries * 2 + 5;
  await owner.query(
    `with log as (
       insert into changes (organization_id, sequence, at, type, action, id, actor)
       select $1, n, timestamptz '2026-01-01T00:00:00Z' + n * interval '1 second',
         case n when $2 then 'group' else 'location' end, 'created', n::text, 'test'
       from generate_series(1, $2::integer) n returning sequence, at
     )
     update feed_heads set last_sequence = $2, last_at = (select max(at) from log) where organization_id = $1`,
    [other.organizationId, rows],
  );
  const pages = [];
  let cursor = "";
  do {
    const { json } = await app.inject({ url: `/v1/changes?type=group${cursor}`, key: other.key });
    pages.push([json.changes.length, json.hasMore]);
    cursor = `&cursor=${json.cursor}`;
  } while (pages.at(-1)![1]);
  assert.deepEqual(pages, [
    [0, true],
    [0, true],
    [1, false],
  ]);
});

test("a page ends early when its changes are large, and loses none", async () => {
  const other = await addOrganization();
  await owner.query(
    `with log as (
       insert into changes (organization_id, sequence, at, type, action, id, actor, changed)
       select $1, n, timestamptz '2026-01-01T00:00:00Z' + n * interval '1 second', 'location', 'created', n::text, 'test',
         json_build_object('name', json_build_object('from', null, 'to', repeat(n::text, 900000)))
       from generate_series(1, 30) n returning sequence, at
     )
     update feed_heads set last_sequence = 30, last_at = (select max(at) from log) where organization_id = $1`,
    [other.organizationId],
  );
  const ids: string[] = [];
  let cursor = "";
  for (let more = true; more; ) {
    const { json, body } = await app.inject({ url: `/v1/changes?${cursor}`, key: other.key });
    assert.ok(body.length < 9_000_000);
    ids.push(...json.changes.map(({ id }: FeedChange) => id));
    cursor = `cursor=${json.cursor}`;
    more = json.hasMore;
  }
  assert.deepEqual(
    ids,
    Array.from({ length: 30 }, (_, index) => String(index + 1)),
  );
});
