/** People over HTTP, by sessions and by tokens: topics, requests to join, and the queue of what waits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { verifyStore } from "../../src/store/verify.ts";
import { type Answer, kinds, outcomeOf, type Person, startPeopleTest, topic } from "./people.ts";

const { add, addGroup, addPerson, app, owner, send } = await startPeopleTest();

let imports = 0;
/** An import that is held, sent by whom one likes. */
async function heldImport(sender?: Person): Promise<{ id: string; planHash: string }> {
  imports += 1;
  const source = `roster-${imports}`;
  await send("PUT", `/v1/sources/${source}`, { style: "active-roster" });
  const url = `/v1/imports/users?source=${source}`;
  const users = Array.from({ length: 30 }, (_, index) => ({
    firstName: `P${index}`,
    email: `p${imports}x${index}@x.org`,
    databaseID: `D${index}`,
    groupID: "OPEN",
  }));
  await send("POST", url, { users });
  const few = { users: users.slice(0, 5) };
  const held = sender === undefined ? await send("POST", url, few) : (await sender.post(url, few)).json;
  assert.equal(held.status, "held");
  return held;
}

let groups = 0;
/** A private group with post approval, a topic of a member's and a request of an outsider's that wait. */
async function waiting() {
  groups += 1;
  const groupId = `WAIT-${groups}`;
  await addGroup(groupId, { privacy: 2, postApproval: true });
  const [author, asker] = [await addPerson(groupId, 0), await addPerson()];
  const submitted = await author.post(`/v1/groups/${groupId}/topics`, topic);
  const asked = await asker.post(`/v1/groups/${groupId}/membership-requests`, { message: "Please" });
  assert.deepEqual([outcomeOf(submitted), outcomeOf(asked)], ["pending", "pending"]);
  return { groupId, author, asker, topic: submitted.json.id as string, membership: asked.json.id as string };
}

type Type = "topic" | "membership" | "import";
/** An item, as somebody knows it who may not read it. */
interface Known {
  readonly type: Type;
  readonly id: string;
  readonly planHash?: string;
}

/** Does one of the actions of the queue. */
function act(person: Person, action: string, { type, id, planHash }: Known): Promise<Answer> {
  if (action === "withdraw") {
    return person.post(`/v1/${type === "topic" ? "topics" : "membership-requests"}/${id}/withdraw`, { version: 1 });
  }
  const what = type === "import" ? { planHash } : { version: 1 };
  return person.post(`/v1/pending/${id}/${action}`, { ...what, reason: "Because" });
}

const actionsOf: Readonly<Record<Type, readonly string[]>> = {
  topic: ["approve", "reject", "withdraw"],
  membership: ["approve", "reject", "withdraw"],
  import: ["approve", "reject"],
};

const decides = ["approve", "reject"];
const all = [...decides, "withdraw"];
/** The actions that each kind may take on the topic, the request and the held import. */
const queue: Readonly<Record<string, Readonly<Record<Type, readonly string[]>>>> = {
  author: { topic: ["withdraw"], membership: [], import: [] },
  asker: { topic: [], membership: ["withdraw"], import: [] },
  outsider: { topic: [], membership: [], import: [] },
  "role 0": { topic: [], membership: [], import: [] },
  "role 1": { topic: all, membership: decides, import: [] },
  "role 2": { topic: all, membership: decides, import: decides },
  "role 3": { topic: decides, membership: decides, import: [] },
  "role 4": { topic: [], membership: [], import: [] },
  "network administrator of another group": { topic: all, membership: decides, import: decides },
};

/** Somebody of a line of the table, where something waits. */
async function readerOf(name: string, { groupId, author, asker }: Awaited<ReturnType<typeof waiting>>) {
  if (name === "author") return author;
  if (name === "asker") return asker;
  return add(groupId, kinds.find(([kind]) => kind === name)!);
}

for (const [name, expected] of Object.entries(queue)) {
  test(`the queue of ${name}: what is listed, the counts, and exactly the actions told succeed`, async () => {
    const shared = await waiting();
    const held = await heldImport();
    const reader = await readerOf(name, shared);
    const items: readonly Known[] = [
      ...(["topic", "membership"] as const).map((type) => ({ type, id: shared[type] })),
      { type: "import", ...held },
    ];
    const { json, status } = await reader.get("/v1/pending?limit=1000");
    assert.equal(status, 200);
    for (const { type, id } of items) {
      const listed = json.items.find((item: { id: string }) => item.id === id);
      assert.deepEqual(listed?.actions ?? [], expected[type], type);
      const count = json.items.filter((item: { type: Type }) => item.type === type).length;
      assert.equal(json.counts[type], count, `${type}: the count is the number of listed items`);
      const seesAll = name.includes("network") || name === "role 2";
      if (!seesAll) assert.equal(count, expected[type].length > 0 ? 1 : 0, `${type}: nothing else is listed`);
    }

    for (const item of items) {
      for (const action of actionsOf[item.type].filter((one) => !expected[item.type].includes(one))) {
        const refused = await act(reader, action, item);
        const what = `${action} ${item.type}: ${refused.status} ${refused.json.detail}`;
        assert(["forbidden", "not_found"].includes(refused.json.code), what);
      }
    }
    const untouched = await app.inject({ url: "/v1/pending?limit=1000" });
    const left = untouched.json.items.map(({ id }: { id: string }) => id);
    for (const { id, type } of items) assert(left.includes(id), `${type}: what is refused changes nothing`);

    for (const { type } of items) {
      for (const action of expected[type]) {
        const fresh = await waiting();
        const one = await readerOf(name, fresh);
        const item: Known = type === "import" ? { type, ...(await heldImport()) } : { type, id: fresh[type] };
        const taken = await act(one, action, item);
        assert.equal(taken.status, 200, `${action} ${type}: ${taken.json.detail}`);
        const decision = taken.json.decision ?? taken.json.decisions[0];
        assert.equal(decision.actor, `user:${one.id}`);
        assert.match(decision.decidedBy, /^First\d+ Last\d+$/);
        assert.equal((await act(one, action, item)).json.code, "conflict", "it is taken once");
      }
    }
  });
}

test("an import in the queue is approved by another network administrator than the one who sent it", async () => {
  const [sender, other] = [await addPerson("ADMIN", 2), await addPerson("ADMIN", 2)];
  const { id, planHash } = await heldImport(sender);
  const actionsFor = async (person: Person) =>
    (await person.get("/v1/pending?type=import&limit=1000")).json.items.find((item: Known) => item.id === id).actions;
  assert.deepEqual([await actionsFor(sender), await actionsFor(other)], [["reject"], decides]);
  const item: Known = { type: "import", id, planHash };
  assert.equal((await act(sender, "approve", item)).json.code, "forbidden");
  const bulk = await sender.post("/v1/pending/decisions", { items: [{ id, action: "approve", planHash }] });
  assert.equal(bulk.json.items[0].problem.code, "forbidden", "nor among many");
  const wrong = await act(other, "approve", { ...item, planHash: "0".repeat(64) });
  assert.deepEqual([wrong.status, wrong.json.code], [409, "plan_changed"]);
  const approved = await act(other, "approve", item);
  assert.deepEqual([approved.status, approved.json.status], [200, "applied"]);
});

test("of many decisions each is answered by itself: those in one's own groups are taken, the others are not", async () => {
  const [own, foreign] = [await waiting(), await waiting()];
  const held = await heldImport();
  const person = await addPerson(own.groupId, 3);
  const { status, json } = await person.post("/v1/pending/decisions", {
    items: [
      { id: own.topic, action: "approve", version: 1 },
      { id: own.topic, action: "reject", version: 1, reason: "Too late" },
      { id: own.membership, action: "reject", version: 1, decidedBy: "Kim Park" },
      { id: own.membership, action: "reject", version: 7 },
      { id: own.membership, action: "reject", version: 1 },
      { id: foreign.topic, action: "approve", version: 1 },
      { id: foreign.membership, action: "approve", version: 1 },
      { id: held.id, action: "reject", planHash: held.planHash },
    ],
  });
  assert.equal(status, 200);
  assert.deepEqual(
    json.items.map((item: { status: number; decided?: { status: string }; problem?: { code: string } }) =>
      item.decided ? `${item.status} ${item.decided.status}` : `${item.status} ${item.problem?.code}`,
    ),
    [
      "200 published",
      "409 conflict",
      "400 request_invalid",
      "412 version_mismatch",
      "200 rejected",
      "404 not_found",
      "404 not_found",
      "404 not_found",
    ],
  );
  assert.match(json.items[1].problem.detail, /^First\d+ Last\d+ has decided already: approved at /);
  assert.equal((await foreign.author.get(`/v1/topics/${foreign.topic}`)).json.status, "pending");
});

test("of two administrators who decide at the same moment one does, and the other is told who and what", async () => {
  for (const type of ["topic", "membership"] as const) {
    for (let round = 1; round <= 5; round += 1) {
      const where = await waiting();
      const [one, other] = [await addPerson(where.groupId, 1), await addPerson(where.groupId, 3)];
      const item: Known = { type, id: where[type] };
      const answers = await Promise.all([act(one, "approve", item), act(other, "reject", item)]);
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
      const winner = answers.find(({ status }) => status === 200)!.json;
      const loser = answers.find(({ status }) => status === 409)!.json;
      const { decidedBy, outcome, at } = winner.decision;
      assert.equal(loser.detail, `${decidedBy} has decided already: ${outcome} at ${at}.`);
      const path = type === "topic" ? "topics" : "membership-requests";
      const { decisions, status } = await send("GET", `/v1/${path}/${item.id}`);
      assert.deepEqual([decisions.length, decisions[0].decidedBy, status], [1, decidedBy, winner.status]);
    }
  }
});

test("after all of it nothing is left that breaks a rule of the stored state", async () => {
  assert.deepEqual(await verifyStore(owner), []);
});
