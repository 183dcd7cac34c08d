/** The queue of what waits, and decisions about it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { listPending } from "../../src/moderation/pending.ts";
import type { Service } from "../../src/organizations/services.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { assertProblem } from "../directory/setup.ts";
import type { TestAnswer } from "../support/app.ts";
import { signIn } from "../support/sign-in.ts";
import { startModerationTest } from "./setup.ts";

const { addGroup, addMember, addOrganization, addUser, app, as, ask, done, owner, send, submit } =
  await startModerationTest();
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
      id: topic,
      type: "topic",
      ...shared,
      summary: "Tournament",
      text: "Body",
      ...decides,
      requestedBy: { userId: author, name },
    },
    {
      id: request,
      type: "membership",
      ...shared,
      ...decides,
      summary: `Jane Doe asks to join Waiting ${groups}: I play since school.`,
      text: "I play\nsince school.",
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
