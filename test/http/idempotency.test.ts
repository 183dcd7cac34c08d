import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { forgetUnfinishedRequests } from "../../src/http/callers/idempotency-claims.ts";
import { answersKept } from "../../src/organizations/retention.ts";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { openSocket } from "../support/raw-http.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);
const roster = (id: number) =>
  `<users type="array"><user><firstName>P</firstName><email>p${id}@example.edu</email><groupID>G1</groupID><databaseID>${id}</databaseID></user></users>`;
const send = (key: string, body: string, query = "", as?: string) =>
  app.inject({
    method: "POST",
    url: `/v1/imports/users${query}`,
    body,
    headers: { "content-type": "application/xml", accept: "application/json", "idempotency-key": key },
    ...(as === undefined ? {} : { key: as }),
  });
const createGroup = (key: string, name: string) =>
  app.inject({ method: "POST", url: "/v1/groups", body: { name }, headers: { "idempotency-key": key } });
const importCount = async () => (await database.owner.query("select from imports")).rowCount;
const keys = async () => (await database.owner.query("select key, status from idempotency_keys order by key")).rows;

test("the same request with the same key is done once and answered alike", async () => {
  const first = await send("night-1", roster(1));
  const count = await importCount();
  const again = await send("night-1", roster(1));
  assert.equal(first.status, 201);
  assert.equal(first.headers["idempotent-replay"], undefined);
  assert.equal(again.headers["idempotent-replay"], "true");
  assert.equal(again.status, 201);
  assert.equal(again.body, first.body);
  assert.equal(again.headers.location, first.headers.location);
  assert.equal(again.headers["content-type"], first.headers["content-type"]);
  assert.equal(await importCount(), count);
});

test("another body, query or address under the same key is refused", async () => {
  const count = await importCount();
  for (const answer of [
    await send("night-1", roster(2)),
    await send("night-1", roster(1).slice(0, -1)),
    await send("night-1", roster(1), "?dryRun=true"),
    await createGroup("night-1", "Chess"),
  ]) {
    assert.equal(answer.status, 409, answer.body);
    assert.equal(answer.json.code, "idempotency_key_reused");
  }
  assert.equal(await importCount(), count);
});

test("a JSON request is repeated with its address and its version", async () => {
  const first = await createGroup("group-1", "Rowing");
  assert.equal(first.status, 201, first.body);
  const again = await createGroup("group-1", "Rowing");
  assert.equal(again.headers["idempotent-replay"], "true");
  assert.deepEqual(
    [again.status, again.body, again.headers.location, again.headers.etag],
    [first.status, first.body, first.headers.location, first.headers.etag],
  );
  assert.equal((await createGroup("group-1", "Sailing")).json.code, "idempotency_key_reused");
});

test("keys of one API key mean nothing to another", async () => {
  const other = await app.keyWith(["import"]);
  const { status, headers } = await send("night-1", roster(3), "", other);
  assert.equal(status, 201);
  assert.equal(headers["idempotent-replay"], undefined);
});

test("what was refused is not kept: the request may be sent again, corrected", async () => {
  assert.equal((await send("night-2", "<users")).status, 400);
  assert.equal((await send("night-2", roster(4), "?dryRun=x")).status, 400);
  assert.equal((await send("night-2", roster(4))).status, 201);
});

test("while the first is being done, a repeat is a conflict; when its sender has gone, it may be sent again", async () => {
  const socket = await openSocket(app.url);
  const head = [
    "POST /v1/imports/users HTTP/1.1",
    "Host: x",
    `Authorization: Bearer ${app.key}`,
    "Idempotency-Key: night-3",
    "Content-Type: application/xml",
    `Content-Length: ${roster(5).length}`,
    "",
    "",
  ];
  socket.write(`${head.join("\r\n")}${roster(5).slice(0, 20)}`);
  const isClaimed = async () => (await keys()).some(({ key }) => key === "night-3");
  for (let tries = 0; tries < 500 && !(await isClaimed()); tries += 1) await sleep(10);
  const repeat = await send("night-3", roster(5));
  assert.equal(repeat.status, 409);
  assert.equal(repeat.json.code, "conflict");
  assert(Number(repeat.headers["retry-after"]) > 0);
  socket.destroy();
  for (let tries = 0; tries < 500 && (await isClaimed()); tries += 1) await sleep(10);
  assert.equal((await send("night-3", roster(5))).status, 201);
});

test("of many at once, one is done and the others are told", async () => {
  const count = (await importCount()) ?? 0;
  const answers = await Promise.all(Array.from({ length: 6 }, () => send("night-4", roster(6))));
  assert.equal(await importCount(), count + 1);
  const done = answers.filter(({ status }) => status === 201);
  assert(done.length >= 1);
  assert.equal(new Set(done.map(({ json }) => json.id)).size, 1);
  assert(answers.every(({ status, json }) => status === 201 || json.code === "conflict"));
});

test("answers are kept for a day", async () => {
  app.advanceClock(answersKept - 1000);
  assert.equal((await send("night-4", roster(6))).headers["idempotent-replay"], "true");
  app.advanceClock(2000);
  assert.equal((await send("night-4", roster(6))).headers["idempotent-replay"], undefined);
});

test("after a crash, what was under way is forgotten and what was answered is not", async () => {
  await send("night-5", roster(7));
  await database.owner.query(
    "insert into idempotency_keys select organization_id, caller_id, 'half-done', '', null, null, null, created_at, claim, 'infinity' from idempotency_keys where key = 'night-5'",
  );
  assert.equal((await send("half-done", roster(8))).json.code, "conflict");
  await forgetUnfinishedRequests(database.owner);
  assert.equal((await send("half-done", roster(8))).status, 201);
  assert.equal((await send("night-5", roster(7))).headers["idempotent-replay"], "true");
});
