/** Imports whose senders do not wait for them (`Prefer: respond-async`). */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { startTestApp, type TestAnswer } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);
const csv = (...names: string[]) =>
  ["firstName,email,databaseID", ...names.map((name) => `${name},${name}@example.edu,${name}`)].join("\n");
const store = (body: string, headers: Record<string, string> = {}, query = "") =>
  app.inject({
    method: "POST",
    url: `/v1/imports/users${query}`,
    body,
    headers: { "content-type": "text/csv", prefer: "respond-async", ...headers },
  });

async function ended(id: string): Promise<TestAnswer["json"]> {
  for (let tries = 0; tries < 1000; tries += 1) {
    const { json } = await app.inject({ url: `/v1/imports/${id}` });
    if (json.finishedAt !== null) return json;
    await sleep(10);
  }
  return assert.fail("the import has not ended");
}

test("a client that does not wait gets 202 when its file is stored, and the import ends by itself", async () => {
  const answer = await store(csv("ann", "ben"), { prefer: 'return=minimal, Respond-Async; foo="bar"' });
  assert.equal(answer.status, 202, answer.body);
  assert.equal(answer.json.status, "planning");
  assert.equal(answer.headers.location, `/v1/imports/${answer.json.id}`);
  assert.equal(answer.headers["preference-applied"], "respond-async");
  const { status, counts, source } = await ended(answer.json.id);
  assert.deepEqual([status, counts.added, source.format], ["applied", 2, "csv"]);
  assert.equal((await store(csv("cid"), { prefer: "wait=10" })).status, 201, "other preferences change nothing");
  assert.deepEqual(await readdir(app.dependencies.spoolDirectory), []);
});

test("stored files of a source are processed in the order in which they were stored, each once", async () => {
  const names = ["one", "two", "three", "four", "five", "six"];
  const ids: string[] = [];
  for (const name of names) ids.push((await store(csv("dee").replace("dee,", `${name},`))).json.id);
  const imports = await Promise.all(ids.map(ended));
  assert.deepEqual(
    imports.map(({ status }) => status),
    names.map(() => "applied"),
  );
  const sequences = imports.map(({ firstSequence }) => firstSequence);
  assert.deepEqual(
    sequences,
    [...sequences].sort((one, other) => one - other),
  );
  const { json } = await app.inject({ url: "/v1/users?databaseId=dee" });
  assert.equal(json.items[0].firstName, "six");
});

test("a packed file is kept as it was sent, and its response file is of what it contains", async () => {
  const { json, status } = await app.inject({
    method: "POST",
    url: "/v1/imports/users",
    body: gzipSync(csv("eve")) as never,
    headers: { "content-type": "application/gzip", prefer: "respond-async" },
  });
  assert.equal(status, 202);
  const { source } = await ended(json.id);
  assert.equal(source.bytes, csv("eve").length);
  const response = await app.inject({ url: `/v1/imports/${json.id}/response` });
  assert.match(response.body, /\r\neve,eve@example\.edu,eve,Add,Successful,/);
});

test("a stored file that cannot be read ends as refused; one that does not arrive is refused at once", async () => {
  const { status, json } = await store('firstName,email\n"ann,ann@example.edu');
  assert.equal(status, 202);
  const { status: outcome, problem } = await ended(json.id);
  assert.deepEqual([outcome, problem.code], ["failed", "csv_cut_off"]);
  const { rows } = await database.owner.query("select from import_bodies where import_id = $1", [json.id]);
  assert.equal(rows.length, 0);
  assert.equal((await store("")).status, 400);
});

test("a repeat under the same Idempotency-Key is answered with the stored import", async () => {
  const headers = { "idempotency-key": "stored-1" };
  const first = await store(csv("flo"), headers);
  await ended(first.json.id);
  await database.owner.query(
    "update idempotency_keys set status = null, body = null, content_type = null, claimed_until = now() where key = 'stored-1'",
  );
  const again = await store(csv("flo"), headers);
  assert.equal(again.json.id, first.json.id);
  assert.equal(again.headers["idempotent-replay"], "true");
});

test("a dry run is stored like any other file, and changes nothing", async () => {
  const { json } = await store(csv("gil"), {}, "?dryRun=true");
  assert.equal((await ended(json.id)).status, "planned");
  assert.equal((await app.inject({ url: "/v1/users?databaseId=gil" })).json.items.length, 0);
});

test("an import for which the database has no room waits, and is finished when there is room", async () => {
  await database.owner.query(`
    create function full_disk() returns trigger language plpgsql as $$
    begin raise exception 'no space left on device' using errcode = '53100'; end $$;
    create trigger full_disk before insert on users for each row execute function full_disk()`);
  const { json } = await store(csv("hal"));
  await sleep(500);
  const waiting = await app.inject({ url: `/v1/imports/${json.id}` });
  assert.deepEqual([waiting.json.status, waiting.json.problem], ["planning", null]);
  await database.owner.query("drop trigger full_disk on users");
  assert.equal((await ended(json.id)).status, "applied");
});

test("an import in the middle of which the service stopped again and again is ended, with a hint for the operator", async () => {
  const { json } = await store(csv("ida"));
  await ended(json.id);
  await database.owner.query("update imports set status = 'planning', finished_at = null, runs = 5 where id = $1", [
    json.id,
  ]);
  app.dependencies.waitingImports.wake();
  const { status, problem } = await ended(json.id);
  assert.deepEqual([status, problem.code], ["failed", "import_interrupted"]);
  assert.match(problem.detail, /stopped 5 times/);
});
