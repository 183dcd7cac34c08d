import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, startDirectoryTest } from "./setup.ts";

const { app, send, changesSince, lastSequence, rulesEpoch } = await startDirectoryTest();
for (const groupId of ["G1", "g2", "H"]) await send("POST", "/v1/groups", { groupId });

const create = (body: object) => app.inject({ method: "POST", url: "/v1/locations", body });

test("a new location is answered as it is stored, with its groups in order, and is one change", async () => {
  const before = await lastSequence();
  const epoch = await rulesEpoch();
  const answer = await create({ name: "  Campus Zürich 2 ", groups: ["g2", "H", "G1", "H"] });
  assert.equal(answer.status, 201, answer.body);
  const time = "2026-11-22T02:00:00.000000Z";
  const groups = ["G1", "H", "g2"];
  assert.deepEqual(answer.json, { name: "Campus Zürich 2", version: 1, groups, createdAt: time, updatedAt: time });
  assert.equal(answer.headers.location, "/v1/locations/Campus%20Z%C3%BCrich%202");
  assert.equal(answer.headers.etag, '"1"');
  assert.deepEqual(await send("GET", "/v1/locations/campus%20z%C3%9Crich%202"), answer.json);
  assert.deepEqual(await changesSince(before), [
    {
      type: "location",
      action: "created",
      id: "Campus Zürich 2",
      database_id: null,
      username: null,
      actor: "api-key:admin",
      source: null,
      import_id: null,
      memberships: [],
      changed: { name: { from: null, to: "Campus Zürich 2" }, groups: { from: null, to: groups } },
    },
  ]);
  assert.equal(await rulesEpoch(), epoch + 1);
});

test("a name that is taken, in whatever case, is a conflict", async () => {
  assert.equal((await create({ name: "North" })).status, 201);
  const before = await lastSequence();
  const epoch = await rulesEpoch();
  assertProblem(await create({ name: "NORTH" }), 409, "conflict", "name");
  assert.equal(await lastSequence(), before);
  assert.equal(await rulesEpoch(), epoch);
});

test("a location has letters and digits in its name and groups that exist", async () => {
  const names = ["", " ", "a  b", "a-b", "a/b", "a|b", "a;b", "a.b", "tab\tb", "́a", "x".repeat(201), 7, null];
  for (const name of names) assertProblem(await create({ name }), 400, "request_invalid", "name");
  assertProblem(await create({ name: "South", groups: ["G1", "none"] }), 400, "request_invalid", "groups.1");
  assertProblem(await create({ name: "South", groups: "G1" }), 400, "request_invalid", "groups");
  assertProblem(await create({ name: "South", other: 1 }), 400, "request_invalid", "other");
  assertProblem(await app.inject({ url: "/v1/locations/South" }), 404, "not_found");
  for (const name of ["देवनागरी", "42", "x".repeat(200)]) assert.equal((await create({ name })).status, 201, name);
});

test("locations are listed by name without regard to case, page by page", async () => {
  const { send: ask } = await startDirectoryTest();
  await ask("POST", "/v1/groups", { groupId: "G" });
  for (const name of ["beta", "Alpha", "Gamma"]) await ask("POST", "/v1/locations", { name, groups: ["G"] });
  const first = await ask("GET", "/v1/locations?limit=2");
  const second = await ask("GET", `/v1/locations?limit=2&cursor=${first.nextCursor}`);
  assert.deepEqual(
    [...first.items, ...second.items].map(({ name, groups }) => [name, groups]),
    [
      ["Alpha", ["G"]],
      ["beta", ["G"]],
      ["Gamma", ["G"]],
    ],
  );
  assert.equal(second.nextCursor, null);
});
