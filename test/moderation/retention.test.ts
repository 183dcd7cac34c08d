/** How long topics and requests are kept once they are decided. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { deleteOldEntries } from "../../src/organizations/retention.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { assertProblem } from "../directory/setup.ts";
import { startModerationTest } from "./setup.ts";

const { addGroup, addMember, addOrganization, addUser, app, ask, done, lastSequence, owner, send, submit } =
  await startModerationTest();
await addGroup("CLUB", { privacy: 2, postApproval: true });
const member = await addMember("CLUB", 0);
const sender = await addMember("CLUB", 4);
const day = 86_400_000;
const approvals = await app.keyWith(["approvals"]);

const decide = (id: string, action: string) =>
  done(
    app.inject({
      method: "POST",
      url: `/v1/pending/${id}/${action}`,
      key: approvals,
      body: { version: 1, decidedBy: "Kim Park", reason: "Because" },
    }),
    200,
  );
const prune = (daysLater: number) =>
  deleteOldEntries({ owner, clock: () => new Date(app.dependencies.clock().getTime() + daysLater * day) });

/** A topic and a request of each kind, by what became of them. */
async function itemsOfAllKinds() {
  const topic = async (author = member) => (await done(submit("CLUB", author))).id as string;
  const request = async () => (await done(ask("CLUB", (await addUser()).id, { message: "Please" }))).id as string;
  const [approved, rejected, taken, refused] = [await topic(), await topic(), await request(), await request()];
  for (const id of [approved, taken]) await decide(id, "approve");
  for (const id of [rejected, refused]) await decide(id, "reject");
  const [withdrawn, takenBack] = [await topic(), await request()];
  await send("POST", `/v1/topics/${withdrawn}/withdraw`, {});
  await send("POST", `/v1/membership-requests/${takenBack}/withdraw`, {});
  return {
    waiting: [`topics/${await topic()}`, `membership-requests/${await request()}`],
    decided: [
      ...[approved, rejected, withdrawn, await topic(sender)].map((id) => `topics/${id}`),
      ...[taken, refused, takenBack].map((id) => `membership-requests/${id}`),
    ],
  };
}

const statusesOf = (paths: readonly string[], key = app.key) =>
  Promise.all(paths.map(async (path) => (await app.inject({ url: `/v1/${path}`, key })).status));

test("what was decided goes after keepDecidedDays with its decisions, of the organization alone; what waits stays", async () => {
  const { waiting, decided } = await itemsOfAllKinds();
  const other = await addOrganization();
  const inOther = (url: string, body: object) => app.inject({ method: "POST", url, body, key: other.key });
  await done(inOther("/v1/groups", { groupId: "OPEN" }));
  const { id: userId } = await done(inOther("/v1/users", { firstName: "Far", emails: ["far@other.edu"] }));
  const foreign = await done(inOther("/v1/groups/OPEN/membership-requests", { userId }));
  const settings = { settings: { keepDecidedDays: 3650 } };
  await done(app.inject({ method: "PATCH", url: "/v1/organization", body: settings, key: other.key }), 200);
  const sequence = await lastSequence();

  await prune(729);
  assert.deepEqual(new Set(await statusesOf([...waiting, ...decided])), new Set([200]));
  await prune(731);
  assert.deepEqual(new Set(await statusesOf(waiting)), new Set([200]));
  assert.deepEqual(new Set(await statusesOf(decided)), new Set([404]));
  assert.deepEqual(await statusesOf([`membership-requests/${foreign.id}`], other.key), [200]);
  const { rows } = await owner.query("select item_id from decisions");
  assert.deepEqual(rows, [{ item_id: foreign.id }]);
  assert.equal(await lastSequence(), sequence, "the log does not mention it");
  assert.deepEqual(await verifyStore(owner), []);
});

test("who is decided about late has the days from then on", async () => {
  const { id } = await done(submit("CLUB", member));
  app.advanceClock(1000 * day);
  await decide(id, "approve");
  await send("PATCH", "/v1/organization", { settings: { keepDecidedDays: 10 } });
  await prune(9);
  assert.deepEqual(await statusesOf([`topics/${id}`]), [200]);
  await prune(11);
  assert.deepEqual(await statusesOf([`topics/${id}`]), [404]);
  const answer = await app.inject({
    method: "PATCH",
    url: "/v1/organization",
    body: { settings: { keepDecidedDays: 0 } },
  });
  assertProblem(answer, 400, "request_invalid");
});
