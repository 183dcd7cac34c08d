import assert from "node:assert/strict";
import { test } from "node:test";
import { readStanding, rolesWith } from "../../src/directory/standing.ts";
import { withOrganization } from "../../src/store/database.ts";
import { startDirectoryTest } from "./setup.ts";

const { app, send, addUser } = await startDirectoryTest();
const { database } = app.dependencies;
for (const [groupId, privacy] of [
  ["PUBLIC", 1],
  ["PRIVATE", 2],
  ["SECRET", 3],
] as const) {
  await send("POST", "/v1/groups", { groupId, privacy });
}
const standing = (userId: string, groupId: string) =>
  withOrganization(database, app.organizationId, (client) =>
    readStanding(client, app.organizationId, Number(userId), groupId),
  );

const all = ["see", "submit", "publish", "decide", "administer"];
const byRole = [["see", "submit"], all, all, ["see", "submit", "publish", "decide"], ["see", "submit", "publish"]];

test("a role gives its capabilities in its group, whatever the group's privacy", async () => {
  for (const [role, expected] of byRole.entries()) {
    for (const groupId of ["PUBLIC", "PRIVATE", "SECRET"]) {
      const { id } = await addUser({ memberships: [{ groupId, role }] });
      const found = await standing(id, groupId);
      assert.deepEqual([found.role, found.capabilities], [role, expected], `role ${role} in ${groupId}`);
    }
  }
});

test("in other groups a role gives nothing but to network administrators, who may everything everywhere", async () => {
  for (const role of byRole.keys()) {
    const { id } = await addUser({ memberships: [{ groupId: "PUBLIC", role }] });
    const found = await standing(id, "PRIVATE");
    assert.deepEqual([found.role, found.capabilities], [null, role === 2 ? all : ["see"]], `role ${role}`);
    assert.equal(found.isNetworkAdministrator, role === 2);
    if (role === 2) assert.deepEqual((await standing(id, "SECRET")).capabilities, all);
    else await assert.rejects(standing(id, "SECRET"), { code: "not_found", detail: "There is no such group." });
  }
});

test("a secret group is to an outsider what an unknown one is, and a person who is gone has no standing", async () => {
  const { id } = await addUser();
  const told = async (groupId: string) => standing(id, groupId).catch((error) => [error.code, error.detail]);
  assert.deepEqual(await told("SECRET"), await told("NONE"));
  await assert.rejects(standing("4711", "PUBLIC"), { code: "not_found", detail: "There is no such user." });
});

test("the roles with a capability match the table", () => {
  assert.deepEqual(rolesWith("decide"), [1, 2, 3]);
  assert.deepEqual(rolesWith("publish"), [1, 2, 3, 4]);
  assert.deepEqual(rolesWith("administer"), [1, 2]);
});
