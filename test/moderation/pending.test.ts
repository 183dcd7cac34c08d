/** The queue of what waits, and decisions about it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type DecisionRequest, decide } from "../../src/moderation/decide.ts";
import { listPending } from "../../src/moderation/pending.ts";
import type { Service } from "../../src/organizations/services.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { assertProblem } from "../directory/setup.ts";
import type { TestAnswer } from "../support/app.ts";
import { assertReplayRebuildsList } from "../support/replay.ts";
import { signIn } from "../support/sign-in.ts";
import { startModerationTest } from "./setup.ts";

const {
  addGroup,
  addMember,
  addOrganization,
  addUser,
  app,
  as,
  ask,
  changesSince,
  done,
  lastSequence,
  owner,
  send,
  submit,
} = await startModerationTest();
const approvals = await app.keyWith(["approvals"]);

await addGroup("HOME");
const networkAdministrator = await addMember("HOME", 2);
const person = async () => (await addUser()).id;

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
const queueOf = (userId: string, filter = {}) => listPending(as(userId), filter, { after: undefined, limit: 1000 });

test("the queue tells what waits, the oldest first, with age, summary, who asked and what the caller may do", async () => {
  const { groupId, author, asker, topic, request } = await waiting();
  app.advanceClock(90_500);
  const { items, counts, nextCursor } = await queue(`?groupId=${groupId}`);
  const shared = { groupId, groupName: `Waiting ${groups}`, version: 1, planHash: null, age: 90 };
  const decides = { actions: ["approve", "reject"], createdAt: items[0].createdAt };
  const { name } = items[0].requestedBy;
  assert.match(name, /^First\d+$/);
  assert.deepEqual(items, [
    {
      ...{ id: topic, type: "topic", ...shared, summary: "Tournament", ...decides },
      requestedBy: { userId: author, name },
    },
    {
      ...{ id: request, type: "membership", ...shared, ...decides },
      summary: `Jane Doe asks to join Waiting ${groups}: I play since school.`,
      requestedBy: { userId: asker, name: "Jane Doe" },
    },
  ]);
  assert.deepEqual([counts, nextCursor], [{ topic: 1, membership: 1, import: 0 }, null]);
  const filtered = await queue(`?groupId=${groupId}&type=membership`);
  assert.deepEqual([filtered.items.length, filtered.counts], [1, counts], "counts are of all types");
});

test("the queue goes page by page over all types, each item once", async () => {
  await waiting();
  const held = await heldImport();
  const all = (await queue("?limit=1000")).items.map(({ id }: { id: string }) => id);
  const found: string[] = [];
  let cursor = "";
  do {
    const page = await queue(`?limit=2${cursor}`);
    found.push(...page.items.map(({ id }: { id: string }) => id));
    cursor = page.nextCursor === null ? "" : `&cursor=${page.nextCursor}`;
  } while (cursor !== "");
  assert.deepEqual(found, all);
  assert.ok(found.length >= 5 && new Set(found).size === found.length);
  const item = (await queue("?type=import")).items.find(({ id }: { id: string }) => id === held.id);
  assert.deepEqual([item.planHash, item.version, item.groupId], [held.planHash, null, null]);
  assert.match(item.summary, /^HELD/);
  assert.match(item.requestedBy.name, /^api-key:/);
});

test("people see what they decide about and what they asked for; held imports are for network administrators", async () => {
  const { groupId, author, asker, topic, request } = await waiting();
  const held = await heldImport();
  const readers = [author, asker, await person()];
  for (const role of [0, 1, 3, 4]) readers.push(await addMember(groupId, role));
  const seen = await Promise.all(
    [...readers, networkAdministrator].map(async (userId) => {
      const { items } = await queueOf(userId);
      const of = (id: string) => items.find((item) => item.id === id)?.actions.join(" ") ?? "-";
      return [of(topic), of(request), of(held.id)];
    }),
  );
  const decides = "approve reject";
  const all = "approve reject withdraw";
  assert.deepEqual(seen, [
    ["withdraw", "-", "-"],
    ["-", "withdraw", "-"],
    ["-", "-", "-"],
    ["-", "-", "-"],
    [all, decides, "-"],
    [decides, decides, "-"],
    ["-", "-", "-"],
    [all, decides, decides],
  ]);
  assert.deepEqual((await queueOf(author)).counts, { topic: 1, membership: 0, import: 0 });
});

test("the actions of keys are those that their services open", async () => {
  const { groupId } = await waiting();
  await heldImport();
  const cells = async (...services: Service[]) => {
    const { items } = await queue("", await app.keyWith(services, { name: `key ${services}` }));
    const of = (type: string) => items.findLast((item: { type: string }) => item.type === type).actions.join(" ");
    return [of("topic"), of("membership"), of("import")];
  };
  const decides = "approve reject";
  assert.deepEqual(await cells("retrieve"), ["", "", ""]);
  assert.deepEqual(await cells("groups"), ["withdraw", "withdraw", ""]);
  assert.deepEqual(await cells("approvals"), [decides, decides, decides]);
  assert.deepEqual(await cells("approvals", "import"), [decides, decides, "reject"]);
  assert.ok((await queue(`?groupId=${groupId}`)).items.length === 2);
});

test("approving publishes a topic and makes who asked a member, in one transaction with its decision", async () => {
  const { groupId, asker, topic, request } = await waiting();
  let before = await lastSequence();
  const published = await done(post(topic, "approve", { ...kim, reason: "Fine" }), 200);
  const { at, actor, ...decision } = published.decision;
  assert.deepEqual(
    { ...published, decision },
    {
      ...{ id: topic, type: "topic", groupId, status: "published", version: 2 },
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

test("the same of a held import", async () => {
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

test("who may not see an item learns neither that there is one nor of what type, whatever they leave out", async () => {
  const { topic, request } = await waiting();
  const held = await heldImport();
  const nobody = "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a";
  const outsider = await signIn(app, await person());
  for (const body of [{}, { version: 1 }, { version: 2 }, { planHash: "0".repeat(64) }]) {
    const answers: unknown[][] = [];
    for (const id of [nobody, topic, request, held.id]) {
      const url = `/v1/pending/${id}/approve`;
      const { status, json } = await app.inject({ method: "POST", url, key: null, headers: outsider, body });
      const { requestId: _, ...problem } = json;
      answers.push([status, problem]);
    }
    assert.deepEqual(
      answers,
      answers.map(() => answers[0]),
    );
    assert.equal(answers[0]![0], 404);
  }
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
    ...["200 published", "200 rejected", "400 request_invalid", "409 conflict", "404 not_found"],
    ...["412 version_mismatch", "200 discarded", "200 approved"],
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

test("no value in any place of a decision makes a 500", async () => {
  const { topic } = await waiting();
  for (const value of [null, true, -1, 1e308, "", "a\u0000b", "\ud800", "x".repeat(100_000), [], {}]) {
    for (const field of ["version", "planHash", "decidedBy", "reason", "nonsense"]) {
      const { status, body } = await post(topic, "reject", { ...kim, [field]: value });
      assert.ok([400, 412].includes(status), `${field} ${JSON.stringify(value)?.slice(0, 40)}: ${status} ${body}`);
    }
    const many = await app.inject({
      method: "POST",
      url: "/v1/pending/decisions",
      body: { items: value },
      key: approvals,
    });
    assert.equal(many.status, 400);
  }
  for (const query of ["type=x", "groupId=", "cursor=x", "limit=0", "nonsense=1"]) {
    assertProblem(await app.inject({ url: `/v1/pending?${query}`, key: approvals }), 400, "request_invalid");
  }
  assert.deepEqual(
    app.log.filter(({ level }) => level === "error"),
    [],
  );
});

test("another organization's queue is empty, and its keys decide about nothing of ours", async () => {
  const { topic, request } = await waiting();
  const held = await heldImport();
  const other = await addOrganization();
  assert.deepEqual((await queue("", other.key)).items, []);
  for (const id of [topic, request, held.id]) {
    const answer = await post(id, "reject", { ...kim, planHash: held.planHash, reason: "x" }, other.key);
    const none = await post("0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a", "reject", { ...kim, reason: "x" }, other.key);
    assert.deepEqual({ ...answer.json, requestId: "" }, { ...none.json, requestId: "" });
    assertProblem(answer, 404, "not_found");
  }
});

test("each decision is in the audit log, with who used which key, without the person's name and reason", async () => {
  const { topic, request } = await waiting();
  await done(post(topic, "reject", { ...kim, reason: "Not on topic." }), 200);
  await done(post(request, "approve", kim), 200);
  const { items } = await send("GET", "/v1/audit?actor=api-key:approvals&limit=2");
  assert.deepEqual(
    items.map(({ action, subject, details }: Record<string, unknown>) => [action, subject, details]),
    [
      ["membership_request.approved", request, {}],
      ["topic.rejected", topic, {}],
    ],
  );
});

test("all the while no rule of the store was broken", async () => {
  assert.deepEqual(await verifyStore(owner), []);
});
