import assert from "node:assert/strict";
import { test } from "node:test";
import { startDirectoryTest } from "../directory/setup.ts";
import { type FeedChange, readPage } from "./reader.ts";

const { app, owner, send, addUser, addOrganization } = await startDirectoryTest();
const end = async () => (await readPage(app, { since: "2099-01-01T00:00:00Z" })).cursor;

await send("POST", "/v1/groups", { groupId: "G1" });
await send("POST", "/v1/groups", { groupId: "G2" });
await app.inject({ method: "PUT", url: "/v1/sources/students", body: {} });
await app.inject({ method: "PUT", url: "/v1/sources/staff", body: {} });

test("the same page is answered with 304 until there is something new", async () => {
  const url = `/v1/changes?cursor=${await end()}`;
  const first = await app.inject({ url });
  const headers = { "if-none-match": String(first.headers.etag) };
  const again = await app.inject({ url, headers });
  assert.deepEqual([again.status, again.body, again.headers.etag], [304, "", first.headers.etag]);
  await addUser();
  assert.equal((await app.inject({ url, headers })).json.changes.length, 1);
});

test("NDJSON has one change per line, and the last line has the cursor", async () => {
  const json = await readPage(app, { limit: 3 });
  const { body, headers } = await app.inject({
    url: "/v1/changes?limit=3",
    headers: { accept: "application/x-ndjson" },
  });
  assert.match(String(headers["content-type"]), /^application\/x-ndjson/);
  const lines = body
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const { changes, ...rest } = json;
  assert.deepEqual(lines, [...changes, rest]);
});

test("as XML, changes have the same members, and names that a sender chose are no elements", async () => {
  const cursor = await end();
  const mapping = { fields: { databaseID: { column: "ID", values: { "a b<": "1" } } } };
  await app.inject({ method: "PUT", url: "/v1/sources/mapped", body: { mapping } });
  const { body } = await app.inject({ url: `/v1/changes?cursor=${cursor}`, headers: { accept: "application/xml" } });
  assert.match(body, /^<\?xml .*\n<feed>\n {2}<changes type="array">\n {4}<change>\n {6}<sequence>/);
  assert.ok(body.includes("<values>{&quot;a b&lt;&quot;:&quot;1&quot;}</values>"), body);
  assert.match(
    body,
    /<\/changes>\n {2}<cursor>[\w-]+<\/cursor>\n {2}<until>.*<\/until>\n {2}<hasMore>false<\/hasMore>/,
  );
});

test("whatever a text holds, it is told as JSON, in every format, with filters or without", async () => {
  const other = await addOrganization();
  const odd = 'q" b\\ \u0001\t\n\u007f\u2028 ä 漢 😀 </x>&';
  await owner.query(
    `with log as (
       insert into changes (organization_id, sequence, at, type, action, id, database_id, username, actor, changed)
       values ($1, 1, now(), 'user', 'updated', '7', $2, $2, $2, $3),
         ($1, 2, now() + interval '1 microsecond', 'location', 'created', $2, null, null, 'test', '{}')
       returning sequence, at
     )
     update feed_heads set last_sequence = 2, last_at = (select max(at) from log) where organization_id = $1`,
    [other.organizationId, odd, JSON.stringify({ address: { from: null, to: odd } }, null, 2)],
  );
  for (const query of ["", "latest=true", "origin=manual", "type=user,location&latest=true"]) {
    const read = (accept: string) => app.inject({ url: `/v1/changes?${query}`, key: other.key, headers: { accept } });
    const { json } = await read("application/json");
    const [user, location] = json.changes as (FeedChange & { username: string; actor: string })[];
    assert.deepEqual(
      [user?.databaseId, user?.username, user?.actor, user?.changed, location?.id],
      [odd, odd, odd, { address: { from: null, to: odd } }, odd],
    );
    const { body } = await read("application/x-ndjson");
    const { changes, ...rest } = json;
    assert.deepEqual(
      body
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
      [...changes, rest],
    );
  }
});
