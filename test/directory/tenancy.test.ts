/** Cases that the walk through all addresses (test/tenancy) leaves out: both organizations use the same ids and names. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, startDirectoryTest } from "./setup.ts";

const { app, owner, send, addUser, addOrganization } = await startDirectoryTest();
const other = await addOrganization();
await send("POST", "/v1/groups", { groupId: "MINE" });
await send("POST", "/v1/groups", { groupId: "ONLYMINE" });
await send("POST", "/v1/locations", { name: "Mine" });
const user = await addUser({ username: "mine", memberships: [{ groupId: "MINE" }], location: "Mine" });

const asOther = (method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", url: string, body?: object) =>
  app.inject({ method, url, key: other.key, ...(body ? { body } : {}) });
test("records of another organization are neither listed nor found nor counted", async () => {
  for (const list of ["users", "groups", "locations"]) {
    const { items, nextCursor } = (await asOther("GET", `/v1/${list}`)).json;
    assert.deepEqual({ items, nextCursor }, { items: [], nextCursor: null });
  }
  for (const filter of [`email=${user.emails[0]}`, "username=mine", "groupId=MINE", "location=Mine", "query=f"]) {
    assert.deepEqual((await asOther("GET", `/v1/users?${filter}`)).json.items, [], filter);
  }
});

test("groups and locations of another organization cannot be joined, and its names are free", async () => {
  const body = { firstName: "X", emails: [user.emails[0]], username: "mine" };
  const refused = await asOther("POST", "/v1/users", { ...body, memberships: [{ groupId: "MINE" }], location: "Mine" });
  assertProblem(refused, 400, "request_invalid");
  assert.equal(refused.json.errors.length, 2);
  assertProblem(await asOther("POST", "/v1/groups", { groupId: "X", parentGroupId: "MINE" }), 400, "request_invalid");
  assertProblem(await asOther("POST", "/v1/locations", { name: "X", groups: ["MINE"] }), 400, "request_invalid");
  const created = await asOther("POST", "/v1/users", body);
  assert.equal(created.status, 201, created.body);
  assert.equal(created.json.id, "1", "each organization numbers its own people");
  assert.equal((await asOther("POST", "/v1/groups", { groupId: "MINE" })).status, 201);
  assert.equal((await asOther("GET", "/v1/groups/MINE")).json.members, 0);
});

test("people of another organization cannot be put into a group, and its group of the same id keeps its members", async () => {
  const second = await addUser();
  assertProblem(await asOther("PUT", `/v1/groups/MINE/members/${second.id}`), 404, "not_found");
  const edited = await asOther("POST", "/v1/groups/MINE/members", {
    add: [{ userId: second.id }],
    remove: [second.id],
  });
  assert.equal(edited.json.added, 0);
  assert.deepEqual(edited.json.errors.at(-1), { field: "add.0.userId", message: "is not a user" });
  await asOther("PUT", "/v1/groups/MINE/members/1");
  assert.deepEqual((await asOther("POST", "/v1/groups/MINE/purge")).json.membershipsRemoved, 1);
  assert.equal((await send("GET", "/v1/groups/MINE/members")).items[0].userId, user.id);
});

test("a location of the same name as another organization's is renamed and deleted without touching it or its people", async () => {
  await asOther("POST", "/v1/locations", { name: "mine" });
  assert.equal((await asOther("PATCH", "/v1/locations/MINE", { name: "Theirs" })).status, 200);
  assertProblem(await asOther("PATCH", "/v1/locations/Theirs", { groups: ["ONLYMINE"] }), 400, "request_invalid");
  assert.equal((await asOther("DELETE", "/v1/locations/theirs")).status, 204);
  assert.deepEqual(await send("GET", `/v1/users/${user.id}`), user);
  assert.equal((await send("GET", "/v1/locations/mine")).version, 1);
});

test("one organization's people are untouched by what another one does to the same ids", async () => {
  assert.equal(user.id, "1");
  const { rows } = await owner.query("select count(*)::integer as count from users where id = 1");
  assert.deepEqual(rows, [{ count: 2 }], "both have a user 1");
  assert.equal((await asOther("PATCH", "/v1/users/1", { lastName: "Theirs" })).status, 200);
  assert.equal((await asOther("DELETE", "/v1/users/1")).status, 204);
  assert.deepEqual(await send("GET", "/v1/users/1"), user);
});
