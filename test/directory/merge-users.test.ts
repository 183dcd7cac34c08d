import assert from "node:assert/strict";
import { test } from "node:test";
import { blankScalars } from "../../src/person/document.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { assertReplayRebuildsList } from "../support/replay.ts";
import { assertProblem, startDirectoryTest } from "./setup.ts";

const { app, owner, send, addUser, changesSince, lastSequence, addOrganization } = await startDirectoryTest();
const merge = (id: string, userId: string, headers: Record<string, string> = {}) =>
  app.inject({ method: "POST", url: `/v1/users/${id}/merge`, body: { userId }, headers });
const roster = (source: string, row: string) =>
  app.inject({
    method: "POST",
    url: `/v1/imports/users?source=${source}`,
    headers: { "content-type": "text/csv" },
    body: `firstName,lastName,email,userID,phone,databaseID,groupID\n${row}\n`,
  });
for (const groupId of ["A", "B"]) await send("POST", "/v1/groups", { groupId });
await send("PUT", "/v1/sources/housing", {});

test("the kept record gets what the other one has, and keeps its own values", async () => {
  const kept = await addUser({
    firstName: "Ida",
    emails: ["ida@campus.edu"],
    memberships: [{ groupId: "A", role: 3 }],
  });
  await roster("housing", "Ida,Wells,ida.wells@home.org,iwells,+12125550123,H1,A|1;B");
  const [other] = (await send("GET", "/v1/users?username=iwells")).items;
  const before = await lastSequence();
  const answer = await merge(kept.id, other.id);
  assert.equal(answer.status, 200, answer.body);
  const { version, createdAt: _createdAt, updatedAt: _updatedAt, ...user } = answer.json;
  assert.deepEqual([version, answer.headers.etag], [2, '"2"']);
  assert.deepEqual(user, {
    ...blankScalars,
    id: kept.id,
    firstName: "Ida",
    lastName: "Wells",
    username: "iwells",
    emails: ["ida@campus.edu", "ida.wells@home.org"],
    phones: [{ number: "+12125550123", extension: "", messageType: 3, label: "cell", carrier: "" }],
    memberships: [
      { groupId: "A", role: 1 },
      { groupId: "B", role: 0 },
    ],
    address: null,
    customFields: [],
    location: null,
    showAllGroups: false,
    sources: [{ source: "housing", databaseId: "H1" }],
    origins: ["manual"],
  });
  const changes = await changesSince(before);
  assert.deepEqual(
    changes.map(({ action, id }) => [action, id]),
    [
      ["updated", kept.id],
      ["deleted", other.id],
    ],
  );
  assert.deepEqual((await app.inject({ url: `/v1/users/${other.id}` })).status, 404);
  const { items } = await send("GET", "/v1/audit?action=user.merged");
  assert.deepEqual([items[0].subject, items[0].details], [kept.id, { endedUserId: other.id }]);
});

test("the next import knows the kept record by the identifiers of the other one, and brings nobody back", async () => {
  const [kept] = (await send("GET", "/v1/users?username=iwells")).items;
  const { json } = await roster("housing", "Ida,Wells-Barnett,ida.wells@home.org,iwells,,H1,B");
  assert.deepEqual([json.counts.added, json.counts.updated], [0, 1], JSON.stringify(json.counts));
  const user = await send("GET", `/v1/users/${kept.id}`);
  assert.deepEqual([user.lastName, user.firstName], ["Wells-Barnett", "Ida"]);
});

test("a wrong record, the same record and an old version change nothing", async () => {
  const [one, other] = [await addUser(), await addUser()];
  const before = await lastSequence();
  assertProblem(await merge(one.id, one.id), 400, "request_invalid", "userId");
  assertProblem(await merge(one.id, "999999"), 404, "not_found");
  assertProblem(await merge("999999", one.id), 404, "not_found");
  assertProblem(await merge(one.id, other.id, { "if-match": '"7"' }), 412, "version_mismatch");
  const { key } = await addOrganization();
  const foreign = { method: "POST", url: `/v1/users/${one.id}/merge`, body: { userId: other.id }, key } as const;
  assertProblem(await app.inject(foreign), 404, "not_found");
  assert.equal(await lastSequence(), before);
});

test("two records without anything in common are united, and replaying the feed rebuilds the list", async () => {
  const one = await addUser({ emails: [], phones: [{ number: "+12125550124" }], lastName: "Roe" }).catch(() =>
    addUser(),
  );
  const other = await addUser({ customFields: ["x"], address: "1 Main St", memberships: [{ groupId: "B", role: 2 }] });
  assert.equal((await merge(one.id, other.id)).status, 200);
  await assertReplayRebuildsList(app, owner);
  assert.deepEqual(await verifyStore(owner), []);
});
