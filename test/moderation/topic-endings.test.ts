import assert from "node:assert/strict";
import { test } from "node:test";
import { expireEverywhere } from "../../src/moderation/expire-topics.ts";
import { getTopic, withdrawTopic } from "../../src/moderation/topics.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { assertProblem } from "../directory/setup.ts";
import { startModerationTest } from "./setup.ts";

const { app, owner, send, addUser, addMember, addGroup, submit, done, as, changesSince, lastSequence } =
  await startModerationTest();

await addGroup("HOME");
const outsider = (await addUser()).id;
const networkAdministrator = await addMember("HOME", 2);

test("its author or who administers the group withdraws a topic, once, while it waits", async () => {
  await addGroup("BACK", { type: 2 });
  const author = await addMember("BACK", 0);
  const full = await addMember("BACK", 1);
  const others = [await addMember("BACK", 3), await addMember("BACK", 4), await addMember("BACK", 0), outsider];
  const { id } = await done(submit("BACK", author));
  const codes = others.map((userId) => withdrawTopic(as(userId), id, {}).catch(({ code }) => code));
  assert.deepEqual(await Promise.all(codes), ["forbidden", "not_found", "not_found", "not_found"]);
  const post = (topicId: string, body?: object) =>
    app.inject({ method: "POST", url: `/v1/topics/${topicId}/withdraw`, ...(body ? { body } : {}) });
  assertProblem(await post(id, { version: 2 }), 412, "version_mismatch");
  const withdrawn = await withdrawTopic(as(author), id, { version: 1, reason: "Sent twice" });
  assert.deepEqual([withdrawn.status, withdrawn.version, withdrawn.decisions.length], ["withdrawn", 2, 1]);
  assert.equal(withdrawn.decisions[0]?.reason, "Sent twice");
  assert.ok(withdrawn.decisions[0]?.decidedBy?.startsWith("First"));
  assertProblem(await post(id), 409, "conflict");
  assert.equal((await withdrawTopic(as(full), (await done(submit("BACK", author))).id, {})).status, "withdrawn");
  assert.equal((await done(post((await done(submit("BACK", author))).id), 200)).status, "withdrawn");
  const published = (await done(submit("BACK", full))).id;
  assert.equal((await post(published)).json.detail, "It was published at once: there is nothing to decide.");
  assertProblem(await post("0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a"), 404, "not_found");
});

test("a topic whose date passes while it waits expires, visibly, whether somebody reads or nobody does", async () => {
  await addGroup("LATE", { type: 2 });
  const author = await addMember("LATE", 0);
  const in10Minutes = () => new Date(app.dependencies.clock().getTime() + 600_000).toISOString();
  const read = (await done(submit("LATE", author, { publishBefore: in10Minutes() }))).id;
  app.advanceClock(599_999);
  assert.equal((await send("GET", `/v1/topics/${read}`)).status, "pending");
  app.advanceClock(1);
  const before = await lastSequence();
  // A client that has read everything is answered without a query, until something is written.
  let { cursor } = await send("GET", "/v1/changes?since=2099-01-01T00:00:00Z");
  ({ cursor } = await send("GET", `/v1/changes?cursor=${cursor}`));
  const [topic] = (await send("GET", "/v1/groups/LATE/topics")).items;
  assert.equal((await send("GET", `/v1/changes?cursor=${cursor}`)).changes.length, 1, "told at once");
  assert.equal(topic.status, "expired");
  const { at, ...decision } = topic.decisions[0];
  assert.deepEqual(decision, {
    outcome: "expired",
    decidedBy: null,
    reason: null,
    cause: "publish_before_passed",
    actor: "muster",
  });
  const [change, ...others] = await changesSince(before);
  assert.deepEqual([change.id, change.actor, others], [read, "muster", []]);
  assert.deepEqual(change.changed.status, { from: "pending", to: "expired" });
  assert.deepEqual(change.changed.decisions, { from: [], to: [{ ...decision, at }] });

  const unread = (await done(submit("LATE", author, { publishBefore: in10Minutes() }))).id;
  const undated = (await done(submit("LATE", author))).id;
  app.advanceClock(600_000);
  await expireEverywhere({ ...app.dependencies, owner });
  const states = await owner.query("select id, status from topics where id = any($1) order by id", [[unread, undated]]);
  assert.deepEqual(states.rows, [
    { id: unread, status: "expired" },
    { id: undated, status: "pending" },
  ]);
  assert.deepEqual(await verifyStore(owner), []);
});

test("topics of a deleted group, and of deleted authors, are settled in the same transaction", async () => {
  await addGroup("GOING", { type: 2 });
  const author = await addMember("GOING", 0);
  const leaver = await addMember("GOING", 0);
  const [first, second] = [(await done(submit("GOING", author))).id, (await done(submit("GOING", leaver))).id];
  const published = (await done(submit("GOING", networkAdministrator))).id;
  let before = await lastSequence();
  await send("DELETE", `/v1/users/${leaver}`);
  const told = async (since: number) =>
    (await changesSince(since)).map(({ type, action, id, actor }) => [type, action, id, actor].join(" "));
  const { actor } = (await changesSince(before))[0];
  assert.deepEqual(await told(before), [`user deleted ${leaver} ${actor}`, `topic updated ${second} ${actor}`]);
  const settled = await send("GET", `/v1/topics/${second}`);
  assert.deepEqual([settled.status, settled.version, settled.decisions[0].cause], ["settled", 2, "author_deleted"]);
  before = await lastSequence();
  await send("DELETE", "/v1/groups/GOING");
  assert.deepEqual((await told(before)).slice(-2), [`group deleted GOING ${actor}`, `topic updated ${first} ${actor}`]);
  assert.equal((await send("GET", `/v1/topics/${first}`)).decisions[0].cause, "group_deleted");
  assert.equal((await send("GET", `/v1/topics/${published}`)).status, "published");
  app.advanceClock(1);
  await addGroup("GOING");
  assert.deepEqual((await send("GET", "/v1/groups/GOING/topics")).items, [], "another group of the same id");
  const newcomer = await addMember("GOING", 1);
  await assert.rejects(getTopic(as(newcomer), published), { code: "not_found" });
  assert.deepEqual(await verifyStore(owner), []);
});
