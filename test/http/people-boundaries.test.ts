import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, startDirectoryTest } from "../directory/setup.ts";
import type { TestAnswer, TestRequest } from "../support/app.ts";
import { signIn } from "../support/sign-in.ts";

const { app, send, addUser, owner } = await startDirectoryTest();
await send("POST", "/v1/groups", { groupId: "ADMIN" });
for (const groupId of ["OWN", "OTHER"]) {
  await send("POST", "/v1/groups", { groupId, privacy: 2, postApproval: true });
}
await send("POST", "/v1/groups", { groupId: "SECRET", privacy: 3 });
const bystander = await addUser({ memberships: [{ groupId: "OWN", role: 0 }] });
const administrator = await addUser({ memberships: [{ groupId: "ADMIN", role: 2 }] });

type Session = Readonly<Record<string, string>>;
const as = (session: Session, request: TestRequest): Promise<TestAnswer> =>
  app.inject({
    ...request,
    ...(request.method === undefined || request.method === "GET" || request.body ? {} : { body: {} }),
    key: null,
    headers: { accept: "application/json", ...session },
  });

/** Somebody in a group in a role, signed in. */
async function personWith(role: number, groupId = "OWN") {
  const user = await addUser({ memberships: [{ groupId, role }] });
  return { user, session: await signIn(app, user.id) };
}

/** Requests that take a capability in the group, harmless to repeat. */
const requests = (groupId: string, somebody: string): [string, TestRequest][] => [
  ["see", { url: `/v1/groups/${groupId}` }],
  ["decide", { url: `/v1/groups/${groupId}/members` }],
  ["decide", { url: `/v1/groups/${groupId}/members/${bystander.id}` }],
  ["administer", { method: "PATCH", url: `/v1/groups/${groupId}`, body: { description: "x" } }],
  ["administer", { method: "PUT", url: `/v1/groups/${groupId}/members/${somebody}`, body: { role: 1 } }],
  ["administer", { method: "DELETE", url: `/v1/groups/${groupId}/members/${somebody}` }],
  ["administer", { method: "POST", url: `/v1/groups/${groupId}/members`, body: { add: [], remove: [] } }],
  ["organization", { method: "POST", url: `/v1/groups/${groupId}/purge`, body: { expectedMembers: 100_000 } }],
  ["organization", { url: `/v1/groups/${groupId}/reach` }],
];

test("a group that the person may not see is unknown; one that they may only see is forbidden", async () => {
  const { session } = await personWith(1);
  for (const [, request] of requests("SECRET", bystander.id).filter(([capability]) => capability !== "organization")) {
    const none = await as(session, { ...request, url: request.url.replace("/SECRET", "/NONE") });
    const secret = await as(session, request);
    const { requestId: _, ...problem } = secret.json;
    const { requestId: __, ...expected } = none.json;
    assert.deepEqual([secret.status, problem], [404, expected], request.url);
  }
  assertProblem(
    await as(session, { method: "PATCH", url: "/v1/groups/OTHER", body: { privacy: 2 } }),
    403,
    "forbidden",
  );
});

test("group administrators neither make network administrators nor change them", async () => {
  const { session } = await personWith(1);
  const inGroup = await addUser({ memberships: [{ groupId: "OWN", role: 2 }] });
  const elsewhere = await addUser({
    memberships: [
      { groupId: "OWN", role: 0 },
      { groupId: "ADMIN", role: 2 },
    ],
  });
  const member = await addUser();
  const put = (id: string, role: number) =>
    as(session, { method: "PUT", url: `/v1/groups/OWN/members/${id}`, body: { role } });
  const remove = (id: string) => as(session, { method: "DELETE", url: `/v1/groups/OWN/members/${id}` });
  assertProblem(await put(member.id, 2), 403, "forbidden");
  for (const { id } of [inGroup, elsewhere]) {
    for (const role of [0, 1, 2]) assertProblem(await put(id, role), 403, "forbidden");
    assertProblem(await remove(id), 403, "forbidden");
  }
  const edit = await as(session, {
    method: "POST",
    url: "/v1/groups/OWN/members",
    body: {
      add: [
        { userId: member.id, role: 2 },
        { userId: elsewhere.id, role: 1 },
        { userId: bystander.id, role: 4 },
        { userId: "987654" },
      ],
      remove: [inGroup.id],
    },
  });
  assert.deepEqual(
    edit.json.errors.map(({ field, message }: { field: string; message: string }) => `${field} ${message}`),
    [
      "add.0.userId may be made network administrator by network administrators and the service admin only",
      "add.1.userId is a network administrator, whom only network administrators change",
      "add.3.userId is not a user",
      "remove.0 is a network administrator, whom only network administrators change",
    ],
  );
  assert.equal(edit.json.roleChanged, 1);
  const { rows } = await owner.query(
    "select user_id::text as id, role from memberships where group_id = 'OWN' and user_id = any($1) order by 1",
    [[inGroup.id, elsewhere.id, member.id]],
  );
  assert.deepEqual(rows, [
    { id: inGroup.id, role: 2 },
    { id: elsewhere.id, role: 0 },
  ]);
  assert.equal((await put(member.id, 1)).status, 201);
  assert.equal((await remove(member.id)).status, 204);
});

test("group administrators change of a group what concerns it alone", async () => {
  const { session } = await personWith(1);
  const patch = (body: object) => as(session, { method: "PATCH", url: "/v1/groups/OWN", body });
  const own = { type: 2, privacy: 2, postApproval: true, description: "chess" };
  assert.equal((await patch(own)).status, 200);
  for (const [name, value] of Object.entries({
    default: true,
    protected: true,
    guardPercent: 5,
    style: "purge",
    category: 12,
    parentGroupId: "SECRET",
  })) {
    assertProblem(await patch({ [name]: value, description: "no" }), 403, "forbidden", name);
  }
  assertProblem(await patch({ parentGroupId: "NONE" }), 403, "forbidden", "parentGroupId");
  const { json } = await as(session, { url: "/v1/groups/OWN" });
  assert.equal(json.description, "chess");
  assert.equal((await patch({ default: false, parentGroupId: null })).status, 200, "what is repeated is no change");
});

test("a parent that the person may not see stays unknown to them in every request", async () => {
  await send("POST", "/v1/groups", { groupId: "BELOW", parentGroupId: "SECRET" });
  const { user, session } = await personWith(1, "BELOW");
  assert.equal((await as(session, { url: "/v1/groups/BELOW" })).json.parentGroupId, null);
  const { items } = (await as(session, { url: `/v1/users/${user.id}/visible-groups` })).json;
  assert.equal(items.find((item: { groupId: string }) => item.groupId === "BELOW").parentGroupId, null);
  const patch = (body: object) => as(session, { method: "PATCH", url: "/v1/groups/BELOW", body });
  const [guessed, wrong] = [await patch({ parentGroupId: "SECRET" }), await patch({ parentGroupId: "NONE" })];
  assert.deepEqual([guessed.status, guessed.json.detail], [403, wrong.json.detail]);
  const repeated = await patch({ parentGroupId: null, description: "seen" });
  assert.deepEqual([repeated.status, repeated.json.parentGroupId, repeated.json.description], [200, null, "seen"]);
  assert.equal((await send("GET", "/v1/groups/BELOW")).parentGroupId, "SECRET", "it stays");
  assert.equal(
    (await as(await signIn(app, administrator.id), { url: "/v1/groups/BELOW" })).json.parentGroupId,
    "SECRET",
  );
});

test("a role that is taken away is gone with the next request", async () => {
  const { user, session } = await personWith(2, "ADMIN");
  assert.equal((await as(session, { url: "/v1/users" })).status, 200);
  await send("PUT", `/v1/groups/ADMIN/members/${user.id}`, { role: 0 });
  assertProblem(await as(session, { url: "/v1/users" }), 403, "forbidden");
});

test("network administrators approve a held import, but none that they sent", async () => {
  const [one, other] = [await personWith(2, "ADMIN"), await personWith(2, "ADMIN")];
  await send("PUT", "/v1/sources/students", { rank: 5 });
  const people = Array.from({ length: 200 }, (_, index) => ({
    databaseID: `S${index}`,
    email: `s${index}@campus.edu`,
    firstName: "S",
    lastName: `${index}`,
    groupID: "OTHER",
  }));
  await send("POST", "/v1/imports/users?source=students&style=active-roster", { users: people });
  const held = await as(one.session, {
    method: "POST",
    url: "/v1/imports/users?source=students&style=active-roster",
    body: { users: people.slice(0, 20) },
  });
  assert.deepEqual([held.json.status, held.json.actor], ["held", `user:${one.user.id}`], held.body);
  const approve = (session: Session) =>
    as(session, {
      method: "POST",
      url: `/v1/imports/${held.json.id}/approve`,
      body: { planHash: held.json.planHash },
    });
  assertProblem(await approve(one.session), 403, "forbidden");
  const inQueue = await as(one.session, {
    method: "POST",
    url: `/v1/pending/${held.json.id}/approve`,
    body: { planHash: held.json.planHash },
  });
  assertProblem(inQueue, 403, "forbidden");
  const actionsOf = async (session: Session) =>
    (await as(session, { url: "/v1/pending?type=import" })).json.items.find(
      (item: { id: string }) => item.id === held.json.id,
    ).actions;
  assert.deepEqual([await actionsOf(one.session), await actionsOf(other.session)], [["reject"], ["approve", "reject"]]);
  assertProblem(await approve((await personWith(1)).session), 403, "forbidden");
  const approved = await approve(other.session);
  assert.deepEqual([approved.status, approved.json.status], [200, "applied"], approved.body);
});
