import assert from "node:assert/strict";
import { test } from "node:test";
import { type DecisionRequest, decide } from "../../src/moderation/decide.ts";
import { assertProblem } from "../directory/setup.ts";
import type { TestAnswer } from "../support/app.ts";
import { assertReplayRebuildsList } from "../support/replay.ts";
import { startModerationTest } from "./setup.ts";

const { addGroup, addMember, addUser, app, as, ask, changesSince, done, lastSequence, owner, send, submit } =
  await startModerationTest();
const approvals = await app.keyWith(["approvals"]);

await addGroup("HOME");
const networkAdministrator = await addMember("HOME", 2);

let groups = 0;
/** A private group with post approval, a member, a topic of theirs and a request of somebody else's that wait. */
async function waiting(publishBefore?: string) {
  groups += 1;
  const groupId = `WAIT-${groups}`;
  await addGroup(groupId, { privacy: 2, postApproval: true, name: `Waiting ${groups}` });
  const author = await addMember(groupId, 0);
  const asker = (await addUser({ firstName: "Jane", lastName: "Doe" })).id;
  const topic = await done(
    submit(groupId, author, { subject: "Tournament", ...(publishBefore ? { publishBefore } : {}) }),
  );
  const request = await done(ask(groupId, asker, { message: "I play\nsince school." }));
  return { groupId, author, asker, topic: topic.id as string, request: request.id as string };
}

let imports = 0;
/** An import that is held, of a source of its own. */
async function heldImport(): Promise<{ id: string; planHash: string }> {
  imports += 1;
  const source = `roster-${imports}`;
  await send("PUT", `/v1/sources/${source}`, { style: "active-roster" });
  const roster = (count: number) => {
    const rows = Array.from({ length: count }, (_, index) => `P${index},p${imports}x${index}@x.org,D${index},HOME`);
    const body = `firstName,email,databaseID,groupID\n${rows.join("\n")}\n`;
    const url = `/v1/imports/users?source=${source}`;
    return app.inject({
      method: "POST",
      url,
      body,
      headers: { "content-type": "text/csv", accept: "application/json" },
    });
  };
  await done(roster(30));
  return done(roster(5), 202);
}

const post = (id: string, action: string, body: object, key = approvals): Promise<TestAnswer> =>
  app.inject({ method: "POST", url: `/v1/pending/${id}/${action}`, body, key });
const kim = { version: 1, decidedBy: "Kim Park" };
const decideAs = (userId: string, id: string, request: Partial<DecisionRequest> = {}) =>
  decide({ ...as(userId), imports: app.dependencies }, id, {
    outcome: "approve",
    isExact: true,
    version: 1,
    ...request,
  });

const queue = async (query = "", key = approvals) => {
  const { status, json, body } = await app.inject({ url: `/v1/pending${query}`, key });
  assert.equal(status, 200, body);
  return json;
};

test("approving publishes a topic and makes who asked a member, in one transaction with its decision", async () => {
  const { groupId, asker, topic, request } = await waiting();
  let before = await lastSequence();
  const published = await done(post(topic, "approve", { ...kim, reason: "Fine" }), 200);
  const { at, actor, ...decision } = published.decision;
  assert.deepEqual(
    { ...published, decision },
    {
      id: topic,
      type: "topic",
      groupId,
      status: "published",
      version: 2,
      decision: { outcome: "approved", decidedBy: "Kim Park", reason: "Fine" },
    },
  );
  const [change, ...others] = await changesSince(before);
  const kept = { ...decision, cause: null, actor, at };
  assert.deepEqual(
    [change.type, change.action, change.id, change.actor, others],
    ["topic", "updated", topic, actor, []],
  );
  assert.deepEqual(change.changed, {
    status: { from: "pending", to: "published" },
    decisions: { from: [], to: [kept] },
  });
  assert.deepEqual((await send("GET", `/v1/topics/${topic}`)).decisions, [kept]);

  before = await lastSequence();
  const approved = await done(post(request, "approve", kim), 200);
  assert.deepEqual([approved.status, approved.type], ["approved", "membership"]);
  assert.equal((await send("GET", `/v1/groups/${groupId}/members/${asker}`)).role, 0);
  assert.deepEqual(
    (await changesSince(before)).map(({ type, id }) => `${type} ${id}`),
    [`membershipRequest ${request}`, `user ${asker}`],
  );
  assert.deepEqual((await queue(`?groupId=${groupId}`)).items, []);
  await assertReplayRebuildsList(app, owner);
});

test("rejecting a topic takes a reason, rejecting a request does not", async () => {
  const { groupId, asker, topic, request } = await waiting();
  for (const reason of [undefined, "", "  "]) {
    assertProblem(await post(topic, "reject", { ...kim, reason }), 400, "request_invalid", "reason");
  }
  const rejected = await done(post(topic, "reject", { ...kim, reason: "No room named" }), 200);
  assert.deepEqual([rejected.status, rejected.decision.reason], ["rejected", "No room named"]);
  assert.equal((await done(post(request, "reject", kim), 200)).status, "rejected");
  assertProblem(await app.inject({ url: `/v1/groups/${groupId}/members/${asker}` }), 404, "not_found");
  await done(ask(groupId, asker));
});

test("a decision names the version and the person; another version is refused", async () => {
  const { topic, request } = await waiting();
  const held = await heldImport();
  assertProblem(await post(topic, "approve", { decidedBy: "Kim" }), 400, "request_invalid", "version");
  assertProblem(
    await post(request, "reject", { planHash: held.planHash, decidedBy: "Kim" }),
    400,
    "request_invalid",
    "version",
  );
  assertProblem(await post(held.id, "approve", { version: 1, decidedBy: "Kim" }), 400, "request_invalid", "planHash");
  assertProblem(await post(topic, "approve", { version: 1 }), 400, "request_invalid", "decidedBy");
  assertProblem(await post(topic, "approve", { version: 1, decidedBy: " " }), 400, "request_invalid", "decidedBy");
  assertProblem(await post(topic, "approve", { version: 2, decidedBy: "Kim" }), 412, "version_mismatch");
  assertProblem(await post(request, "reject", { version: 7, decidedBy: "Kim" }), 412, "version_mismatch");
  const other = { planHash: "0".repeat(64), decidedBy: "Kim" };
  for (const action of ["approve", "reject"]) assertProblem(await post(held.id, action, other), 409, "plan_changed");
  await assert.rejects(decideAs(networkAdministrator, topic, { decidedBy: "Somebody" }), { code: "request_invalid" });
});

test("of two who decide at once one does, and the other is told who and what", async () => {
  for (let round = 0; round < 5; round += 1) {
    const { topic, request, groupId, asker } = await waiting();
    for (const id of [topic, request]) {
      const answers = await Promise.all([
        post(id, "approve", { version: 1, decidedBy: "Kim Park" }),
        post(id, "reject", { version: 1, decidedBy: "Lee Ray", reason: "No" }),
      ]);
      const [won, lost] = answers[0]?.status === 200 ? answers : answers.toReversed();
      assertProblem(lost!, 409, "conflict");
      const { decidedBy, outcome } = won!.json.decision;
      assert.ok(lost!.json.detail.startsWith(`${decidedBy} has decided already: ${outcome} at `), lost!.json.detail);
      const { rowCount } = await owner.query("select from decisions where item_id = $1", [id]);
      assert.equal(rowCount, 1);
    }
    const { status } = await send("GET", `/v1/membership-requests/${request}`);
    const member = await app.inject({ url: `/v1/groups/${groupId}/members/${asker}` });
    assert.equal(member.status === 200, status === "approved");
  }
});

test("a held import needs its plan hash in the same way", async () => {
  const { id, planHash } = await heldImport();
  const answers = await Promise.all([
    post(id, "approve", { planHash, decidedBy: "Kim Park" }),
    post(id, "reject", { planHash, decidedBy: "Lee Ray" }),
  ]);
  const [won, lost] = answers[0]?.status === 200 ? answers : answers.toReversed();
  assert.equal(won?.status, 200, won?.body);
  assertProblem(lost!, 409, "conflict");
  assert.match(lost!.json.detail, new RegExp(`^${won!.json.decision.decidedBy} has decided already`));
  assert.ok(["applied", "discarded"].includes(won!.json.status));
  assert.equal((await send("GET", `/v1/imports/${id}`)).status, won!.json.status);
});

test("a held import is applied or discarded from the queue, and not by who may import", async () => {
  const [one, other] = [await heldImport(), await heldImport()];
  const importer = await app.keyWith(["approvals", "import"]);
  for (const key of [importer, app.key]) {
    assertProblem(await post(one.id, "approve", { planHash: one.planHash, decidedBy: "Kim" }, key), 403, "forbidden");
  }
  const applied = await done(post(one.id, "approve", { planHash: one.planHash, decidedBy: "Kim Park" }), 200);
  assert.deepEqual([applied.type, applied.status, applied.decision.outcome], ["import", "applied", "approved"]);
  const rejected = await done(post(other.id, "reject", { planHash: other.planHash, decidedBy: "Kim" }, importer), 200);
  assert.deepEqual([rejected.status, rejected.decision.outcome], ["discarded", "rejected"]);
});

test("people decide in their own name where their role lets them, and elsewhere not", async () => {
  const decided: unknown[] = [];
  for (const role of [0, 1, 2, 3, 4]) {
    const { groupId, topic, request } = await waiting();
    const userId = await addMember(groupId, role);
    for (const id of [topic, request]) {
      const answer = await decideAs(userId, id).catch(({ code }) => code);
      decided.push(typeof answer === "string" ? answer : answer.status);
      if (typeof answer !== "string") assert.match(String(answer.decision.decidedBy), /^First\d+$/);
    }
  }
  const approved = ["published", "approved"];
  const hidden = ["not_found", "not_found"];
  assert.deepEqual(decided, [...hidden, ...approved, ...approved, ...approved, ...hidden]);
  const { author, asker, topic, request } = await waiting();
  await assert.rejects(decideAs(author, topic), { code: "forbidden" });
  await assert.rejects(decideAs(asker, request), { code: "forbidden" });
  const elsewhere = await addMember("HOME", 1);
  await assert.rejects(decideAs(elsewhere, topic), { code: "not_found" });
  const { id, planHash } = await heldImport();
  await assert.rejects(decideAs(elsewhere, id, { planHash }), { code: "not_found" });
  assert.equal((await decideAs(networkAdministrator, id, { planHash })).status, "applied");
});

test("a topic whose date has passed is not published: it is expired, and says so", async () => {
  const soon = new Date(app.dependencies.clock().getTime() + 1000).toISOString();
  const { topic } = await waiting(soon);
  app.advanceClock(1000);
  const answer = await post(topic, "approve", kim);
  assertProblem(answer, 409, "conflict");
  assert.match(answer.json.detail, /has passed: it is expired now, and not published/);
  const { status, decisions } = await send("GET", `/v1/topics/${topic}`);
  assert.deepEqual([status, decisions.length, decisions[0].outcome], ["expired", 1, "expired"]);
  assert.match((await post(topic, "approve", kim)).json.detail, /expired at .*, because its publishBefore passed/);
});

test("what was settled or withdrawn is not decided about, and the answer says why", async () => {
  const { groupId, author, asker, topic, request } = await waiting();
  await send("PUT", `/v1/groups/${groupId}/members/${asker}`, { role: 1 });
  assert.match(
    (await post(request, "approve", kim)).json.detail,
    /settled at .*, because the person has become a member/,
  );
  assert.equal((await send("GET", `/v1/groups/${groupId}/members/${asker}`)).role, 1);
  await done(app.inject({ method: "POST", url: `/v1/topics/${topic}/withdraw` }), 200);
  assertProblem(await post(topic, "approve", kim), 409, "conflict");
  const second = await done(submit(groupId, author));
  await send("DELETE", `/v1/users/${author}`);
  assert.match((await post(second.id, "approve", kim)).json.detail, /because its author was deleted/);
});

test("many decisions at once are answered one by one", async () => {
  const [one, two] = [await waiting(), await waiting()];
  const held = await heldImport();
  const unknown = "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a";
  const item = (id: string, action: string, fields = {}) => ({ id, action, ...kim, ...fields });
  const body = {
    items: [
      item(one.topic, "approve"),
      item(one.request, "reject"),
      item(two.topic, "reject"),
      item(one.topic, "reject", { reason: "No" }),
      item(unknown, "approve"),
      item(two.request, "approve", { version: 9 }),
      item(held.id, "reject", { planHash: held.planHash }),
      item(two.request, "approve"),
    ],
  };
  const answer = await done(app.inject({ method: "POST", url: "/v1/pending/decisions", body, key: approvals }), 200);
  const told = answer.items.map(
    ({ status, decided, problem }: { status: number; decided: { status: string }; problem: { code: string } }) =>
      `${status} ${decided?.status ?? problem.code}`,
  );
  assert.deepEqual(told, [
    "200 published",
    "200 rejected",
    "400 request_invalid",
    "409 conflict",
    "404 not_found",
    "412 version_mismatch",
    "200 discarded",
    "200 approved",
  ]);
  assert.equal(answer.items[3].id, one.topic);
  const many = { items: Array.from({ length: 101 }, () => item(unknown, "approve")) };
  assertProblem(
    await app.inject({ method: "POST", url: "/v1/pending/decisions", body: many, key: approvals }),
    400,
    "request_invalid",
  );
});

test("a repeated decision under its Idempotency-Key gets the first answer", async () => {
  const { topic } = await waiting();
  const request = {
    url: `/v1/pending/${topic}/approve`,
    body: kim,
    key: approvals,
    headers: { "idempotency-key": "d1" },
  };
  const [first, second] = [
    await app.inject({ method: "POST", ...request }),
    await app.inject({ method: "POST", ...request }),
  ];
  assert.deepEqual([first.status, second.status, second.body], [200, 200, first.body]);
});
