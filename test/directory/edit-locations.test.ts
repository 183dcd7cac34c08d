import assert from "node:assert/strict";
import { test } from "node:test";
import { deleteLocations } from "../../src/directory/dissolve-locations.ts";
import { asWriter } from "../../src/store/organization-lock.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { assertReplayRebuildsList } from "../support/replay.ts";
import { assertProblem, startDirectoryTest } from "./setup.ts";

const { app, owner, send, addUser, changesSince, lastSequence, rulesEpoch } = await startDirectoryTest();
for (const groupId of ["G1", "G2", "g3"]) await send("POST", "/v1/groups", { groupId });

const create = (name: string, groups: readonly string[] = []) => send("POST", "/v1/locations", { name, groups });
const address = (name: string) => `/v1/locations/${encodeURIComponent(name)}`;
const patch = (name: string, body: object, ifMatch?: string) =>
  app.inject({ method: "PATCH", url: address(name), body, headers: ifMatch ? { "if-match": ifMatch } : {} });
const remove = (name: string, ifMatch?: string) =>
  app.inject({ method: "DELETE", url: address(name), headers: ifMatch ? { "if-match": ifMatch } : {} });
/** Runs it, and makes sure that it wrote nothing. */
const writingNothing = async (work: () => Promise<unknown>) => {
  const before = [await lastSequence(), await rulesEpoch()];
  await work();
  assert.deepEqual([await lastSequence(), await rulesEpoch()], before);
};
const told = (changes: readonly { type: string; action: string; id: string; changed: object }[]) =>
  changes.map(({ type, action, id, changed }) => [`${type} ${id} ${action}`, changed]);

test("the groups of a location are replaced, in order, and that is one change", async () => {
  const location = await create("Main", ["G1", "G2"]);
  app.advanceClock(1000);
  const [before, epoch] = [await lastSequence(), await rulesEpoch()];
  const answer = await patch("MAIN", { groups: ["g3", "G2", "g3"] }, '"1"');
  assert.equal(answer.status, 200, answer.body);
  const expected = { ...location, version: 2, groups: ["G2", "g3"], updatedAt: "2026-11-22T02:00:01.000000Z" };
  assert.deepEqual(answer.json, expected);
  assert.equal(answer.headers.etag, '"2"');
  assert.deepEqual(await send("GET", address("main")), expected);
  assert.deepEqual(told(await changesSince(before)), [
    ["location Main updated", { groups: { from: ["G1", "G2"], to: ["G2", "g3"] } }],
  ]);
  assert.equal(await rulesEpoch(), epoch + 1);
  await writingNothing(async () => {
    for (const body of [{}, { groups: ["g3", "G2"] }, { name: "Main" }]) {
      assert.deepEqual((await patch("Main", body)).json, expected);
    }
  });
  assert.deepEqual((await patch("Main", { groups: [] })).json.groups, []);
});

test("people at a renamed location are there under the new name, with one change each", async () => {
  await create("Old");
  await create("Other");
  const people = [
    await addUser({ location: "Old", username: "one" }),
    await addUser({ location: "Other" }),
    await addUser({ location: "old" }),
  ];
  const [before, epoch] = [await lastSequence(), await rulesEpoch()];
  const answer = await patch("old", { name: "Campus Zürich" });
  assert.deepEqual([answer.status, answer.json.name, answer.json.version], [200, "Campus Zürich", 2], answer.body);
  const changed = { location: { from: "Old", to: "Campus Zürich" } };
  const changes = await changesSince(before);
  assert.deepEqual(told(changes), [
    ["location Old updated", { name: { from: "Old", to: "Campus Zürich" } }],
    [`user ${people[0]!.id} updated`, changed],
    [`user ${people[2]!.id} updated`, changed],
  ]);
  assert.deepEqual([changes[1].username, changes[1].actor], ["one", "api-key:admin"]);
  assert.equal(await rulesEpoch(), epoch + 1);
  for (const [index, location] of ["Campus Zürich", "Other", "Campus Zürich"].entries()) {
    const user = await send("GET", `/v1/users/${people[index]!.id}`);
    assert.deepEqual([user.location, user.version], [location, index === 1 ? 1 : 2]);
  }
  assertProblem(await app.inject({ url: address("Old") }), 404, "not_found");
  assert.equal((await create("Old")).version, 1, "the old name is free");
});

test("a location with groups keeps its name, to the letter", async () => {
  await create("Hall", ["G1", "g3"]);
  await writingNothing(async () => {
    for (const body of [{ name: "House" }, { name: "HALL" }, { name: "House", groups: ["G2"] }]) {
      const answer = await patch("hall", body);
      assertProblem(answer, 409, "conflict", "name");
      assert.match(answer.json.detail, /keeps its name, and Hall has G1, g3\./);
    }
  });
  const renamed = await patch("hall", { name: "House", groups: [] });
  assert.deepEqual([renamed.json.name, renamed.json.groups, renamed.json.version], ["House", [], 2], "both at once");
  const back = await patch("house", { name: "Hall", groups: ["G1"] });
  assert.deepEqual([back.json.name, back.json.groups], ["Hall", ["G1"]]);
});

test("a location of many groups is told by some of them", async () => {
  const groups = Array.from({ length: 30 }, (_, index) => `MANY-${String(index).padStart(2, "0")}`);
  for (const groupId of groups) await send("POST", "/v1/groups", { groupId });
  await create("Crowd", groups);
  const { json } = await patch("Crowd", { name: "Crowds" });
  assert.match(json.detail, /MANY-09, …\. Nothing/);
});

test("a name may change its case, but not become another location's in any", async () => {
  await create("east");
  await create("West");
  const user = await addUser({ location: "east" });
  await writingNothing(async () => {
    for (const name of ["West", "WEST", "wesT"]) {
      const answer = await patch("east", { name });
      assertProblem(answer, 409, "conflict", "name");
      assert.match(answer.json.detail, /upper and lower case make no difference/);
    }
  });
  assert.equal((await patch("east", { name: "EAST" })).json.name, "EAST");
  assert.equal((await send("GET", `/v1/users/${user.id}`)).location, "EAST");
});

test("a deleted location is nobody's any more; its groups and the people stay", async () => {
  await create("Gone", ["G1"]);
  await create("Stays");
  const leaver = await addUser({ location: "Gone" });
  const stayer = await addUser({ location: "Stays" });
  const [before, epoch] = [await lastSequence(), await rulesEpoch()];
  assert.equal((await remove("gone", '"1"')).status, 204);
  assert.deepEqual(told(await changesSince(before)), [
    [`user ${leaver.id} updated`, { location: { from: "Gone", to: null } }],
    ["location Gone deleted", { name: { from: "Gone", to: null }, groups: { from: ["G1"], to: null } }],
  ]);
  assert.equal(await rulesEpoch(), epoch + 1);
  const user = await send("GET", `/v1/users/${leaver.id}`);
  assert.deepEqual([user.location, user.version], [null, 2]);
  assert.deepEqual(await send("GET", `/v1/users/${stayer.id}`), stayer);
  assert.equal((await send("GET", "/v1/groups/G1")).version, 1);
  await writingNothing(async () => {
    assertProblem(await remove("gone"), 404, "not_found");
    assertProblem(await patch("gone", {}), 404, "not_found");
  });
});

test("a location that somebody else changed in between is left alone", async () => {
  await create("Race");
  assert.equal((await patch("Race", { groups: ["G1"] }, '"1"')).status, 200);
  await writingNothing(async () => {
    assertProblem(await patch("Race", { groups: [] }, '"1"'), 412, "version_mismatch");
    assertProblem(await remove("Race", '"1"'), 412, "version_mismatch");
    assertProblem(await remove("Race", "1"), 400, "request_invalid", "If-Match");
  });
  assert.equal((await remove("Race", '"1", "2"')).status, 204);
});

test("a location with any invalid value is not changed", async () => {
  await create("Strict");
  await writingNothing(async () => {
    for (const name of ["", "a-b", "a  b", "x".repeat(201), 7, null]) {
      assertProblem(await patch("Strict", { name }), 400, "request_invalid", "name");
    }
    assertProblem(await patch("Strict", { groups: ["G1", "none"] }), 400, "request_invalid", "groups.1");
    assertProblem(await patch("Strict", { groups: null }), 400, "request_invalid", "groups");
    assertProblem(await patch("Strict", { version: 1 }), 400, "request_invalid", "version");
  });
});

test("the same file brings people to a location again that was deleted or renamed", async () => {
  const importOne = async () => {
    const headers = { "content-type": "text/csv" };
    const body = "Ann,Lee,ann.lee@campus.edu,,,G1,ann-lee,,,Island\n";
    const { status, json } = await app.inject({ method: "POST", url: "/v1/imports/users", headers, body });
    assert.equal(status, 201);
    return json.counts.locationsCreated;
  };
  const locationOfAnn = async () => (await send("GET", "/v1/users?databaseId=ann-lee")).items[0].location;
  assert.equal(await importOne(), 1);
  await remove("Island");
  assert.equal(await locationOfAnn(), null);
  assert.equal(await importOne(), 1);
  assert.equal(await locationOfAnn(), "Island");
  await patch("Island", { name: "Islet" });
  assert.equal(await locationOfAnn(), "Islet");
  assert.equal(await importOne(), 1);
  assert.equal(await locationOfAnn(), "Island", "the source owns the location");
});

test("many locations are deleted in one transaction, with one change a person", async () => {
  for (const name of ["L1", "L2", "L3"]) await create(name);
  const people = [
    await addUser({ location: "L1" }),
    await addUser({ location: "L2" }),
    await addUser({ location: "L3" }),
  ];
  const before = await lastSequence();
  const { database, queue } = app.dependencies;
  const at = new Date("2026-11-22T03:00:00Z");
  const dissolve = (names: readonly string[]) =>
    asWriter(database, queue, app.organizationId, (client) =>
      deleteLocations(client, app.organizationId, names, { actor: "test" }, at),
    );
  const { locations, ...recorded } = await dissolve(["l3", "L1", "none", "l1"]);
  assert.deepEqual(
    locations.map(({ name }) => name),
    ["L1", "L3"],
  );
  assert.deepEqual(recorded, { count: 4, firstSequence: before + 1, lastSequence: before + 4 });
  assert.deepEqual(
    told(await changesSince(before)).map(([what]) => what),
    [`user ${people[0]!.id} updated`, `user ${people[2]!.id} updated`, "location L1 deleted", "location L3 deleted"],
  );
  await writingNothing(async () => assert.deepEqual(await dissolve(["L1"]), { count: 0, locations: [] }));
});

test("afterwards the change log rebuilds people and locations, and no rule of the store is broken", async () => {
  await assertReplayRebuildsList(app, owner);
  assert.deepEqual(await verifyStore(owner), []);
  const copy = new Map<string, { name: string; groups: readonly string[] }>();
  for (const { type, action, id, changed } of await changesSince(0)) {
    if (type !== "location") continue;
    const known = copy.get(id);
    assert.equal(known === undefined, action === "created", id);
    const after = { name: id, groups: known?.groups ?? [] };
    for (const [property, { from, to }] of Object.entries<{ from: unknown; to: never }>(changed)) {
      if (known) assert.deepEqual(from, known[property as "name"]);
      after[property as "name"] = to;
    }
    copy.delete(id);
    if (action !== "deleted") copy.set(after.name, after);
  }
  const { items } = await send("GET", "/v1/locations?limit=1000");
  assert.deepEqual(
    [...copy.values()].sort((one, other) => (one.name.toLowerCase() < other.name.toLowerCase() ? -1 : 1)),
    items.map(({ name, groups }: { name: string; groups: string[] }) => ({ name, groups })),
  );
});
