import assert from "node:assert/strict";
import { test } from "node:test";
import { assertReplayRebuildsList } from "../support/replay.ts";
import { assertProblem, startDirectoryTest } from "./setup.ts";

const { app, owner, send, addUser, changesSince, lastSequence, rulesEpoch } = await startDirectoryTest();

const create = (groupId: string, group: object = {}) => send("POST", "/v1/groups", { groupId, ...group });
const patch = (groupId: string, body: object, ifMatch?: string) =>
  app.inject({
    method: "PATCH",
    url: `/v1/groups/${groupId}`,
    body,
    headers: { ...(ifMatch ? { "if-match": ifMatch } : {}) },
  });
const purge = (groupId: string, body?: object, headers: Record<string, string> = {}) =>
  app.inject({ method: "POST", url: `/v1/groups/${groupId}/purge`, headers, ...(body ? { body } : {}) });
const remove = (groupId: string, query = "", headers: Record<string, string> = {}) =>
  app.inject({ method: "DELETE", url: `/v1/groups/${groupId}${query}`, headers });
const addMembers = async (groupId: string, count: number) => {
  const people = [];
  for (let index = 0; index < count; index += 1) people.push(await addUser({ memberships: [{ groupId }] }));
  return people;
};
const importMembers = async (groupId: string, count: number) => {
  const row = (index: number) => `Member,${index},${groupId}-${index}@campus.edu,,,${groupId},${groupId}-${index}\n`;
  const body = Array.from({ length: count }, (_, index) => row(index)).join("");
  const headers = { "content-type": "text/csv" };
  const { status, json, body: text } = await app.inject({ method: "POST", url: "/v1/imports/users", headers, body });
  assert.equal(status, 201, text);
  return json.counts;
};
/** Runs it, and makes sure that it wrote nothing. */
const writingNothing = async (work: () => Promise<unknown>) => {
  const before = [await lastSequence(), await rulesEpoch()];
  await work();
  assert.deepEqual([await lastSequence(), await rulesEpoch()], before);
};

test("a change of a group is answered as it is stored, counts it up, and is one change", async () => {
  await create("SCI");
  const group = await create("BIO", { name: "Biology", parentGroupId: null });
  app.advanceClock(1000);
  const [before, epoch] = [await lastSequence(), await rulesEpoch()];
  const body = {
    category: 9,
    type: 2,
    privacy: 3,
    postApproval: true,
    description: "Fall\nterm",
    style: "static",
    default: true,
    protected: true,
    guardPercent: 0,
    parentGroupId: "SCI",
  };
  const answer = await patch("BIO", { ...body, name: "Biology" }, '"1"');
  assert.equal(answer.status, 200, answer.body);
  const expected = { ...group, ...body, version: 2, updatedAt: "2026-11-22T02:00:01.000000Z" };
  assert.deepEqual(answer.json, expected);
  assert.equal(answer.headers.etag, '"2"');
  assert.deepEqual(await send("GET", "/v1/groups/BIO"), expected);
  const [change, ...more] = await changesSince(before);
  assert.deepEqual(more, []);
  assert.deepEqual([change.type, change.action, change.id, change.actor], ["group", "updated", "BIO", "api-key:admin"]);
  const changed = Object.entries(body).map(([name, to]) => [name, { from: group[name], to }]);
  assert.deepEqual(change.changed, Object.fromEntries(changed));
  assert.equal(await rulesEpoch(), epoch + 1);
  const cleared = await patch("BIO", { style: null, guardPercent: null, parentGroupId: null, default: false });
  assert.deepEqual([cleared.json.style, cleared.json.guardPercent, cleared.json.parentGroupId], [null, null, null]);
});

test("a change that changes nothing writes nothing", async () => {
  const group = await create("SAME", { category: 9, description: "Text" });
  await writingNothing(async () => {
    for (const body of [{}, { category: 9, description: " Text ", parentGroupId: null, name: "SAME" }]) {
      assert.deepEqual((await patch("SAME", body)).json, group);
    }
  });
});

test("a group keeps its name and its id", async () => {
  await create("NAMED", { name: "Chess" });
  await writingNothing(async () => {
    for (const name of ["Go", "chess", ""]) {
      const answer = await patch("NAMED", { name });
      assertProblem(answer, 400, "request_invalid", "name");
      assert.match(answer.json.detail, /keeps its name.*Chess/);
    }
    assertProblem(await patch("NAMED", { groupId: "OTHER" }), 400, "request_invalid", "groupId");
  });
});

test("a group that somebody else changed in between is left alone", async () => {
  await create("RACE");
  assert.equal((await patch("RACE", { category: 2 }, '"1"')).status, 200);
  await writingNothing(async () => {
    assertProblem(await patch("RACE", { category: 3 }, '"1"'), 412, "version_mismatch");
    assertProblem(await patch("RACE", { category: 3 }, "2"), 400, "request_invalid", "If-Match");
    assertProblem(await remove("RACE", "", { "if-match": '"1"' }), 412, "version_mismatch");
    assertProblem(await purge("RACE", {}, { "if-match": '"1"' }), 412, "version_mismatch");
  });
  assert.equal((await remove("RACE", "", { "if-match": '"2"' })).status, 204);
});

test("the groups above a group never lead back to it", async () => {
  await create("A1");
  await create("A2", { parentGroupId: "A1" });
  await create("A3", { parentGroupId: "A2" });
  await writingNothing(async () => {
    const circle = await patch("A1", { parentGroupId: "A3" });
    assertProblem(circle, 400, "request_invalid", "parentGroupId");
    assert.match(circle.json.detail, /A1 → A3 → A2 → A1/);
    assert.match((await patch("A2", { parentGroupId: "A2" })).json.detail, /A2 → A2/);
    const unknown = await patch("A1", { parentGroupId: "none" });
    assertProblem(unknown, 400, "request_invalid", "parentGroupId");
    assert.match(unknown.json.detail, /is not a group/);
  });
  assert.equal((await patch("A3", { parentGroupId: "A1" })).status, 200, "beside its former parent");
  assert.equal((await patch("A2", { parentGroupId: "A3" })).status, 200, "the order can be turned around");
});

test("a long circle is told by its beginning and its end", async () => {
  await create("L0");
  for (let depth = 1; depth <= 30; depth += 1) await create(`L${depth}`, { parentGroupId: `L${depth - 1}` });
  const { json } = await patch("L0", { parentGroupId: "L30" });
  assert.match(json.detail, /L0 → L30 → L29 .*→ … → L0/);
  assert.ok(json.detail.length < 300, json.detail);
});

test("a group with any invalid value is not changed", async () => {
  await create("STRICT");
  await writingNothing(async () => {
    for (const body of [
      { category: 17 },
      { category: null },
      { type: 3 },
      { privacy: "1" },
      { postApproval: 1 },
      { name: null },
      { description: null },
      { description: "x".repeat(2001) },
      { style: "none" },
      { default: null },
      { members: 1 },
      { guardPercent: 101 },
      { parentGroupId: "" },
      { parentGroupId: 7 },
      { version: 1 },
      { category: 2, no: 1 },
    ]) {
      assertProblem(await patch("STRICT", body), 400, "request_invalid");
    }
    for (const method of ["PATCH", "DELETE"] as const) {
      const url = "/v1/groups/none";
      assertProblem(await app.inject({ method, url, ...(method === "PATCH" ? { body: {} } : {}) }), 404, "not_found");
    }
    assertProblem(await purge("none"), 404, "not_found");
  });
});

test("merge patches of groups may be sent as application/merge-patch+json", async () => {
  await create("MERGE");
  const headers = { "content-type": "application/merge-patch+json" };
  const request = { method: "PATCH", url: "/v1/groups/MERGE", headers } as const;
  assert.equal((await app.inject({ ...request, body: '{"category": 8}' })).json.category, 8);
  assertProblem(await app.inject({ ...request, body: '{"description": "a\\u0000"}' }), 400, "request_invalid");
});

test("people who are there already neither join a group that becomes a default one, nor leave one that ceases to be", async () => {
  await create("NEWCOMERS");
  const early = await addUser();
  await patch("NEWCOMERS", { default: true });
  const late = await addUser();
  await patch("NEWCOMERS", { default: false });
  const groups = async (id: string) =>
    (await send("GET", `/v1/users/${id}`)).memberships.map(({ groupId }: { groupId: string }) => groupId);
  assert.ok(!(await groups(early.id)).includes("NEWCOMERS"));
  assert.ok((await groups(late.id)).includes("NEWCOMERS"));
});

test("emptying a group ends its memberships; group and people stay, and a second time nothing happens", async () => {
  await create("FULL");
  const people = await addMembers("FULL", 3);
  const before = await lastSequence();
  const answer = await purge("FULL");
  assert.deepEqual([answer.status, answer.json], [200, { groupId: "FULL", membershipsRemoved: 3 }]);
  const changes = await changesSince(before);
  assert.deepEqual(
    changes.map(({ type, id, memberships }) => [type, id, memberships]),
    people.map(({ id }) => ["user", id, [{ groupId: "FULL", role: { from: 0, to: null } }]]),
  );
  const group = await send("GET", "/v1/groups/FULL");
  assert.deepEqual([group.members, group.version], [0, 1]);
  await writingNothing(async () => {
    for (const body of [undefined, {}, { expectedMembers: 3 }]) {
      assert.deepEqual((await purge("FULL", body)).json, { groupId: "FULL", membershipsRemoved: 0 });
    }
  });
});

test("deleting a group leaves its people, and the group is unknown from then on", async () => {
  await create("OLD");
  const [person] = await addMembers("OLD", 1);
  await create("YOUNG", { parentGroupId: "OLD" });
  assert.equal((await remove("OLD", "?expectedMembers=1")).status, 204);
  assertProblem(await app.inject({ url: "/v1/groups/OLD" }), 404, "not_found");
  assertProblem(await remove("OLD"), 404, "not_found");
  const user = await send("GET", `/v1/users/${person?.id}`);
  assert.deepEqual([user.memberships, user.version], [[], 2]);
  assert.equal((await send("GET", "/v1/groups/YOUNG")).parentGroupId, null);
  assert.equal((await create("OLD")).version, 1, "its id is free");
});

test("taking a delicate group apart requires the number of its members", async () => {
  await create("ALERTS", { category: 12 });
  await create("GUARDED", { protected: true });
  await create("LARGE");
  await addMembers("ALERTS", 2);
  await addMembers("GUARDED", 1);
  await importMembers("LARGE", 1000);
  const groups = { ALERTS: "2 members", GUARDED: "1 member", LARGE: "1,000 members" };
  await writingNothing(async () => {
    for (const [groupId, told] of Object.entries(groups)) {
      for (const answer of [await purge(groupId), await remove(groupId)]) {
        assertProblem(answer, 409, "conflict", "expectedMembers");
        assert.match(answer.json.detail, new RegExp(`${told}\\..*expectedMembers=${told.replace(/\D/g, "")}`));
      }
      for (const answer of [
        await purge(groupId, { expectedMembers: 7 }),
        await remove(groupId, "?expectedMembers=7"),
      ]) {
        assertProblem(answer, 409, "conflict", "expectedMembers");
        assert.match(answer.json.detail, new RegExp(`${told}, not 7\\.`));
      }
    }
  });
  assert.deepEqual((await purge("ALERTS", { expectedMembers: 2 })).json.membershipsRemoved, 2);
  assert.equal((await remove("GUARDED", "?expectedMembers=1")).status, 204);
  assert.deepEqual((await purge("LARGE", { expectedMembers: 1000 })).json.membershipsRemoved, 1000);
  assertProblem(await remove("ALERTS"), 409, "conflict", "expectedMembers");
  assert.equal((await remove("ALERTS", "?expectedMembers=0")).status, 204);
});

test("the same file puts people back into a group that was emptied or deleted", async () => {
  await create("BACK");
  assert.equal((await importMembers("BACK", 3)).membershipsAdded, 3);
  assert.equal((await importMembers("BACK", 3)).membershipsAdded, 0);
  await purge("BACK");
  assert.equal((await importMembers("BACK", 3)).membershipsAdded, 3);
  await remove("BACK");
  const { groupsCreated, membershipsAdded } = await importMembers("BACK", 3);
  assert.deepEqual([groupsCreated, membershipsAdded], [1, 3]);
});

test("a number that is wrong is refused for any group", async () => {
  await create("SMALL");
  await addMembers("SMALL", 2);
  await writingNothing(async () => {
    assertProblem(await purge("SMALL", { expectedMembers: 3 }), 409, "conflict", "expectedMembers");
    assertProblem(await remove("SMALL", "?expectedMembers=0"), 409, "conflict", "expectedMembers");
    for (const expectedMembers of ["2", -1, 1.5, null, []]) {
      assertProblem(await purge("SMALL", { expectedMembers }), 400, "request_invalid", "expectedMembers");
    }
    for (const query of ["", "-1", "1.5", "x", "1e3", "9999999999"]) {
      assertProblem(await remove("SMALL", `?expectedMembers=${query}`), 400, "request_invalid", "expectedMembers");
    }
    assertProblem(await remove("SMALL", "?force=1"), 400, "request_invalid", "force");
    assertProblem(await purge("SMALL", { force: true }), 400, "request_invalid", "force");
  });
});

test("if two requests empty the same group at once, one does it", async () => {
  await create("TWICE");
  await addMembers("TWICE", 2);
  const answers = await Promise.all([purge("TWICE"), purge("TWICE")]);
  assert.deepEqual(answers.map(({ json }) => json.membershipsRemoved).sort(), [0, 2]);
});

test("after all of this the change log rebuilds the people", () => assertReplayRebuildsList(app, owner));
