import assert from "node:assert/strict";
import { test } from "node:test";
import { startDirectoryTest } from "../directory/setup.ts";
import { applyChanges, comparable, follow } from "./reader.ts";

const { app, send, addUser } = await startDirectoryTest();

/** A list, page by page; `between` runs after each page that is not the last. */
async function listAll(list: string, between: (page: number) => Promise<unknown> = async () => {}) {
  // biome-ignore lint/suspicious/noExplicitAny: items of several lists
  const items: any[] = [];
  const starts = new Set<string>();
  let cursor: string | null = null;
  for (let page = 1; page === 1 || cursor !== null; page += 1) {
    const { json } = await app.inject({ url: `/v1/${list}?limit=2${cursor === null ? "" : `&cursor=${cursor}`}` });
    items.push(...json.items);
    starts.add(json.changesCursor);
    cursor = json.nextCursor;
    if (cursor !== null) await between(page);
  }
  assert.equal(starts.size, 1, "every page gives the same place");
  return { items, changesCursor: [...starts][0]! };
}

/** A copy by id, as changes make one. */
function copyOf(items: readonly Record<string, unknown>[]): Map<string, Record<string, unknown>> {
  return new Map(
    items.map(({ id, groupId, version, createdAt, updatedAt, memberships = [], ...item }) => {
      const roles = (memberships as { groupId: string; role: number }[]).map(({ groupId, role }) => [groupId, role]);
      return [String(id ?? groupId ?? item.name), { ...item, memberships: Object.fromEntries(roles) }];
    }),
  );
}

for (let count = 1; count <= 9; count += 1) {
  await send("POST", "/v1/groups", { groupId: `G${count}` });
  await send("POST", "/v1/locations", { name: `L${count}` });
  await addUser({ memberships: [{ groupId: `G${count}` }] });
}

test("who lists people while they change, and follows from there, has what is stored in the end", async () => {
  const { items, changesCursor } = await listAll("users", async (page) => {
    if (page > 3) return;
    // Of those who were listed and those who were not yet: changed, gone, new; some changed twice.
    await send("PATCH", `/v1/users/${page}`, { lastName: `Page ${page}`, location: "L1" });
    await send("PATCH", `/v1/users/${9 - page}`, { lastName: `Page ${page}`, address: "1 Main St" });
    if (page > 1) await send("PATCH", `/v1/users/${page}`, { lastName: null, location: null });
    await addUser({ memberships: [{ groupId: "G1", role: 1 }] });
    if (page === 2) await send("DELETE", "/v1/users/1");
    if (page === 3) await send("DELETE", "/v1/users/9");
    const users = ["Ann", "Ben"].map((firstName) => ({
      firstName,
      email: `${firstName}@x.edu`,
      databaseID: firstName,
      groupID: `G${page}`,
      lastName: `P${page}`,
    }));
    await send("POST", "/v1/imports/users", { users });
  });
  for (const latest of ["false", "true"]) {
    const copy = copyOf(items);
    applyChanges(copy, (await follow(app, { cursor: changesCursor, type: "user", limit: 3, latest })).changes);
    assert.deepEqual(comparable(copy), comparable(copyOf((await listAll("users")).items)));
  }
});

for (const [list, type, body] of [
  ["groups", "group", (name: string) => ({ groupId: name, parentGroupId: "G1" })],
  ["locations", "location", (name: string) => ({ name, groups: ["G1"] })],
] as const) {
  test(`who lists ${list} while there are more, and follows from there, has what is stored in the end`, async () => {
    const { items, changesCursor } = await listAll(list, async (page) => {
      if (page > 3) return;
      for (const name of [`A${page}`, `Z${page}`]) await send("POST", `/v1/${list}`, body(name));
    });
    const copy = copyOf(items);
    applyChanges(copy, (await follow(app, { cursor: changesCursor, type, limit: 2 })).changes);
    assert.deepEqual(comparable(copy), comparable(copyOf((await listAll(list)).items)));
  });
}

test("who lists the members of a group while they come and go, and follows from there, has them in the end", async () => {
  const { items, changesCursor } = await listAll("groups/G1/members", async (page) => {
    if (page > 3) return;
    const [first, last] = [await addUser(), await addUser()];
    await send("PUT", `/v1/groups/G1/members/${first.id}`, { role: page });
    await send("PUT", `/v1/groups/G1/members/${last.id}`, {});
    await send("POST", "/v1/groups/G1/members", { remove: [last.id], add: [{ userId: first.id, role: 4 }] });
    await send("PUT", `/v1/groups/G2/members/${first.id}`, {});
  });
  const roles = new Map(items.map(({ userId, role }) => [userId, role]));
  const { changes } = await follow(app, { cursor: changesCursor, groupId: "G1", limit: 2 });
  for (const { id, memberships } of changes) {
    for (const { groupId, role } of memberships) {
      if (groupId !== "G1") continue;
      if (role.to === null) roles.delete(id);
      else roles.set(id, role.to);
    }
  }
  const members = (await listAll("groups/G1/members")).items;
  assert.ok(members.length > 3);
  const byId = (entries: Iterable<readonly [string, number]>) =>
    [...entries].sort(([one], [other]) => Number(one) - Number(other));
  assert.deepEqual(byId(roles), byId(members.map(({ userId, role }) => [userId, role] as const)));
});
