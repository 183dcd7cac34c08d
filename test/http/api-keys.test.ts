import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);
const create = (body: object) => app.inject({ method: "POST", url: "/v1/api-keys", body });
const works = async (key: string) => (await app.inject({ url: "/v1/sources", key })).status === 200;

test("a key is shown once, works, and is stored as its SHA-256 only", async () => {
  const { status, json, headers } = await create({ name: "reader", services: ["retrieve"] });
  assert.equal(status, 201);
  assert.match(json.key, /^muster_[A-Za-z0-9_-]{43}$/);
  assert.equal(headers.location, `/v1/api-keys/${json.id}`);
  assert(await works(json.key));
  const listed = await app.inject({ url: "/v1/api-keys" });
  assert(!listed.body.includes(json.key));
  const { rows } = await database.owner.query("select key_hash, api_keys::text as whole from api_keys where id = $1", [
    json.id,
  ]);
  assert.deepEqual(rows[0].key_hash, createHash("sha256").update(json.key).digest());
  assert(!rows[0].whole.includes(json.key));
});

test("a revoked key is dead at the next request, and stays listed", async () => {
  const { json } = await create({ name: "short-lived", services: ["retrieve"] });
  assert(await works(json.key));
  const revoke = () => app.inject({ method: "DELETE", url: `/v1/api-keys/${json.id}` });
  assert.equal((await revoke()).status, 204);
  assert.equal(await works(json.key), false);
  const listed = async () =>
    (await app.inject({ url: "/v1/api-keys" })).json.items.find(({ id }: { id: string }) => id === json.id);
  const { revokedAt } = await listed();
  assert.match(revokedAt, /Z$/);
  app.advanceClock(1000);
  assert.equal((await revoke()).status, 204, "revoking again changes nothing");
  assert.equal((await listed()).revokedAt, revokedAt);
  assert.equal((await create({ name: "short-lived", services: ["retrieve"] })).status, 201, "its name is free again");
});

test("a key stops working when it expires", async () => {
  const { json } = await create({ name: "guest", services: ["retrieve"], expiresAt: "2026-11-23T02:00:00+02:00" });
  assert.equal(json.expiresAt, "2026-11-23T00:00:00.000000Z");
  assert(await works(json.key));
  app.advanceClock(86_400_000);
  assert.equal(await works(json.key), false);
  const past = await create({ name: "late", services: ["retrieve"], expiresAt: "2026-11-23T02:00:00Z" });
  assert.equal(past.status, 400);
  assert.equal(past.json.field, "expiresAt");
});

test("two valid keys never have the same name, not even when made at once", async () => {
  const answers = await Promise.all(Array.from({ length: 5 }, () => create({ name: "same", services: ["import"] })));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409, 409, 409]);
  assert.equal(answers.find(({ status }) => status === 409)?.json.code, "conflict");
});

test("the time of use is kept to the minute, and writing it never holds up or fails a request", async () => {
  const { json } = await create({ name: "clocked", services: ["retrieve"] });
  const lastUse = async () => {
    const { rows } = await database.owner.query("select last_used_at from api_keys where id = $1", [json.id]);
    return rows[0].last_used_at as Date | null;
  };
  const becomes = async (expected: Date) => {
    for (let tries = 0; tries < 200 && (await lastUse())?.getTime() !== expected.getTime(); tries += 1) await sleep(10);
    assert.deepEqual(await lastUse(), expected);
  };
  const first = app.dependencies.clock();
  assert(await works(json.key));
  await becomes(first);
  app.advanceClock(59_000);
  assert(await works(json.key));
  app.advanceClock(1000);
  const second = app.dependencies.clock();
  // A lock on the row delays writing the time, but not the answer to the request.
  const blocker = await database.owner.connect();
  try {
    await blocker.query("begin");
    await blocker.query("select from api_keys where id = $1 for update", [json.id]);
    assert(await works(json.key));
    assert.deepEqual(await lastUse(), first);
  } finally {
    await blocker.query("rollback");
    blocker.release();
  }
  await becomes(second);
});

test("keys page by id, and what is asked for is checked", async () => {
  const { json: first } = await app.inject({ url: "/v1/api-keys?limit=2" });
  assert.equal(first.items.length, 2);
  const { json: second } = await app.inject({ url: `/v1/api-keys?limit=1000&cursor=${first.nextCursor}` });
  const { json: all } = await app.inject({ url: "/v1/api-keys" });
  const ids = (items: { id: string }[]) => items.map(({ id }) => id);
  assert.deepEqual(ids([...first.items, ...second.items]), ids(all.items));
  assert.equal(second.nextCursor, null);
  const bad = [
    {},
    { name: "x" },
    { name: "", services: ["import"] },
    { name: "x\u0007", services: ["import"] },
    { name: "x".repeat(101), services: ["import"] },
    { name: "x", services: [] },
    { name: "x", services: ["everything"] },
    { name: "x", services: ["import"], extra: 1 },
    { name: "x", services: ["import"], expiresAt: "tomorrow" },
    { name: "x", services: ["import"], source: "unknown" },
  ];
  for (const body of bad) {
    const { status, json } = await create(body);
    assert.equal(status, 400, JSON.stringify(body));
    assert.equal(json.code, "request_invalid");
    assert(json.errors.length > 0);
  }
  const unknown = await app.inject({ method: "DELETE", url: "/v1/api-keys/0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a" });
  assert.equal(unknown.json.code, "not_found");
});

test("the answer with the key is never kept for an Idempotency-Key", async () => {
  const headers = { "idempotency-key": "once" };
  const request = {
    method: "POST",
    url: "/v1/api-keys",
    body: { name: "kept", services: ["import"] },
    headers,
  } as const;
  assert.equal((await app.inject(request)).status, 201);
  assert.equal((await app.inject(request)).status, 409);
  const { rows } = await database.owner.query("select from idempotency_keys");
  assert.equal(rows.length, 0);
});
