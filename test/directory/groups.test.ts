import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, startDirectoryTest } from "./setup.ts";

const { app, owner, send, addUser, changesSince, lastSequence, rulesEpoch } = await startDirectoryTest();

const create = (body: object) => app.inject({ method: "POST", url: "/v1/groups", body });

test("a new group is answered as it is stored, and is one change", async () => {
  await send("POST", "/v1/groups", { groupId: "SCI" });
  const before = await lastSequence();
  const body = {
    groupId: "CRS-1/é",
    name: "Biology 101",
    category: 9,
    type: 2,
    privacy: 3,
    postApproval: true,
    description: "Fall term:\n\tMondays",
    style: "static",
    default: true,
    protected: true,
    guardPercent: 40,
    parentGroupId: "SCI",
  };
  const answer = await create(body);
  assert.equal(answer.status, 201, answer.body);
  const time = "2026-11-22T02:00:00.000000Z";
  assert.deepEqual(answer.json, { ...body, version: 1, createdAt: time, updatedAt: time, members: 0 });
  assert.equal(answer.headers.etag, '"1"');
  const location = String(answer.headers.location);
  assert.equal(location, "/v1/groups/CRS-1%2F%C3%A9");
  assert.deepEqual(await send("GET", location), answer.json);
  const [change, ...more] = await changesSince(before);
  assert.deepEqual(more, []);
  assert.deepEqual([change.type, change.action, change.id], ["group", "created", "CRS-1/é"]);
  const { groupId, ...properties } = body;
  const expected = Object.entries(properties).map(([name, to]) => [name, { from: null, to }]);
  assert.deepEqual(change.changed, Object.fromEntries(expected));
  await owner.query("update groups set is_default = false");
});

test("missing settings of a group have defaults: open, public, without a style of its own", async () => {
  const { createdAt, updatedAt, ...group } = (await create({ groupId: "PLAIN" })).json;
  assert.deepEqual(group, {
    groupId: "PLAIN",
    version: 1,
    name: "PLAIN",
    category: 1,
    type: 1,
    privacy: 1,
    postApproval: false,
    description: "",
    style: null,
    default: false,
    protected: false,
    guardPercent: null,
    parentGroupId: null,
    members: 0,
  });
});

test("a group without an id gets the next number that is free as id and name", async () => {
  for (const group of [{ groupId: "1001" }, { groupId: "X", name: "1002" }, { groupId: "1004" }]) await create(group);
  const numbers = [];
  for (let count = 0; count < 3; count += 1) numbers.push((await create({})).json);
  assert.deepEqual(
    numbers.map(({ groupId, name }) => [groupId, name]),
    ["1003", "1005", "1006"].map((number) => [number, number]),
  );
  assert.equal((await create({ name: "Named" })).json.groupId, "1007");
});

test("an id or a name that is taken is a conflict; names are compared without regard to case, ids with", async () => {
  await create({ groupId: "Taken", name: "Chess Club" });
  assertProblem(await create({ groupId: "Taken", name: "Other" }), 409, "conflict", "groupId");
  const named = await create({ groupId: "T2", name: "CHESS club" });
  assertProblem(named, 409, "conflict", "name");
  assert.match(named.json.detail, /Taken/);
  assert.equal((await create({ groupId: "TAKEN", name: "Other" })).status, 201);
  const race = await Promise.all([create({ groupId: "R" }), create({ groupId: "R" })]);
  assert.deepEqual(race.map(({ status }) => status).sort(), [201, 409]);
});

test("a group with any invalid value is not created", async () => {
  const before = await lastSequence();
  for (const body of [
    ...["0", "1", "2", "00000", "00001", "00002", "a b", "a|b", "a;b", "a\tb", "", "x".repeat(101), 7].map(
      (groupId) => ({
        groupId,
      }),
    ),
    { name: "" },
    { name: " " },
    { name: "x".repeat(50) },
    { groupId: "x".repeat(50) },
    { category: 17 },
    { category: "9" },
    { type: 3 },
    { privacy: 0 },
    { postApproval: 1 },
    { description: "x".repeat(2001) },
    { description: "a\u0001" },
    { style: "none" },
    { default: null },
    { parentGroupId: "nowhere" },
    { unknown: 1 },
  ]) {
    assertProblem(await create(body), 400, "request_invalid");
  }
  assert.equal(await lastSequence(), before);
  assert.equal((await create({ groupId: "x".repeat(100), name: "y".repeat(49) })).status, 201);
});

test("creating a group makes unchanged rows of imports be looked at again; a refused one does not", async () => {
  const before = await rulesEpoch();
  await create({ groupId: "EPOCH" });
  assert.equal(await rulesEpoch(), before + 1);
  await create({ groupId: "EPOCH" });
  assert.equal(await rulesEpoch(), before + 1);
});

test("a single group counts its members", async () => {
  await create({ groupId: "COUNTED" });
  for (let count = 0; count < 3; count += 1) await addUser({ memberships: [{ groupId: "COUNTED" }] });
  assert.equal((await send("GET", "/v1/groups/COUNTED")).members, 3);
  assertProblem(await app.inject({ url: "/v1/groups/counted" }), 404, "not_found");
});

test("groups are listed by id, page by page, and found by their beginning and their codes", async () => {
  const { app: empty, send: ask } = await startDirectoryTest();
  const groups = [
    { groupId: "a_1", name: "100% Chess", category: 8 },
    { groupId: "B2", name: "Biology", category: 9, privacy: 3 },
    { groupId: "ax1", name: "Latin", category: 9, type: 2, parentGroupId: "B2" },
    { groupId: "É", name: "Économie", category: 9 },
  ];
  for (const body of groups) {
    const answer = await empty.inject({ method: "POST", url: "/v1/groups", body });
    assert.equal(answer.status, 201, answer.body);
  }
  const listed = async (query: string) => {
    const { items } = await ask("GET", `/v1/groups?${query}`);
    return items.map(({ groupId }: { groupId: string }) => groupId);
  };
  assert.deepEqual(await listed(""), ["B2", "a_1", "ax1", "É"]);
  for (const [query, expected] of [
    ["query=bio", ["B2"]],
    ["query=a_", ["a_1"]],
    ["query=100%25", ["a_1"]],
    ["query=%25", []],
    ["query=%5C", []],
    ["query=B", ["B2"]],
    ["query=%C3%A9co", ["É"]],
    ["category=9", ["B2", "ax1", "É"]],
    ["category=9&privacy=1", ["ax1", "É"]],
    ["type=2", ["ax1"]],
    ["parentGroupId=B2", ["ax1"]],
    ["parentGroupId=none", []],
  ] as const) {
    assert.deepEqual(await listed(query), expected, query);
  }
  const first = await ask("GET", "/v1/groups?limit=3");
  assert.equal(first.items.length, 3);
  const second = await ask("GET", `/v1/groups?limit=3&cursor=${first.nextCursor}`);
  assert.deepEqual(
    second.items.map(({ groupId }: { groupId: string }) => groupId),
    ["É"],
  );
  assert.equal(second.nextCursor, null);
  for (const query of ["category=17", "category=x", "privacy=", "cursor=WzFd", "limit=0", "name=x", "query="]) {
    assertProblem(await empty.inject({ url: `/v1/groups?${query}` }), 400, "request_invalid");
  }
});
