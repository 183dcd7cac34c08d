import assert from "node:assert/strict";
import { test } from "node:test";
import { assertReplayRebuildsList } from "../support/replay.ts";
import { assertProblem, startDirectoryTest } from "./setup.ts";

const { app, owner, send, addUser, changesSince, lastSequence, rulesEpoch } = await startDirectoryTest();

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
/** Runs it, and makes sure that it wrote nothing. */
const writingNothing = async (work: () => Promise<unknown>) => {
  const before = [await lastSequence(), await rulesEpoch()];
  await work();
  assert.deepEqual([await lastSequence(), await rulesEpoch()], before);
};

test("a new member is answered as listed, and is one change of the person", async () => {
  await create("ONE");
  const user = await addUser({ lastName: "Doe", username: "jdoe" });
  const before = await lastSequence();
  const answer = await put("ONE", user.id, { role: 4 });
  assert.equal(answer.status, 201, answer.body);
  assert.equal(answer.headers.location, `/v1/groups/ONE/members/${user.id}`);
  const since = "2026-11-22T02:00:00.000000Z";
  const { firstName } = user;
  const member = { userId: user.id, role: 4, since, firstName, lastName: "Doe", username: "jdoe" };
  assert.deepEqual(answer.json, member);
  assert.deepEqual(await send("GET", `/v1/groups/ONE/members/${user.id}`), member);
  const { items, nextCursor } = await send("GET", "/v1/groups/ONE/members");
  assert.deepEqual([items, nextCursor], [[member], null]);
  assert.equal((await send("GET", "/v1/groups/ONE")).members, 1);
  const [change, ...more] = await changesSince(before);
  assert.deepEqual(more, []);
  assert.deepEqual(
    [change.type, change.action, change.id, change.username, change.actor, change.changed, change.memberships],
    ["user", "updated", user.id, "jdoe", "api-key:admin", {}, [{ groupId: "ONE", role: { from: null, to: 4 } }]],
  );
  assert.equal((await send("GET", `/v1/users/${user.id}`)).version, 2);
});

test("a member gets another role, and since when is since the role", async () => {
  await create("ROLE");
  const [id = ""] = await addPeople(1);
  assert.equal((await put("ROLE", id)).json.role, 0, "without a body they are a member");
  app.advanceClock(1000);
  const { rows } = await owner.query("select since from memberships where group_id = 'ROLE'");
  const before = await lastSequence();
  const answer = await put("ROLE", id, { role: 2 });
  assert.deepEqual([answer.status, answer.json.role], [200, 2]);
  assert.equal(Date.parse(answer.json.since), rows[0].since.getTime() + 1000);
  const [change] = await changesSince(before);
  assert.deepEqual(change.memberships, [{ groupId: "ROLE", role: { from: 0, to: 2 } }]);
  await writingNothing(async () => assert.deepEqual((await put("ROLE", id, { role: 2 })).json, answer.json));
  assert.equal((await put("ROLE", id, { role: 3 })).json.role, 3);
});

test("a person who is taken out of a group stays, and a second removal finds no member", async () => {
  await create("LEFT");
  const [id = ""] = await addPeople(1, { memberships: [{ groupId: "LEFT", role: 1 }] });
  const before = await lastSequence();
  assert.equal((await take("LEFT", id)).status, 204);
  const [change, ...more] = await changesSince(before);
  assert.deepEqual([change.memberships, more], [[{ groupId: "LEFT", role: { from: 1, to: null } }], []]);
  assert.deepEqual((await send("GET", `/v1/users/${id}`)).memberships, []);
  await writingNothing(async () => {
    const again = await take("LEFT", id);
    assertProblem(again, 404, "not_found");
    assert.match(again.json.detail, /does not belong to the group/);
    assertProblem(await app.inject({ url: `/v1/groups/LEFT/members/${id}` }), 404, "not_found");
  });
});

test("unknown groups, unknown people and roles that there are not are told apart", async () => {
  await create("KNOWN");
  const [id = ""] = await addPeople(1);
  await writingNothing(async () => {
    for (const answer of [
      await put("none", id),
      await take("none", id),
      await edit("none", { add: [{ userId: id }] }),
      await app.inject({ url: "/v1/groups/none/members" }),
      await app.inject({ url: `/v1/groups/none/members/${id}` }),
    ]) {
      assertProblem(answer, 404, "not_found");
      assert.match(answer.json.detail, /no such group/);
    }
    for (const nobody of ["999999", "0", "x", "1e3", "9".repeat(30)]) {
      const answer = await put("KNOWN", nobody);
      assertProblem(answer, 404, "not_found");
      assert.match(answer.json.detail, /no such user/);
      assertProblem(await take("KNOWN", nobody), 404, "not_found");
      assertProblem(await app.inject({ url: `/v1/groups/KNOWN/members/${nobody}` }), 404, "not_found");
    }
    for (const role of [5, -1, 1.5, "1", null]) {
      assertProblem(await put("KNOWN", id, { role }), 400, "request_invalid", "role");
    }
    assertProblem(await put("KNOWN", id, { claims: 1 }), 400, "request_invalid", "claims");
  });
});

test("people who come and leave at once are counted, and told one change each", async () => {
  await create("MANY");
  const [stays = "", promoted = "", leaves = "", comes = "", stranger = ""] = await addPeople(5);
  await edit("MANY", { add: [stays, promoted, leaves].map((userId) => ({ userId })) });
  const before = await lastSequence();
  const add = [{ userId: comes, role: 1 }, { userId: stays }, { userId: promoted, role: 3 }];
  const answer = await edit("MANY", { add, remove: [leaves, stranger] });
  assert.equal(answer.status, 200, answer.body);
  assert.deepEqual(answer.json, { added: 1, roleChanged: 1, removed: 1, unchanged: 2, errors: [] });
  assert.deepEqual(await rolesIn("MANY"), { [stays]: 0, [promoted]: 3, [comes]: 1 });
  const changes = await changesSince(before);
  assert.deepEqual(
    changes.map(({ id, memberships }) => [id, memberships[0].role]),
    [
      [leaves, { from: 0, to: null }],
      [promoted, { from: 0, to: 3 }],
      [comes, { from: null, to: 1 }],
    ],
  );
  await writingNothing(async () => {
    assert.deepEqual((await edit("MANY", { add, remove: [leaves] })).json.unchanged, 4);
    assert.deepEqual((await edit("MANY", {})).json, { added: 0, roleChanged: 0, removed: 0, unchanged: 0, errors: [] });
  });
});

test("items that cannot be applied are told by their places alone, and all others are applied", async () => {
  await create("SOME");
  const [one = "", two = ""] = await addPeople(2);
  const answer = await edit("SOME", {
    add: [{ userId: one, role: 1 }, { userId: "jane.doe@campus.edu" }, { userId: one, role: 2 }, { userId: "987654" }],
    remove: ["Jane Doe", one, two, two, ""],
  });
  const { errors, ...counts } = answer.json;
  assert.deepEqual(counts, { added: 1, roleChanged: 0, removed: 0, unchanged: 1 });
  assert.deepEqual(errors, [
    { field: "add.1.userId", message: "is not a user" },
    { field: "add.2.userId", message: "is the user of add.0.userId, which counts" },
    { field: "remove.0", message: "is not a user" },
    { field: "remove.1", message: "is the user of add.0.userId, which counts" },
    { field: "remove.3", message: "is the user of remove.2, which counts" },
    { field: "remove.4", message: "is not a user" },
    { field: "add.3.userId", message: "is not a user" },
  ]);
  assert.deepEqual(await rolesIn("SOME"), { [one]: 1 });
  assert.doesNotMatch(answer.body + JSON.stringify(app.log), /jane|Jane|987654/);
});

test("100,000 people come with one request; one more is refused", async () => {
  await create("LIMIT");
  const [id = ""] = await addPeople(1);
  const strangers = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ userId: String(500_000 + index) }));
  const answer = await edit("LIMIT", { add: [...strangers(99_999), { userId: id, role: 1 }] });
  assert.deepEqual([answer.status, answer.json.added, answer.json.errors.length], [200, 1, 99_999]);
  await writingNothing(async () => {
    assertProblem(await edit("LIMIT", { add: strangers(100_001) }), 400, "request_invalid", "add");
    const remove = strangers(100_001).map(({ userId }) => userId);
    assertProblem(await edit("LIMIT", { remove }), 400, "request_invalid", "remove");
    const tooLarge = await edit("LIMIT", { remove: ["x".repeat(17 * 1024 * 1024)] });
    assertProblem(tooLarge, 413, "body_too_large");
    assert.match(tooLarge.json.detail, /16 MiB/);
  });
});

test("lists a person who stays in the group once, even if others join or leave between pages", async () => {
  await create("PAGES");
  const ids = await addPeople(30);
  const isConstant = (index: number) => index % 3 === 0;
  const constant = ids.filter((_, index) => isConstant(index));
  await edit("PAGES", { add: ids.filter((_, index) => index % 3 !== 2).map((userId) => ({ userId })) });
  const seen: string[] = [];
  let cursor: string | null = null;
  for (let page = 0; page === 0 || cursor !== null; page += 1) {
    const { items, nextCursor } = await send(
      "GET",
      `/v1/groups/PAGES/members?limit=4${cursor === null ? "" : `&cursor=${cursor}`}`,
    );
    assert.ok(items.length === 4 || nextCursor === null, "pages are full");
    seen.push(...items.map(({ userId }: { userId: string }) => userId));
    cursor = nextCursor;
    // Around the place where the next page begins and behind it somebody leaves, and somebody comes.
    const last = ids.indexOf(seen.at(-1) ?? "");
    const change = (offset: number) => ids[(last + offset + ids.length) % ids.length] ?? "";
    const around = [-1, 0, 1, 2].map(change).filter((id) => !constant.includes(id));
    const [come = [], leave = []] = [around.slice(0, 1), around.slice(1)];
    await edit("PAGES", { add: come.map((userId) => ({ userId })), remove: leave });
  }
  assert.equal(new Set(seen).size, seen.length, "nobody twice");
  assert.deepEqual(
    seen,
    seen.toSorted((one, other) => Number(one) - Number(other)),
  );
  assert.deepEqual(
    seen.filter((id) => constant.includes(id)),
    constant,
  );
});

test("a cursor goes on after somebody who is deleted meanwhile", async () => {
  await create("GONE");
  const [one = "", two = "", three = ""] = await addPeople(3, { memberships: [{ groupId: "GONE" }] });
  const { items, nextCursor } = await send("GET", "/v1/groups/GONE/members?limit=2");
  assert.deepEqual(
    items.map(({ userId }: { userId: string }) => userId),
    [one, two],
  );
  await send("DELETE", `/v1/users/${two}`);
  const rest = await send("GET", `/v1/groups/GONE/members?limit=2&cursor=${nextCursor}`);
  assert.deepEqual([rest.items.length, rest.items[0].userId, rest.nextCursor], [1, three, null]);
});

test("if two requests put the same person into a group, one reports a new membership", async () => {
  await create("RACE");
  const [id = ""] = await addPeople(1);
  const answers = await Promise.all([put("RACE", id), put("RACE", id)]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 201]);
  const ends = await Promise.all([take("RACE", id), take("RACE", id)]);
  assert.deepEqual(ends.map(({ status }) => status).sort(), [204, 404]);
});

test("changes since a moment, replayed on its members, give the present members", async () => {
  await create("REPLAY");
  const ids = await addPeople(6);
  await edit("REPLAY", { add: ids.slice(0, 3).map((userId) => ({ userId })) });
  const [before, members] = [await lastSequence(), new Map(Object.entries(await rolesIn("REPLAY")))];
  await put("REPLAY", ids[4]!, { role: 4 });
  await take("REPLAY", ids[0]!);
  await edit("REPLAY", {
    add: [
      { userId: ids[5]!, role: 1 },
      { userId: ids[1]!, role: 3 },
    ],
    remove: [ids[2]!],
  });
  await send("DELETE", `/v1/users/${ids[4]!}`);
  for (const { id, memberships } of await changesSince(before)) {
    for (const { groupId, role } of memberships) {
      assert.equal(groupId, "REPLAY");
      assert.equal(members.get(id) ?? null, role.from);
      if (role.to === null) members.delete(id);
      else members.set(id, role.to);
    }
  }
  assert.deepEqual(Object.fromEntries(members), await rolesIn("REPLAY"));
});

test("and the change log rebuilds the people", () => assertReplayRebuildsList(app, owner));

test("a key for groups alone makes no network administrators: such a one could give itself everything", async () => {
  const key = await app.keyWith(["groups", "retrieve", "import", "approvals"]);
  await send("POST", "/v1/groups", { groupId: "JOB" });
  const [one, administrator] = [await addUser(), await addUser({ memberships: [{ groupId: "JOB", role: 2 }] })];
  const put = (id: string, role: number, by = key) =>
    app.inject({ method: "PUT", url: `/v1/groups/JOB/members/${id}`, body: { role }, key: by });
  assertProblem(await put(one.id, 2), 403, "forbidden");
  const { json } = await app.inject({
    method: "POST",
    url: "/v1/groups/JOB/members",
    key,
    body: {
      add: [
        { userId: one.id, role: 2 },
        { userId: administrator.id, role: 2 },
      ],
    },
  });
  assert.deepEqual([json.added, json.unchanged, json.errors.length], [0, 1, 1], "who is it already stays it");
  assert.match(json.errors[0].message, /network administrator/);
  assert.equal((await put(administrator.id, 2)).status, 200);
  assert.equal((await put(one.id, 1)).status, 201);
  assertProblem(await put(one.id, 2), 403, "forbidden");
  assert.equal((await put(one.id, 2, app.key)).status, 200, "a key with the service admin does");
});
