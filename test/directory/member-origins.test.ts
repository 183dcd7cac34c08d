import assert from "node:assert/strict";
import { test } from "node:test";
import { startDirectoryTest } from "./setup.ts";

const { app, owner, send, addUser, lastSequence, rulesEpoch } = await startDirectoryTest();

const create = (groupId: string, group: object = {}) => send("POST", "/v1/groups", { groupId, ...group });
const addPeople = async (count: number, user: object = {}) => {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) ids.push((await addUser(user)).id);
  return ids;
};
const put = (groupId: string, userId: string, body?: object | string, headers: Record<string, string> = {}) =>
  app.inject({ method: "PUT", url: `/v1/groups/${groupId}/members/${userId}`, headers, ...(body ? { body } : {}) });
const take = (groupId: string, userId: string) =>
  app.inject({ method: "DELETE", url: `/v1/groups/${groupId}/members/${userId}` });
const edit = (groupId: string, body: object) =>
  app.inject({ method: "POST", url: `/v1/groups/${groupId}/members`, body });
const rolesIn = async (groupId: string) => {
  const { items } = await send("GET", `/v1/groups/${groupId}/members?limit=1000`);
  return Object.fromEntries(items.map(({ userId, role }: { userId: string; role: number }) => [userId, role]));
};
const importRows = async (rows: string, query = "") => {
  const request = {
    method: "POST",
    url: `/v1/imports/users${query}`,
    headers: { "content-type": "text/csv" },
  } as const;
  const { status, json, body } = await app.inject({ ...request, body: rows });
  assert.equal(status, 201, body);
  return json.counts;
};
/** Runs it, and makes sure that it wrote nothing. */
const writingNothing = async (work: () => Promise<unknown>) => {
  const before = [await lastSequence(), await rulesEpoch()];
  await work();
  assert.deepEqual([await lastSequence(), await rulesEpoch()], before);
};

test("a membership that somebody enters survives the import that no longer names it, and so does its role", async () => {
  await create("HAND");
  const row = (group: string, role = "") => `Ann,Lee,ann.lee@campus.edu,,,${group}${role},ann-lee\n`;
  await importRows(row("HAND"));
  const id = Object.keys(await rolesIn("HAND"))[0] ?? "";
  assert.equal((await put("HAND", id, { role: 1 })).status, 200);
  await create("ELSE");
  await importRows(row("ELSE"), "?style=purge");
  assert.deepEqual(await rolesIn("HAND"), { [id]: 1 });
  await importRows(row("HAND", "|0"));
  assert.deepEqual(await rolesIn("HAND"), { [id]: 1 });
});

test("repeating what an import brought makes it manual, without being a change", async () => {
  await create("SAME");
  await create("NEXT");
  const row = (group: string) => `Bo,Lee,bo.lee@campus.edu,,,${group},bo-lee\n`;
  await importRows(row("SAME"));
  const id = Object.keys(await rolesIn("SAME"))[0] ?? "";
  await writingNothing(async () => assert.equal((await put("SAME", id)).status, 200));
  await importRows(row("NEXT"), "?style=purge");
  assert.deepEqual(await rolesIn("SAME"), { [id]: 0 });
});

test("the same file puts somebody back who was taken out of a group", async () => {
  await create("BACK");
  const row = "Cy,Lee,cy.lee@campus.edu,,,BACK,cy-lee\n";
  await importRows(row);
  const id = Object.keys(await rolesIn("BACK"))[0] ?? "";
  assert.equal((await take("BACK", id)).status, 204);
  assert.equal((await importRows(row)).membershipsAdded, 1);
});

test("a person may do what no import may: take the role from the last network administrator", async () => {
  await create("ADMINS");
  const [id = ""] = await addPeople(1);
  await put("ADMINS", id, { role: 2 });
  const others = await owner.query("select from memberships where role = 2 and group_id <> 'ADMINS'");
  assert.equal(others.rowCount, 0);
  assert.deepEqual((await edit("ADMINS", { add: [{ userId: id, role: 1 }] })).json.roleChanged, 1);
});
