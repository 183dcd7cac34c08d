import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { readPage } from "./reader.ts";

const database = await createTestDatabase({ after });
const other = await startTestApp(database);
// Its admin key takes the place of the other's.
const app = await startTestApp(database);
const knowsEnd = () => app.dependencies.changeSignal.ends.get(app.organizationId) !== undefined;

async function untilItKnows(cursor: string): Promise<void> {
  for (let attempt = 0; attempt < 500 && !knowsEnd(); attempt += 1) {
    await readPage(app, { cursor });
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.ok(knowsEnd(), "the service knows where the log ends");
}

/** How often a connection is taken from the pool from now on. */
function countConnections(): () => number {
  let count = 0;
  app.dependencies.database.requests.pool.on("acquire", () => {
    count += 1;
  });
  return () => count;
}

test("who has read everything is answered without a look at the log, as the database would answer", async () => {
  await app.inject({ method: "POST", url: "/v1/locations", body: { name: "First" } });
  const { cursor } = await readPage(app, { since: "2099-01-01T00:00:00Z" });
  const connections = countConnections();
  const ask = async () => {
    await untilItKnows(cursor);
    const before = connections();
    const answer = await app.inject({ url: `/v1/changes?cursor=${cursor}` });
    return { answer, taken: connections() - before };
  };
  // A known end is valid for a second; a busy machine may need longer to ask again.
  let { answer: known, taken } = await ask();
  for (let attempt = 0; taken > 0 && attempt < 20; attempt += 1) ({ answer: known, taken } = await ask());
  assert.equal(taken, 0);
  const looked = await other.inject({ url: `/v1/changes?cursor=${cursor}`, key: app.key });
  assert.deepEqual([known.status, known.body, known.headers.etag], [200, looked.body, looked.headers.etag]);
});

test("a writer finds its change in the feed at once, however often the end was looked up before", async () => {
  let { cursor } = await readPage(app, { since: "2099-01-01T00:00:00Z" });
  for (let round = 0; round < 30; round += 1) {
    await untilItKnows(cursor);
    const { status } = await app.inject({ method: "POST", url: "/v1/locations", body: { name: `Round ${round}` } });
    assert.equal(status, 201);
    const page = await readPage(app, { cursor });
    assert.deepEqual(
      page.changes.map(({ id }) => id),
      [`Round ${round}`],
    );
    cursor = page.cursor;
  }
});

test("an import is in the feed once its request is answered", async () => {
  const { cursor } = await readPage(app, { since: "2099-01-01T00:00:00Z" });
  await untilItKnows(cursor);
  const body = "firstName,email,groupID\nAda,ada@example.edu,CRS-1\n";
  await app.inject({ method: "POST", url: "/v1/imports/users", body, headers: { "content-type": "text/csv" } });
  assert.ok((await readPage(app, { cursor })).changes.length > 0);
});

test("a write makes the process forget the end before the answer, whether it changed something or failed", async () => {
  const database = app.dependencies.database as { written: (organizationId: number) => void };
  const { written } = database;
  let forgotten: number[] = [];
  database.written = (organizationId) => {
    forgotten.push(organizationId);
    written(organizationId);
  };
  const csv = { "content-type": "text/csv" };
  const write = (method: "POST" | "PATCH", url: string, body: object | string, headers = {}) => ({
    method,
    url,
    body,
    headers,
  });
  for (const request of [
    write("POST", "/v1/groups", { groupId: "FORGET" }),
    write("POST", "/v1/groups", { groupId: "FORGET" }),
    write("PATCH", "/v1/organization", { settings: { countryCode: "44" } }),
    write("POST", "/v1/imports/users", "firstName,email,groupID\nEve,eve@example.edu,FORGET\n", csv),
    write("POST", "/v1/imports/groups", "groupID\nFORGET-2\n", csv),
  ]) {
    forgotten = [];
    await app.inject(request);
    assert.ok(forgotten.length > 0 && forgotten.every((id) => id === app.organizationId), request.url);
  }
  database.written = written;
});

test("what another process writes is told, too", async () => {
  const { cursor } = await readPage(app, { since: "2099-01-01T00:00:00Z" });
  await untilItKnows(cursor);
  await other.inject({ method: "POST", url: "/v1/locations", body: { name: "Elsewhere" }, key: app.key });
  const page = await readPage(app, { cursor, wait: 10 });
  assert.deepEqual(
    page.changes.map(({ id }) => id),
    ["Elsewhere"],
  );
});

test("a place of another log is not taken for the end, and an unknown source is refused all the same", async () => {
  const { cursor } = await readPage(app, { since: "2099-01-01T00:00:00Z" });
  await untilItKnows(cursor);
  const [sequence, at] = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  const encode = (position: unknown) => Buffer.from(JSON.stringify(position)).toString("base64url");
  const moved = encode([sequence, at.replace(/\d{6}Z$/, "999999Z")]);
  assert.equal((await app.inject({ url: `/v1/changes?cursor=${moved}` })).status, 410);
  assert.equal((await app.inject({ url: `/v1/changes?cursor=${cursor}&excludeSource=none` })).status, 422);
});
