import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, startDirectoryTest } from "./setup.ts";

const { app, send, addUser, addOrganization } = await startDirectoryTest();
const other = await addOrganization();

for (const [groupId, privacy] of [
  ["PUBLIC", 1],
  ["PRIVATE", 2],
  ["SECRET", 3],
  ["NORTH", 1],
  ["NORTH-SECRET", 3],
  ["BOTH", 2],
  ["SOUTH", 1],
] as const) {
  await send("POST", "/v1/groups", { groupId, privacy });
}
await send("POST", "/v1/locations", { name: "North", groups: ["NORTH", "NORTH-SECRET", "BOTH"] });
await send("POST", "/v1/locations", { name: "South", groups: ["SOUTH", "BOTH"] });

type Visible = { groupId: string; role: number | null };
async function visibleTo(user: object): Promise<string[]> {
  const { id } = await addUser(user);
  const { items } = await send("GET", `/v1/users/${id}/visible-groups`);
  return items.map(({ groupId }: Visible) => groupId);
}

test("public and private groups are seen, secret ones by those who belong to them", async () => {
  const everywhere = ["BOTH", "NORTH", "PRIVATE", "PUBLIC", "SOUTH"];
  assert.deepEqual(await visibleTo({ showAllGroups: true }), everywhere);
  for (const role of [0, 1, 3, 4]) {
    const memberships = [{ groupId: "SECRET", role }];
    assert.deepEqual(await visibleTo({ showAllGroups: true, memberships }), [
      ...everywhere.slice(0, 4),
      "SECRET",
      "SOUTH",
    ]);
  }
});

test("network administrators of any group see all secret groups", async () => {
  const memberships = [{ groupId: "SOUTH", role: 2 }];
  assert.deepEqual(await visibleTo({ showAllGroups: true, memberships }), [
    "BOTH",
    "NORTH",
    "NORTH-SECRET",
    "PRIVATE",
    "PUBLIC",
    "SECRET",
    "SOUTH",
  ]);
});

test("without showAllGroups only groups of the person's location are seen, of none, and the person's own", async () => {
  assert.deepEqual(await visibleTo({}), ["PRIVATE", "PUBLIC"]);
  assert.deepEqual(await visibleTo({ location: "north" }), ["BOTH", "NORTH", "PRIVATE", "PUBLIC"]);
  assert.deepEqual(await visibleTo({ location: "South", memberships: [{ groupId: "NORTH-SECRET" }] }), [
    "BOTH",
    "NORTH-SECRET",
    "PRIVATE",
    "PUBLIC",
    "SOUTH",
  ]);
});

test("the list shows groups as they are, with the person's role, page by page", async () => {
  const { id } = await addUser({ memberships: [{ groupId: "PUBLIC", role: 1 }] });
  const first = await send("GET", `/v1/users/${id}/visible-groups?limit=1`);
  const second = await send("GET", `/v1/users/${id}/visible-groups?limit=1&cursor=${first.nextCursor}`);
  assert.equal(second.nextCursor, null);
  const { items } = await send("GET", "/v1/groups?query=P");
  const [hidden, own] = items;
  assert.deepEqual(
    [...first.items, ...second.items],
    [
      { ...hidden, role: null },
      { ...own, role: 1 },
    ],
  );
});

test("a person of another organization is answered like an unknown one, whose groups are not seen", async () => {
  const { id } = await addUser();
  const theirs = (of: string) => app.inject({ url: `/v1/users/${of}/visible-groups`, key: other.key });
  const answers = [await theirs(id), await theirs("123456"), await theirs("x")];
  for (const answer of answers) assertProblem(answer, 404, "not_found");
  const [foreign, unknown] = answers.map(({ json }) => ({ ...json, requestId: "" }));
  assert.deepEqual(foreign, unknown);
  const body = { firstName: "Ann", emails: ["ann@x.org"], showAllGroups: true };
  const created = await app.inject({ method: "POST", url: "/v1/users", key: other.key, body });
  assert.deepEqual((await theirs(created.json.id)).json, { items: [], nextCursor: null });
});
