/** The list of people with a role above member. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, startDirectoryTest } from "./setup.ts";

const { app, send, addUser, addOrganization } = await startDirectoryTest();
const other = await addOrganization();
for (const groupId of ["A", "B"]) await send("POST", "/v1/groups", { groupId });

const roster = (rows: string, query = "") =>
  app.inject({
    method: "POST",
    url: `/v1/imports/users${query}`,
    body: rows,
    headers: { "content-type": "text/csv", accept: "application/json" },
  });
type Listed = { userId: string; groupId: string; role: number };
const listed = async (query = "") =>
  (await send("GET", `/v1/permissions${query}`)).items.map(({ userId, groupId, role }: Listed) => [
    userId,
    groupId,
    role,
  ]);

const { id: ann } = await addUser({
  username: "ann",
  memberships: [
    { groupId: "A", role: 1 },
    { groupId: "B", role: 0 },
  ],
});
await send("PATCH", "/v1/organization", { settings: { grantableRoles: [1, 3, 4] } });
const imported = await roster("Bob,Ray,bob@campus.edu,bob,,A|4;B|3,001\n");
const { items: found } = await send("GET", "/v1/users?databaseId=001");
const bob: string = found[0].id;
const { id: network } = await addUser({ memberships: [{ groupId: "B", role: 2 }] });

test("roles above member are listed with what they may do, where they came from and since when", async () => {
  assert.equal(imported.status, 201, imported.body);
  const { items, nextCursor } = await send("GET", "/v1/permissions");
  const since = "2026-11-22T02:00:00.000000Z";
  assert.equal(nextCursor, null);
  assert.deepEqual(items, [
    {
      userId: ann,
      databaseId: null,
      username: "ann",
      firstName: "First1",
      lastName: "",
      scope: "group",
      groupId: "A",
      role: 1,
      capabilities: ["see", "submit", "publish", "decide", "administer"],
      origin: "manual",
      source: null,
      since,
    },
    {
      userId: bob,
      databaseId: "001",
      username: "bob",
      firstName: "Bob",
      lastName: "Ray",
      scope: "group",
      groupId: "A",
      role: 4,
      capabilities: ["see", "submit", "publish"],
      origin: "source",
      source: "default",
      since,
    },
    {
      userId: bob,
      databaseId: "001",
      username: "bob",
      firstName: "Bob",
      lastName: "Ray",
      scope: "group",
      groupId: "B",
      role: 3,
      capabilities: ["see", "submit", "publish", "decide"],
      origin: "source",
      source: "default",
      since,
    },
    {
      userId: network,
      databaseId: null,
      username: null,
      firstName: "First2",
      lastName: "",
      scope: "organization",
      groupId: "B",
      role: 2,
      capabilities: ["see", "submit", "publish", "decide", "administer"],
      origin: "manual",
      source: null,
      since,
    },
  ]);
});

test("the list can be narrowed down to a group and a role, and is paged", async () => {
  assert.deepEqual(await listed("?groupId=B"), [
    [bob, "B", 3],
    [network, "B", 2],
  ]);
  assert.deepEqual(await listed("?role=1"), [[ann, "A", 1]]);
  assert.deepEqual(await listed("?groupId=A&role=2"), []);
  const all: unknown[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: { items: Listed[]; nextCursor: string | null } = await send(
      "GET",
      `/v1/permissions?limit=1${cursor && `&cursor=${cursor}`}`,
    );
    assert.ok(page.items.length <= 1);
    all.push(...page.items.map(({ userId, groupId, role }) => [userId, groupId, role]));
    cursor = page.nextCursor;
  }
  assert.deepEqual(all, await listed());
});

test("the list can be limited to the roles of one person", async () => {
  const { items } = await send("GET", `/v1/users/${bob}/permissions`);
  assert.deepEqual(
    items.map(({ groupId, role }: Listed) => [groupId, role]),
    [
      ["A", 4],
      ["B", 3],
    ],
  );
  assert.deepEqual((await send("GET", `/v1/users/${(await addUser()).id}/permissions`)).items, []);
  for (const id of ["999999", "x", "0"]) {
    assertProblem(await app.inject({ url: `/v1/users/${id}/permissions` }), 404, "not_found");
  }
});

test("a right ends with its membership, and with its role", async () => {
  const { id } = await addUser({ memberships: [{ groupId: "A", role: 3 }] });
  const of = async () => (await send("GET", `/v1/users/${id}/permissions`)).items.length;
  assert.equal(await of(), 1);
  await send("PUT", `/v1/groups/A/members/${id}`, { role: 0 });
  assert.equal(await of(), 0);
  await send("PUT", `/v1/groups/A/members/${id}`, { role: 4 });
  assert.equal(await of(), 1);
  assert.equal((await app.inject({ method: "DELETE", url: `/v1/groups/A/members/${id}` })).status, 204);
  assert.equal(await of(), 0);
});

test("existing jobs get them as a document of feeds, and as JSON", async () => {
  const call = (headers: Record<string, string>, key = app.key) =>
    app.inject({ url: `/api/v2/permissions?api_key=${key}&page=2`, key: null, headers });
  const { body } = await call({});
  assert.match(
    body,
    /^<\?xml version="1.0" encoding="UTF-8"\?>\n<permissions type="array">\n<permission>\n {2}<userID>ann<\/userID>/,
  );
  assert.equal(body.match(/<permission>/g)?.length, 4);
  const { json } = await call({ accept: "application/json" });
  assert.deepEqual(json.permissions[1], {
    userID: "bob",
    databaseID: "001",
    firstName: "Bob",
    lastName: "Ray",
    groupID: "A",
    role: "4",
    since: "2026-11-22T02:00:00.000000Z",
  });
  assert.deepEqual((await call({ accept: "application/json" }, other.key)).json, { permissions: [] });
});

test("people and groups of another organization are unknown, and a key needs its service", async () => {
  const asOther = (url: string) => app.inject({ url, key: other.key });
  assertProblem(await asOther(`/v1/users/${ann}/permissions`), 404, "not_found");
  assert.deepEqual((await asOther("/v1/permissions?groupId=A")).json.items, []);
  const key = await app.keyWith(["import", "groups", "approvals"]);
  for (const url of ["/v1/permissions", `/v1/users/${ann}/permissions`, "/api/v2/permissions"]) {
    assert.equal((await app.inject({ url, key })).status, 403);
  }
});

test("odd values are refused or find nothing", async () => {
  for (const [query, status] of [
    ["role=0", 400],
    ["role=5", 400],
    ["role=x", 400],
    ["cursor=x", 400],
    [`cursor=${Buffer.from('[1e300,"A"]').toString("base64url")}`, 400],
    ["groupId=%00", 400],
    [`groupId=${"x".repeat(1001)}`, 400],
    ["unknown=1", 400],
    ["groupId=NOWHERE", 200],
  ] as const) {
    const answer = await app.inject({ url: `/v1/permissions?${query}` });
    assert.equal(answer.status, status, `${query}: ${answer.body}`);
  }
});
