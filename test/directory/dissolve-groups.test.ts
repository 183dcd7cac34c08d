import assert from "node:assert/strict";
import { test } from "node:test";
import { deleteGroups, endMemberships } from "../../src/directory/dissolve-groups.ts";
import { asWriter } from "../../src/store/organization-lock.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { assertReplayRebuildsList } from "../support/replay.ts";
import { startDirectoryTest } from "./setup.ts";

const { app, owner, send, addUser, changesSince, lastSequence, rulesEpoch } = await startDirectoryTest();
const { database, queue } = app.dependencies;
const at = new Date("2026-11-22T03:00:00Z");
const origin = { actor: "test" };

const dissolve = (how: typeof endMemberships, groupIds: readonly string[]) =>
  asWriter(database, queue, app.organizationId, (client) => how(client, app.organizationId, groupIds, origin, at));
const told = (changes: readonly { type: string; action: string; id: string }[]) =>
  changes.map(({ type, action, id }) => `${type} ${id} ${action}`);

for (const groupId of ["A", "B", "C", "KEPT"]) await send("POST", "/v1/groups", { groupId });
await send("POST", "/v1/groups", { groupId: "CHILD", parentGroupId: "A" });
await send("POST", "/v1/groups", { groupId: "LOST", parentGroupId: "B" });
await send("POST", "/v1/locations", { name: "North", groups: ["A", "B", "KEPT"] });
await send("POST", "/v1/locations", { name: "South", groups: ["KEPT"] });
const member = (role: number, ...groupIds: string[]) =>
  addUser({
    username: `user-${groupIds.join("-")}-${role}`,
    memberships: groupIds.map((groupId) => ({ groupId, role })),
  });
const one = await member(1, "A", "B", "KEPT");
const two = await member(0, "A");
const three = await member(0, "KEPT");

test("ending memberships leaves groups and people, with a new version and one change each", async () => {
  const before = await lastSequence();
  const ended = await dissolve(endMemberships, ["A", "B", "none"]);
  assert.deepEqual(ended, { count: 2, memberships: 3, firstSequence: before + 1, lastSequence: before + 2 });
  const changes = await changesSince(before);
  assert.deepEqual(told(changes), [`user ${one.id} updated`, `user ${two.id} updated`]);
  assert.deepEqual(
    changes.map(({ memberships, changed, username, actor }) => [memberships, changed, username, actor]),
    [
      [["A", "B"].map((groupId) => ({ groupId, role: { from: 1, to: null } })), {}, one.username, "test"],
      [[{ groupId: "A", role: { from: 0, to: null } }], {}, two.username, "test"],
    ],
  );
  const after = await send("GET", `/v1/users/${one.id}`);
  assert.deepEqual(after, {
    ...one,
    memberships: [{ groupId: "KEPT", role: 1 }],
    version: one.version + 1,
    updatedAt: "2026-11-22T03:00:00.000000Z",
  });
  assert.deepEqual(await send("GET", `/v1/users/${three.id}`), three);
  assert.equal((await send("GET", "/v1/groups/A")).version, 1);
  assert.deepEqual(await dissolve(endMemberships, ["A", "B"]), { count: 0, memberships: 0 });
  assert.equal(await lastSequence(), before + 2, "a second time nothing ends, and nothing is recorded");
});

test("deleting groups takes them from the groups below, from locations and from people", async () => {
  const before = await lastSequence();
  const epoch = await rulesEpoch();
  const four = await member(0, "B", "LOST");
  const deleted = await dissolve(deleteGroups, ["B", "LOST", "A", "none"]);
  assert.equal(
    "groups" in deleted && (deleted.groups as readonly { groupId: string }[]).map((g) => g.groupId).join(),
    "A,B,LOST",
  );
  assert.equal(deleted.memberships, 2);
  const changes = await changesSince(before + 1);
  assert.deepEqual(told(changes), [
    `user ${four.id} updated`,
    "group CHILD updated",
    "location North updated",
    ...["A", "B", "LOST"].map((groupId) => `group ${groupId} deleted`),
  ]);
  assert.deepEqual([deleted.count, deleted.firstSequence, deleted.lastSequence], [6, before + 2, before + 7]);
  assert.deepEqual(changes[1].changed, { parentGroupId: { from: "A", to: null } });
  assert.deepEqual(changes[2].changed, { groups: { from: ["A", "B", "KEPT"], to: ["KEPT"] } });
  assert.deepEqual(changes[5].changed.parentGroupId, { from: "B", to: null });
  const child = await send("GET", "/v1/groups/CHILD");
  assert.deepEqual([child.parentGroupId, child.version], [null, 2]);
  const [north, south] = (await send("GET", "/v1/locations")).items;
  assert.deepEqual([north.groups, north.version, south.version], [["KEPT"], 2, 1]);
  assert.deepEqual((await send("GET", `/v1/users/${four.id}`)).memberships, []);
  assert.equal(await rulesEpoch(), epoch + 1);
  assert.deepEqual(await dissolve(deleteGroups, ["A"]), { count: 0, memberships: 0, groups: [] });
  assert.equal(await rulesEpoch(), epoch + 1);
});

test("afterwards the change log rebuilds the people, and no rule of the store is broken", async () => {
  await assertReplayRebuildsList(app, owner);
  assert.deepEqual(await verifyStore(owner), []);
});
