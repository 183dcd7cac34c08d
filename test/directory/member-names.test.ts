import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, startDirectoryTest } from "./setup.ts";

const { app, owner, send, addUser } = await startDirectoryTest();
const edit = (groupId: string, body: object) =>
  app.inject({ method: "POST", url: `/v1/groups/${groupId}/members`, body });
const member = (groupId: string, userId: string) => send("GET", `/v1/groups/${groupId}/members/${userId}`);

test("an add without a role keeps a member's role and its owner", async () => {
  await send("POST", "/v1/groups", { groupId: "KEPT" });
  const { id } = await addUser({ memberships: [{ groupId: "KEPT", role: 2 }] });
  const { json } = await edit("KEPT", { add: [{ userId: id }] });
  assert.deepEqual(json, { added: 0, roleChanged: 0, removed: 0, unchanged: 1, errors: [] });
  assert.equal((await member("KEPT", id)).role, 2);
  const answer = await app.inject({ method: "PUT", url: `/v1/groups/KEPT/members/${id}` });
  assert.deepEqual([answer.status, answer.json.role], [200, 2]);
});

test("an add without a role makes a new member, and leaves the role of an import to the import", async () => {
  await send("POST", "/v1/groups", { groupId: "FED" });
  await app.inject({
    method: "POST",
    url: "/v1/imports/users",
    headers: { "content-type": "text/csv" },
    body: "firstName,email,databaseID,groupID\nIda,ida@campus.edu,900,FED|1\n",
  });
  const [{ id }] = (await send("GET", "/v1/users?databaseId=900")).items;
  await edit("FED", { add: [{ userId: id }, { userId: (await addUser()).id }] });
  const { rows } = await owner.query(
    "select role, role_owner, claims from memberships where organization_id = $1 and group_id = 'FED' order by user_id",
    [app.organizationId],
  );
  assert.deepEqual(rows, [
    { role: 1, role_owner: 3, claims: "9" },
    { role: 0, role_owner: 0, claims: "1" },
  ]);
});

test("members are named by username, or by the databaseId of a source", async () => {
  await send("POST", "/v1/groups", { groupId: "NAMED" });
  await send("PUT", "/v1/sources/housing", {});
  const roster = (source: string, name: string, databaseId: string) =>
    app.inject({
      method: "POST",
      url: `/v1/imports/users?source=${source}`,
      headers: { "content-type": "text/csv" },
      body: `firstName,email,databaseID,groupID\n${name},${name}@campus.edu,${databaseId},NAMED\n`,
    });
  await roster("default", "one", "D1");
  await roster("default", "two", "D2");
  await roster("housing", "three", "D2");
  await addUser({ username: "Kim" });
  const { json } = await edit("NAMED", {
    add: [
      { username: "KIM", role: 1 },
      { databaseId: "D1", role: 3 },
      { databaseId: "D2" },
      { databaseId: "D2", source: "housing", role: 4 },
      { username: "nobody" },
      { databaseId: "D1", source: "housing" },
    ],
    remove: [{ username: "kim" }, { databaseId: "D2", source: "default" }],
  });
  assert.deepEqual(json, {
    added: 1,
    roleChanged: 2,
    removed: 1,
    unchanged: 0,
    errors: [
      { field: "add.2.databaseId", message: "belongs to several users in different sources; add source" },
      { field: "add.4.username", message: "is not the username of a user" },
      { field: "add.5.databaseId", message: "is not the databaseId of a user" },
      { field: "remove.0.username", message: "is the user of add.0.username, which counts" },
    ],
  });
});

test("an item names one person in one way", async () => {
  await send("POST", "/v1/groups", { groupId: "ONE" });
  for (const name of [{}, { userId: "1", username: "x" }, { username: "x", source: "default" }]) {
    assertProblem(await edit("ONE", { add: [name] }), 400, "request_invalid", "add.0");
    assertProblem(await edit("ONE", { remove: [name] }), 400, "request_invalid", "remove.0");
  }
});
