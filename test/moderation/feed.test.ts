/** The topics and requests to join in the change feed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { expireEverywhere } from "../../src/moderation/expire-topics.ts";
import { startModerationTest } from "./setup.ts";

const { addGroup, addMember, addUser, app, ask, done, owner, send, submit } = await startModerationTest();
const decide = (id: string, action: string) =>
  done(
    app.inject({
      method: "POST",
      url: `/v1/pending/${id}/${action}`,
      body: { version: 1, decidedBy: "Kim Park", reason: "So it is" },
    }),
    200,
  );

await addGroup("A", { privacy: 2, postApproval: true });
await addGroup("B", { privacy: 1 });
await addGroup("C", { privacy: 2 });
const author = await addMember("A", 0);
const sender = await addMember("A", 4);
const person = async () => (await addUser()).id;

/** One of every fate. */
async function liveThrough(): Promise<void> {
  const topic = async (by: string, fields = {}) => (await done(submit("A", by, fields))).id as string;
  const request = async (groupId: string, userId: string) => (await done(ask(groupId, userId))).id as string;
  const soon = new Date(app.dependencies.clock().getTime() + 1000).toISOString();
  await topic(sender, { channels: ["sms", "voice"] });
  await topic(author);
  await decide(await topic(author), "approve");
  await decide(await topic(author), "reject");
  await done(app.inject({ method: "POST", url: `/v1/topics/${await topic(author)}/withdraw` }), 200);
  await topic(author, { publishBefore: soon });
  const leaver = await addMember("A", 0);
  await topic(leaver);
  await request("A", await person());
  await decide(await request("A", await person()), "approve");
  await decide(await request("A", await person()), "reject");
  await request("B", await person());
  const back = await request("A", await person());
  await done(app.inject({ method: "POST", url: `/v1/membership-requests/${back}/withdraw` }), 200);
  const added = await person();
  await request("A", added);
  await send("PUT", `/v1/groups/A/members/${added}`);
  await request("C", await person());
  await send("DELETE", `/v1/users/${leaver}`);
  await send("DELETE", "/v1/groups/C");
  app.advanceClock(1000);
  await expireEverywhere({ ...app.dependencies, owner });
}
await liveThrough();

// biome-ignore lint/suspicious/noExplicitAny: changes have many shapes
async function changes(query: string): Promise<any[]> {
  const found = [];
  for (let cursor = ""; ; ) {
    const page = await send("GET", `/v1/changes?limit=7&${query}${cursor}`);
    found.push(...page.changes);
    if (!page.hasMore) return found;
    cursor = `&cursor=${page.cursor}`;
  }
}

const blank = { message: "", body: "", publishBefore: null, decisions: [] };

/** Things by id, as the changes describe them. */
async function replay(query: string) {
  const things = new Map<string, Record<string, unknown>>();
  for (const { type, action, id, changed } of await changes(query)) {
    assert.equal(things.has(id), action !== "created", `${action} ${id}`);
    const before = things.get(id) ?? blank;
    const thing: Record<string, unknown> = { ...before, type };
    for (const [property, { from, to }] of Object.entries(changed as Record<string, { from: unknown; to: unknown }>)) {
      if (action === "updated") assert.deepEqual(from, before[property as keyof typeof before], `${id}: ${property}`);
      thing[property] = to;
    }
    things.set(id, thing);
  }
  return things;
}

test("replaying the feed gives what the API shows, of every fate, folded or not", async () => {
  for (const query of ["type=topic,membershipRequest", "type=topic,membershipRequest&latest=true"]) {
    const things = query.endsWith("true") ? await replayFolded(query) : await replay(query);
    assert.equal(things.size, 14);
    const statuses: string[] = [];
    for (const [id, { type, ...thing }] of things) {
      const url = type === "topic" ? `/v1/topics/${id}` : `/v1/membership-requests/${id}`;
      const { id: _, version, actor, createdAt, updatedAt, ...shown } = await send("GET", url);
      assert.deepEqual(pick(thing, shown), shown, `${query}: ${id}`);
      statuses.push(`${type} ${shown.status}`);
    }
    assert.deepEqual([...new Set(statuses)].sort(), [
      ...["approved", "pending", "rejected", "settled", "withdrawn"].map((status) => `membershipRequest ${status}`),
      ...["expired", "pending", "published", "rejected", "settled", "withdrawn"].map((status) => `topic ${status}`),
    ]);
  }
});

/** With `latest`, each page tells one change of a thing. */
async function replayFolded(query: string) {
  const things = new Map<string, Record<string, unknown>>();
  for (const { type, id, changed } of await changes(query)) {
    const values = Object.entries(changed as Record<string, { to: unknown }>).map(([name, { to }]) => [name, to]);
    things.set(id, { ...(things.get(id) ?? blank), type, ...Object.fromEntries(values) });
  }
  return things;
}

const pick = (thing: Record<string, unknown>, shown: object) =>
  Object.fromEntries(Object.keys(shown).map((name) => [name, thing[name]]));

test("a copy of one group hears of its topics and of the requests to join it, and of no other's", async () => {
  const of = async (groupId: string) =>
    (await changes(`type=topic,membershipRequest&groupId=${groupId}`)).map(({ id }) => id as string);
  const all = await replay("type=topic,membershipRequest");
  for (const groupId of ["A", "B", "C"]) {
    const expected = [...all].filter(([, thing]) => thing.groupId === groupId).map(([id]) => id);
    assert.deepEqual([...new Set(await of(groupId))].sort(), expected.sort(), groupId);
  }
  assert.ok((await of("A")).length > (await of("B")).length);
  assert.deepEqual(await of("NONE"), []);
});

test("XML and NDJSON contain them, too", async () => {
  const read = async (accept: string) =>
    app.inject({ url: "/v1/changes?type=topic&limit=10000", headers: { accept } }).then(({ body }) => body);
  const lines = (await read("application/x-ndjson")).trim().split("\n");
  assert.equal(lines.length - 1, (await changes("type=topic")).length);
  assert.match(await read("application/xml"), /<outcome>expired<\/outcome>/);
});
