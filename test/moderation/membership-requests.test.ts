import assert from "node:assert/strict";
import { test } from "node:test";
import {
  getRequest,
  listRequests,
  requestMembership,
  withdrawRequest,
} from "../../src/moderation/membership-requests.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { assertProblem } from "../directory/setup.ts";
import { assertReplayRebuildsList } from "../support/replay.ts";
import { startModerationTest } from "./setup.ts";

const { addGroup, addMember, addOrganization, addUser, app, as, ask, changesSince, done, lastSequence, owner, send } =
  await startModerationTest();

await addGroup("OPEN");
await addGroup("CLUB", { privacy: 2 });
await addGroup("HIDDEN", { privacy: 3 });
const person = async () => (await addUser()).id;
const member = (groupId: string, userId: string) =>
  app.inject({ url: `/v1/groups/${groupId}/members/${userId}` }).then(({ json }) => json);

test("a public group accepts every request, at once and by hand", async () => {
  const userId = await person();
  const before = await lastSequence();
  const request = await done(ask("OPEN", userId, { message: " Hello\r\nall " }));
  assert.deepEqual([request.status, request.message, request.version], ["approved", "Hello\nall", 1]);
  const [{ at: _, actor, ...decision }] = request.decisions;
  assert.deepEqual(decision, { outcome: "approved", decidedBy: null, reason: null, cause: "public_group" });
  assert.equal((await member("OPEN", userId)).role, 0);
  const changes = await changesSince(before);
  assert.deepEqual(
    changes.map((change) => [change.type, change.action, change.id, change.actor]),
    [
      ["membershipRequest", "created", request.id, actor],
      ["user", "updated", userId, actor],
    ],
  );
  const { rows } = await owner.query("select claims::text, role_owner from memberships where user_id = $1", [userId]);
  assert.deepEqual(rows, [{ claims: "1", role_owner: 0 }]);
  assertProblem(await ask("OPEN", userId), 409, "conflict");
});

test("in a private group a request waits, and the second one of somebody is refused", async () => {
  const userId = await person();
  const request = await done(ask("CLUB", userId));
  assert.deepEqual([request.status, request.decisions, request.message], ["pending", [], ""]);
  assert.equal((await member("CLUB", userId)).code, "not_found");
  const again = await ask("CLUB", userId);
  assertProblem(again, 409, "conflict");
  assert.match(again.json.detail, /waits/);
  for (const role of [0, 1, 2, 3, 4]) assertProblem(await ask("CLUB", await addMember("CLUB", role)), 409, "conflict");
});

test("of ten requests of one person at once, one waits", async () => {
  const userId = await person();
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask("CLUB", userId)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, ...Array(9).fill(409)]);
});

test("a secret group is to who asks an unknown one, network administrators included; its members belong to it already", async () => {
  const outsider = await person();
  const told = async (groupId: string, userId: string) => {
    const { status, json } = await ask(groupId, userId);
    return { status, ...json, requestId: "" };
  };
  const unknown = await told("NONE", outsider);
  assert.equal(unknown.status, 404);
  assert.deepEqual(await told("HIDDEN", outsider), unknown);
  assert.deepEqual(await told("HIDDEN", await addMember("OPEN", 2)), unknown);
  assert.equal((await told("HIDDEN", await addMember("HIDDEN", 0))).code, "conflict");
});

test("a key names who asks; a person asks for themself alone", async () => {
  const [one, other] = [await person(), await person()];
  const url = "/v1/groups/CLUB/membership-requests";
  for (const body of [{}, { userId: "4711" }, { userId: "x" }]) {
    assertProblem(await app.inject({ method: "POST", url, body }), 400, "request_invalid", "userId");
  }
  await assert.rejects(requestMembership(as(one), "CLUB", { message: "", userId: other }), { code: "forbidden" });
  assert.equal((await requestMembership(as(one), "CLUB", { message: "" })).actor, `user:${one}`);
  assert.equal((await requestMembership(as(other), "CLUB", { message: "", userId: other })).userId, other);
});

test("who decides reads all requests of a group, and everybody their own", async () => {
  await addGroup("READ", { privacy: 2 });
  const asker = await person();
  const { id } = await done(ask("READ", asker));
  const other = (await done(ask("READ", await person()))).id;
  const readers = [
    asker,
    await person(),
    ...(await Promise.all([0, 1, 2, 3, 4].map((role) => addMember("READ", role)))),
  ];
  const found = [];
  for (const userId of readers) {
    const list = await listRequests(as(userId), "READ", "pending", { after: undefined, limit: 10 });
    const one = await getRequest(as(userId), id).catch(({ code }) => code);
    found.push([list.length, typeof one === "string" ? one : one.id === id]);
  }
  const all = [2, true];
  const none = [0, "not_found"];
  assert.deepEqual(found, [[1, true], none, none, all, all, all, none]);
  assert.deepEqual(
    (await send("GET", "/v1/groups/READ/membership-requests?limit=1")).items.map((item: { id: string }) => item.id),
    [other],
    "the newest first",
  );
});

test("who asked takes a request back, once, and may ask again", async () => {
  const asker = await person();
  const { id } = await done(ask("CLUB", asker));
  const full = await addMember("CLUB", 1);
  await assert.rejects(withdrawRequest(as(full), id, {}), { code: "forbidden" });
  await assert.rejects(withdrawRequest(as(await person()), id, {}), { code: "not_found" });
  await assert.rejects(withdrawRequest(as(asker), id, { version: 2 }), { code: "version_mismatch" });
  assert.equal((await withdrawRequest(as(asker), id, { version: 1 })).status, "withdrawn");
  await assert.rejects(withdrawRequest(as(asker), id, {}), { code: "conflict", detail: /has withdrawn it/ });
  const again = await done(ask("CLUB", asker));
  const url = `/v1/membership-requests/${again.id}/withdraw`;
  assert.equal((await done(app.inject({ method: "POST", url }), 200)).status, "withdrawn", "by a key");
  assertProblem(await app.inject({ method: "POST", url }), 409, "conflict");
});

test("no value in any place of a request makes a 500", async () => {
  const userId = await person();
  for (const value of [null, true, 1e308, "", "a\u0000b", "\ud800", "x".repeat(100_000), [], {}, [[]]]) {
    for (const field of ["message", "userId", "nonsense"]) {
      const { status, body } = await ask("CLUB", userId, { [field]: value });
      assert.ok([201, 400, 409].includes(status), `${field} ${JSON.stringify(value)?.slice(0, 40)}: ${status} ${body}`);
    }
  }
  assertProblem(await ask("CLUB", await person(), { message: "x".repeat(1001) }), 400, "request_invalid", "message");
  assert.deepEqual(
    app.log.filter(({ level }) => level === "error"),
    [],
  );
});

/** Reads the outcome of a request. */
const endOf = async (id: string) => {
  const { status, version, decisions } = await send("GET", `/v1/membership-requests/${id}`);
  return [status, version, decisions[0]?.outcome, decisions[0]?.cause];
};
const becameMember = ["settled", 2, "settled", "already_member"];
const wasDeleted = ["settled", 2, "settled", "user_deleted"];

const importRows = async (rows: string, query = "") => {
  const url = `/v1/imports/users${query}`;
  const answer = await app.inject({ method: "POST", url, body: rows, headers: { "content-type": "text/csv" } });
  assert.equal(answer.status, 201, answer.body);
  return answer.json;
};

test("a request is settled when its person becomes a member, whichever way", async () => {
  await addGroup("SETTLE", { privacy: 2 });
  const asked = async () => {
    const { id: userId, firstName, emails } = await addUser();
    return { userId, firstName, email: emails[0] as string, id: (await done(ask("SETTLE", userId))).id as string };
  };
  const [put, many, imported, waits] = [await asked(), await asked(), await asked(), await asked()];
  await send("PUT", `/v1/groups/SETTLE/members/${put.userId}`, { role: 4 });
  assert.deepEqual(await endOf(put.id), becameMember);
  await send("POST", "/v1/groups/SETTLE/members", { add: [{ userId: many.userId }] });
  assert.deepEqual(await endOf(many.id), becameMember);
  const before = await lastSequence();
  const row = `${imported.firstName},B,${imported.email},SETTLE`;
  const { id: importId } = await importRows(`firstName,lastName,email,groupID\n${row}\n`);
  assert.deepEqual(await endOf(imported.id), becameMember);
  const changes = await changesSince(before);
  assert.deepEqual(
    changes.map((change) => [change.type, change.id, change.import_id]),
    [
      ["user", imported.userId, importId],
      ["membershipRequest", imported.id, importId],
    ],
    "after its cause, as the import's",
  );
  assert.deepEqual(await endOf(waits.id), ["pending", 1, undefined, undefined]);
  assert.deepEqual(await verifyStore(owner), []);
});

test("a request is settled when its person is deleted, by hand, by a code or by a roster", async () => {
  await addGroup("LEAVE", { privacy: 2 });
  const user = await addUser();
  const byHand = (await done(ask("LEAVE", user.id))).id;
  await send("DELETE", `/v1/users/${user.id}`);
  assert.deepEqual(await endOf(byHand), wasDeleted);

  const coded = await addUser();
  const byCode = (await done(ask("LEAVE", coded.id))).id;
  await importRows(`firstName,lastName,email,groupID\n${coded.firstName},B,${coded.emails[0]},00000\n`);
  assert.deepEqual(await endOf(byCode), wasDeleted);

  await send("PUT", "/v1/sources/roster", { style: "active-roster" });
  const roster = (rows: string) => importRows(`firstName,email,databaseID,groupID\n${rows}`, "?source=roster");
  await roster("Ann,ann@x.org,D1,OPEN\nBob,bob@x.org,D2,OPEN\n");
  const [{ id: bob }] = (await send("GET", "/v1/users?email=bob@x.org")).items;
  const byRoster = (await done(ask("LEAVE", bob))).id;
  await roster("Ann,ann@x.org,D1,OPEN\n");
  assert.deepEqual(await endOf(byRoster), wasDeleted);
  await assertReplayRebuildsList(app, owner);
});

test("a request is settled when its group is deleted, by hand or by a file, and not when it is emptied", async () => {
  for (const groupId of ["GONE-1", "GONE-2", "GONE-3"]) await addGroup(groupId, { privacy: 2 });
  const [one, two, three] = await Promise.all(
    ["GONE-1", "GONE-2", "GONE-3"].map(async (groupId) => (await done(ask(groupId, await person()))).id as string),
  );
  await send("DELETE", "/v1/groups/GONE-1");
  const file = { body: "action,groupID,name\ndelete,GONE-2,\n", headers: { "content-type": "text/csv" } };
  await done(app.inject({ method: "POST", url: "/v1/imports/groups", ...file }));
  await send("POST", "/v1/groups/GONE-3/purge", {});
  assert.deepEqual(await endOf(one!), ["settled", 2, "settled", "group_deleted"]);
  assert.deepEqual(await endOf(two!), ["settled", 2, "settled", "group_deleted"]);
  assert.deepEqual((await endOf(three!))[0], "pending");
  app.advanceClock(1);
  await addGroup("GONE-1", { privacy: 2 });
  assert.deepEqual((await send("GET", "/v1/groups/GONE-1/membership-requests")).items, []);
  assert.deepEqual(await verifyStore(owner), []);
});

test("a change that concerns nobody who asked settles nothing and writes nothing more", async () => {
  await done(ask("CLUB", await person()));
  const before = await lastSequence();
  await addUser();
  assert.equal(await lastSequence(), before + 1);
});

test("another organization's requests are unknown, and its writers settle none of ours", async () => {
  const { id } = await done(ask("CLUB", await person()));
  const { key } = await addOrganization();
  for (const [method, url] of [
    ["GET", `/v1/membership-requests/${id}`],
    ["POST", `/v1/membership-requests/${id}/withdraw`],
    ["GET", "/v1/groups/CLUB/membership-requests"],
  ] as const) {
    assertProblem(await app.inject({ method, url, key }), 404, "not_found");
  }
  await done(app.inject({ method: "POST", url: "/v1/groups", body: { groupId: "CLUB" }, key }));
  await done(app.inject({ method: "DELETE", url: "/v1/groups/CLUB", key }), 204);
  assert.equal((await endOf(id))[0], "pending");
});
