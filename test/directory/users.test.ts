import assert from "node:assert/strict";
import { test } from "node:test";
import { assertReplayRebuildsList } from "../support/replay.ts";
import { assertProblem, startDirectoryTest } from "./setup.ts";

const { app, owner, send, addUser, changesSince, lastSequence } = await startDirectoryTest();
await send("POST", "/v1/groups", { groupId: "G1" });
await send("POST", "/v1/groups", { groupId: "G2" });
await send("POST", "/v1/locations", { name: "Main Campus" });

const patch = (id: string, body: object, headers: Record<string, string> = {}) =>
  app.inject({ method: "PATCH", url: `/v1/users/${id}`, body, headers });

test("a patch changes what it names, counts the version up and is one change", async () => {
  const user = await addUser({ lastName: "Doe", username: "patched", phones: [{ number: "+12125550100" }] });
  const before = await lastSequence();
  app.advanceClock(1000);
  const answer = await patch(user.id, {
    lastName: "Roe",
    username: null,
    emails: ["new@campus.edu", user.emails[0]],
    address: "1 Main St|Springfield|IL|US|62701",
    showAllGroups: true,
  });
  assert.equal(answer.status, 200, answer.body);
  assert.equal(answer.headers.etag, '"2"');
  const address = { street: "1 Main St", city: "Springfield", state: "IL", country: "US", zip: "62701" };
  const emails = ["new@campus.edu", user.emails[0]];
  assert.deepEqual(answer.json, {
    ...user,
    version: 2,
    lastName: "Roe",
    username: null,
    emails,
    address,
    showAllGroups: true,
    updatedAt: answer.json.updatedAt,
  });
  assert.equal(Date.parse(answer.json.updatedAt) - Date.parse(user.updatedAt), 1000);
  const [change, ...more] = await changesSince(before);
  assert.deepEqual(more, []);
  assert.deepEqual([change.action, change.id, change.username, change.memberships], ["updated", user.id, null, []]);
  assert.deepEqual(change.changed, {
    lastName: { from: "Doe", to: "Roe" },
    username: { from: "patched", to: null },
    emails: { from: user.emails, to: emails },
    address: { from: null, to: address },
    showAllGroups: { from: false, to: true },
  });
});

test("a patch that changes nothing writes nothing and keeps the version", async () => {
  const user = await addUser({
    lastName: "Doe",
    username: "Same",
    emails: ["primary@campus.edu", "b@x.org", "a@x.org"],
    phones: [{ number: "212 555 0123" }],
    address: { text: "somewhere" },
    customFields: ["a"],
    location: "Main Campus",
  });
  const before = await lastSequence();
  const { rows: stored } = await owner.query("select xmin, * from users where id = $1", [user.id]);
  for (const body of [
    {},
    { firstName: user.firstName, lastName: "Doe ", username: "Same", showAllGroups: null },
    { emails: ["primary@campus.edu", "a@x.org", "b@x.org"], phones: [{ number: "+12125550123" }] },
    { address: {}, customFields: ["a", ""], location: "MAIN campus" },
    { address: { text: "somewhere", city: null } },
  ]) {
    const answer = await patch(user.id, body);
    assert.equal(answer.status, 200, answer.body);
    assert.deepEqual(answer.json, user);
    assert.equal(answer.headers.etag, '"1"');
  }
  assert.equal(await lastSequence(), before);
  assert.deepEqual((await owner.query("select xmin, * from users where id = $1", [user.id])).rows, stored);
});

test("null takes values away, and an address is merged part by part", async () => {
  const user = await addUser({
    lastName: "Doe",
    phones: [{ number: "212 555 0123" }],
    address: { street: "1 Main St", zip: "62701" },
    customFields: ["a"],
    location: "Main Campus",
    showAllGroups: true,
  });
  const merged = await patch(user.id, { address: { city: "Springfield", zip: null } });
  assert.deepEqual(merged.json.address, { street: "1 Main St", city: "Springfield", state: "", country: "", zip: "" });
  assertProblem(await patch(user.id, { address: { text: "elsewhere" } }), 400, "request_invalid", "address");
  const blank = await patch(user.id, {
    lastName: null,
    phones: null,
    address: null,
    customFields: null,
    location: null,
    showAllGroups: null,
  });
  assert.deepEqual(replaceTimes(blank.json), {
    ...replaceTimes(user),
    version: 3,
    lastName: "",
    phones: [],
    address: null,
    customFields: [],
    location: null,
    showAllGroups: false,
  });
});

const replaceTimes = (user: object) => ({ ...user, createdAt: "", updatedAt: "" });

test("merge patches may be sent as application/merge-patch+json", async () => {
  const user = await addUser();
  const headers = { "content-type": "application/merge-patch+json" };
  const answer = await app.inject({
    method: "PATCH",
    url: `/v1/users/${user.id}`,
    headers,
    body: JSON.stringify({ lastName: "Merged" }),
  });
  assert.equal(answer.status, 200, answer.body);
  assert.equal(answer.json.lastName, "Merged");
  const post = await app.inject({ method: "POST", url: "/v1/users", headers, body: "{}" });
  assertProblem(post, 415, "media_type_unsupported");
});

test("a write with an old If-Match is refused and changes nothing", async () => {
  const user = await addUser();
  assert.equal((await patch(user.id, { lastName: "A" }, { "if-match": '"1"' })).status, 200);
  const before = await lastSequence();
  assertProblem(await patch(user.id, { lastName: "B" }, { "if-match": '"1"' }), 412, "version_mismatch");
  assertProblem(await patch(user.id, {}, { "if-match": '"1"' }), 412, "version_mismatch");
  const deletion = { method: "DELETE", url: `/v1/users/${user.id}` } as const;
  assertProblem(await app.inject({ ...deletion, headers: { "if-match": '"1"' } }), 412, "version_mismatch");
  assert.equal(await lastSequence(), before);
  assert.equal((await app.inject({ ...deletion, headers: { "if-match": '"2"' } })).status, 204);
});

test("exactly one of two patches that race for one version wins", async () => {
  const user = await addUser();
  const race = ["A", "B"].map((lastName) => patch(user.id, { lastName }, { "if-match": '"1"' }));
  const answers = await Promise.all(race);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412]);
  const stored = await send("GET", `/v1/users/${user.id}`);
  assert.equal(stored.version, 2);
  assert.equal(stored.lastName, answers[0]?.status === 200 ? "A" : "B");
});

test("a username that somebody else has, in whatever case, is a conflict that says whose it is", async () => {
  const holder = await addUser({ username: "Taken" });
  const other = await addUser();
  const body = { firstName: "X", emails: ["x@x.org"], username: "tAKEN" };
  for (const answer of [
    await patch(other.id, { username: "TAKEN", lastName: "X" }),
    await app.inject({ method: "POST", url: "/v1/users", body }),
  ]) {
    assertProblem(answer, 409, "conflict", "username");
    assert.match(answer.json.detail, new RegExp(`user ${holder.id}\\b`));
  }
  assert.deepEqual(await send("GET", `/v1/users/${other.id}`), other);
  assert.equal((await patch(holder.id, { username: "TAKEN" })).json.username, "TAKEN");
  await send("DELETE", `/v1/users/${holder.id}`);
  assert.equal((await patch(other.id, { username: "taken" })).status, 200);
});

test("unknown or unreadable values are refused, each by name", async () => {
  const before = await lastSequence();
  const answer = await app.inject({
    method: "POST",
    url: "/v1/users",
    body: {
      firstName: "X",
      emails: ["a@x.org", "nonsense"],
      phones: [{ number: "123" }, { number: "0000000000" }],
      location: "Nowhere",
      address: "a|b|c|d|e|f",
      memberships: [{ groupId: "G1" }, { groupId: "none" }, { groupId: "G1" }],
    },
  });
  assertProblem(answer, 400, "request_invalid");
  assert.deepEqual(
    answer.json.errors.map(({ field }: { field: string }) => field),
    [
      "emails.1",
      "phones.0.number",
      "phones.1.number",
      "address",
      "location",
      "memberships.1.groupId",
      "memberships.2.groupId",
    ],
  );
  assert.equal(await lastSequence(), before);
});

test("numbers without a country are read as the organization's", async (t) => {
  await owner.query(`update organizations set settings = '{"countryCode": "49", "requireGroup": false}'`);
  t.after(() => owner.query(`update organizations set settings = '{"requireGroup": false}'`));
  const user = await addUser({ phones: [{ number: "030 901820" }] });
  assert.equal(user.phones[0]?.number, "+4930901820");
});

test("a deleted person is gone, is told by one change, and the id is never given out again", async () => {
  const user = await addUser({ username: "gone", memberships: [{ groupId: "G1", role: 2 }] });
  const before = await lastSequence();
  const answer = await app.inject({ method: "DELETE", url: `/v1/users/${user.id}` });
  assert.deepEqual([answer.status, answer.body], [204, ""]);
  for (const method of ["GET", "DELETE", "PATCH"] as const) {
    const again = await app.inject({
      method,
      url: `/v1/users/${user.id}`,
      ...(method === "PATCH" ? { body: {} } : {}),
    });
    assertProblem(again, 404, "not_found");
  }
  const [change, ...more] = await changesSince(before);
  assert.deepEqual(more, []);
  assert.deepEqual([change.action, change.id, change.username], ["deleted", user.id, "gone"]);
  assert.deepEqual(change.changed, {
    firstName: { from: user.firstName, to: null },
    username: { from: "gone", to: null },
    emails: { from: user.emails, to: null },
    origins: { from: ["manual"], to: null },
  });
  assert.deepEqual(change.memberships, [{ groupId: "G1", role: { from: 2, to: null } }]);
  const next = await addUser();
  assert.ok(Number(next.id) > Number(user.id));
});

test("following the change log from its start rebuilds exactly what is listed", async () => {
  const user = await addUser({ memberships: [{ groupId: "G2", role: 1 }], phones: [{ number: "212 555 0199" }] });
  await patch(user.id, { phones: [{ number: "212 555 0199", label: "work" }, { number: "212 555 0100" }] });
  await assertReplayRebuildsList(app, owner);
});
