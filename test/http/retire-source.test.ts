/** Retiring a source: its plan, its approval, and what it leaves. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { verifyStore } from "../../src/store/verify.ts";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { assertReplayRebuildsList } from "../support/replay.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);
const approvals = await app.keyWith(["approvals"]);

const send = async (method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", url: string, body?: object, key?: string) => {
  const request = { method, url, ...(body === undefined ? {} : { body }), ...(key === undefined ? {} : { key }) };
  return app.inject(request);
};
const roster = (source: string, rows: readonly string[], key?: string) =>
  app.inject({
    method: "POST",
    url: `/v1/imports/users?source=${source}`,
    headers: { "content-type": "text/csv" },
    body: `firstName,email,databaseID,phone,groupID\n${rows.join("\n")}\n`,
    ...(key === undefined ? {} : { key }),
  });
const row = (name: string, id: string, group: string) =>
  `${name},${name.toLowerCase()}@campus.edu,${id},1303555${id.padStart(4, "0")},${group}`;
const people = async () =>
  (await send("GET", "/v1/users")).json.items as {
    id: string;
    firstName: string;
    phones: unknown[];
    sources: { source: string }[];
    memberships: { groupId: string }[];
  }[];
const named = async (name: string) => (await people()).find(({ firstName }) => firstName === name);
const retire = (name: string, query = "") => send("DELETE", `/v1/sources/${name}${query}`);
const names = async () => (await send("GET", "/v1/sources")).json.items.map(({ name }: { name: string }) => name);
const approve = (id: string, planHash: string) =>
  send("POST", `/v1/imports/${id}/approve`, { planHash, decidedBy: "Kim Park" }, approvals);

/** Fills a new source: Ann is in `default`, too; Dean belongs to a static group, and Eve has a role by hand. */
async function fill(source: string): Promise<void> {
  await send("PUT", `/v1/sources/${source}`, {});
  for (const group of ["STAY", "STATIC", "OWN"]) await send("POST", "/v1/groups", { groupId: group });
  await send("PATCH", "/v1/groups/STATIC", { style: "static" });
  await send("PATCH", "/v1/groups/OWN", { style: "normal" });
  await roster("default", [row("Ann", "1", "STAY")]);
  const many = Array.from({ length: 30 }, (_, index) => row(`Pat${index}`, String(100 + index), "SOC"));
  const rows = [
    row("Ann", "1", "OWN"),
    row("Bob", "2", "SOC"),
    row("Dean", "4", "STATIC"),
    row("Eve", "5", "SOC"),
    ...many,
  ];
  assert.equal((await roster(source, rows)).status, 201);
  await send("PUT", `/v1/groups/SOC/members/${(await named("Eve"))?.id}`, { role: 1 });
}

test("a dry run tells the plan and its hash, and changes nothing", async () => {
  await fill("dry");
  const before = await people();
  const answer = await retire("dry", "?dryRun=true");
  assert.equal(answer.status, 200, answer.body);
  const { kind, status, counts, planHash, summary, hold, id } = answer.json;
  assert.deepEqual([kind, status, counts.removed, counts.withdrawn], ["retirement", "planned", 31, 3]);
  assert.match(planHash, /^[0-9a-f]{64}$/);
  assert.match(summary, /^The source would be retired\. 31 people would be removed; 3 people of it would stay\./);
  assert.equal(hold.scope, "everything");
  assert.equal((await send("GET", `/v1/imports/${id}/plan`)).json.items.length, 34);
  assert.deepEqual(await people(), before);
  assert.ok((await names()).includes("dry"));
});

test("a retirement is held, and its approval ends the claims, the keys and the source", async () => {
  const key = await app.keyWith(["import"], { source: "dry", name: "dry feed" });
  const first = await retire("dry");
  assert.equal(first.status, 202, first.body);
  assert.equal(first.json.counts.removed, 31);
  assert.ok(await named("Bob"));
  const approved = await approve(first.json.id, first.json.planHash);
  assert.equal(approved.status, 200, approved.body);
  assert.match(approved.json.summary, /^The source was retired\. 31 people were removed; 3 people of it stay\./);
  assert.deepEqual((await people()).map(({ firstName }) => firstName).sort(), ["Ann", "Dean", "Eve"]);
  const ann = await named("Ann");
  assert.deepEqual(
    ann?.sources.map(({ source }) => source),
    ["default"],
  );
  assert.deepEqual(
    ann?.memberships.map(({ groupId }) => groupId),
    ["STAY"],
  );
  const dean = await named("Dean");
  assert.deepEqual([dean?.sources, dean?.phones.length, dean?.memberships.length], [[], 1, 1]);
  assert.deepEqual(
    (await named("Eve"))?.memberships.map(({ groupId }) => groupId),
    ["SOC"],
  );
  assert.deepEqual(await names(), ["default"]);
  assert.equal((await roster("dry", [row("Bob", "2", "SOC")], key)).status, 401);
  assert.equal((await send("GET", "/v1/sources/dry")).status, 404);
  assert.equal((await send("GET", `/v1/imports/${first.json.id}`)).json.source.name, "dry");
  const { items: audit } = (await send("GET", "/v1/audit?limit=20")).json;
  const actions = audit.map(({ action }: { action: string }) => action);
  for (const action of ["source.retired", "api_key.revoked", "import.approved"])
    assert.ok(actions.includes(action), action);
  await assertReplayRebuildsList(app, database.owner);
  assert.deepEqual(await verifyStore(database.owner), []);
});

test("the log tells that the source is gone, and whom it took along", async () => {
  const { rows: items } = await database.owner.query(
    "select type, action, id, changed::json from changes order by sequence",
  );
  const gone = items.filter(
    ({ type, action }: { type: string; action: string }) => type === "source" && action === "deleted",
  );
  assert.deepEqual(
    gone.map(({ id }: { id: string }) => id),
    ["dry"],
  );
  const ann = (await named("Ann"))?.id;
  const last = items.findLast(({ type, id }: { type: string; id: string }) => type === "user" && id === ann);
  assert.deepEqual(last.changed.sources.to, [{ source: "default", databaseId: "1" }]);
});

test("a file of a retired source is refused, and a new source of the name knows nobody", async () => {
  const refused = await roster("dry", [row("Bob", "2", "SOC")]);
  assert.equal(refused.json.code, "source_unknown");
  assert.equal((await retire("dry")).status, 404);
  const again = await send("PUT", "/v1/sources/dry", {});
  assert.equal(again.status, 201, again.body);
  assert.equal(again.json.lastAppliedAt, null);
  const added = await roster("dry", [row("Bob", "2", "SOC")]);
  assert.deepEqual([added.json.counts.added, added.json.counts.returned], [1, 0], added.body);
  assert.deepEqual(await verifyStore(database.owner), []);
});

test("the source default is not retired, nor one that changed since it was read", async () => {
  assert.equal((await retire("default")).status, 409);
  const stale = await app.inject({ method: "DELETE", url: "/v1/sources/dry", headers: { "if-match": '"1"' } });
  assert.equal(stale.status, 412, stale.body);
});

test("an approval of a plan that became another one applies nothing", async () => {
  await fill("moved");
  const held = await retire("moved");
  await roster("moved", [row("Zoe", "77", "SOC")]);
  const answer = await approve(held.json.id, held.json.planHash);
  assert.deepEqual([answer.status, answer.json.code], [409, "plan_changed"]);
  assert.ok((await names()).includes("moved"));
  const again = await approve(held.json.id, answer.json.planHash);
  assert.equal(again.status, 200, again.body);
  assert.equal(await named("Zoe"), undefined);
});

test("files that come while a source is retired neither revive it nor fail", async () => {
  await fill("busy");
  await send("PUT", "/v1/sources/busy", { guard: { peopleRemoved: null, peopleRemovedAtOnce: null } });
  const writer = await database.owner.connect();
  await writer.query("begin; select from feed_heads for update");
  const retired = retire("busy");
  const files = [1, 2, 3].map((id) => roster("busy", [row(`New${id}`, `90${id}`, "SOC")]));
  const edit = send("PUT", "/v1/sources/busy", { rank: 1 });
  await writer.query("commit");
  writer.release();
  const answers = await Promise.all([retired, edit, ...files]);
  for (const { status, body } of answers) assert.ok(status < 500, body);
  assert.deepEqual(await verifyStore(database.owner), []);
});
