import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureFirstOrganization } from "../../src/organizations/first-start.ts";
import { startTestApp, type TestAnswer } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);
const day = 86_400_000;
const works = async (key: string) => (await app.inject({ url: "/v1/sources", key })).status === 200;
const create = async (body: object = {}) =>
  (await app.inject({ method: "POST", url: "/v1/api-keys", body: { services: ["retrieve"], ...body } })).json;
const rotate = (id: string, body?: object): Promise<TestAnswer> =>
  app.inject({ method: "POST", url: `/v1/api-keys/${id}/rotate`, ...(body ? { body } : {}) });
const read = async (id: string) => (await app.inject({ url: `/v1/api-keys/${id}` })).json;

test("a new key works at once, and the one before until the overlap ends", async () => {
  const old = await create({ name: "nightly" });
  const { status, json } = await rotate(old.id, { overlapSeconds: 3600 });
  assert.equal(status, 200);
  assert.match(json.key, /^muster_[A-Za-z0-9_-]{43}$/);
  assert.notEqual(json.key, old.key);
  assert.deepEqual([json.id, json.name, json.services], [old.id, "nightly", ["retrieve"]]);
  const begin = app.dependencies.clock().toISOString().replace("Z", "000Z");
  assert.equal(json.rotation.rotatedAt, begin);
  assert.equal(Date.parse(json.rotation.previousUntil) - Date.parse(begin), 3_600_000);
  assert.deepEqual([await works(old.key), await works(json.key)], [true, true]);
  app.advanceClock(3_599_000);
  assert.equal(await works(old.key), true);
  app.advanceClock(1000);
  assert.deepEqual([await works(old.key), await works(json.key)], [false, true]);
});

test("the overlap defaults to a day; with 0 there is no overlap", async () => {
  const old = await create({ name: "weekly" });
  const first = (await rotate(old.id)).json;
  app.advanceClock(day - 1);
  assert.equal(await works(old.key), true);
  app.advanceClock(1);
  assert.equal(await works(old.key), false);
  const second = (await rotate(old.id, { overlapSeconds: 0 })).json;
  assert.deepEqual([await works(first.key), await works(second.key)], [false, true]);
  assert.equal(second.rotation.previousUntil, null);
});

test("only one key before goes on: a second rotation ends the oldest", async () => {
  const first = await create({ name: "twice" });
  const second = (await rotate(first.id)).json;
  const third = (await rotate(first.id)).json;
  assert.deepEqual([await works(first.key), await works(second.key), await works(third.key)], [false, true, true]);
});

test("rotations at once leave one key and one before it", async () => {
  const first = await create({ name: "raced" });
  const answers = await Promise.all(Array.from({ length: 5 }, () => rotate(first.id)));
  const keys = answers.map(({ json }) => json.key);
  const valid = await Promise.all([first.key, ...keys].map(works));
  assert.equal(valid.filter(Boolean).length, 2);
});

test("who still uses the key before can be seen", async () => {
  const old = await create({ name: "watched" });
  const { key } = (await rotate(old.id)).json;
  const becomes = async (expected: boolean) => {
    for (let tries = 0; tries < 200; tries += 1) {
      const { lastUsedAt, rotation } = await read(old.id);
      if (lastUsedAt !== null && (rotation.previousLastUsedAt !== null) === expected) return;
      await sleep(10);
    }
    assert.fail(JSON.stringify(await read(old.id)));
  };
  assert(await works(key));
  await becomes(false);
  assert(await works(old.key));
  await becomes(true);
});

test("a revocation ends both, and a revoked or expired key is not rotated", async () => {
  const old = await create({ name: "compromised" });
  const { key } = (await rotate(old.id)).json;
  await app.inject({ method: "DELETE", url: `/v1/api-keys/${old.id}` });
  assert.deepEqual([await works(old.key), await works(key)], [false, false]);
  assert.equal((await rotate(old.id)).json.code, "conflict");
  const guest = await create({
    name: "guest",
    expiresAt: new Date(app.dependencies.clock().getTime() + 1000).toISOString(),
  });
  app.advanceClock(1000);
  assert.equal((await rotate(guest.id)).json.code, "conflict");
  assert.equal((await rotate("0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a")).status, 404);
  for (const body of [{ overlapSeconds: -1 }, { overlapSeconds: 30 * 86_400 + 1 }, { overlapSeconds: 1.5 }, { x: 1 }]) {
    assert.equal((await rotate(guest.id, body)).status, 400, JSON.stringify(body));
  }
});

test("neither key is stored, and both ends of a rotation are in the audit log without them", async () => {
  const old = await create({ name: "secret" });
  const { key } = (await rotate(old.id, { overlapSeconds: 60 })).json;
  const { rows } = await database.owner.query(
    "select string_agg(api_keys::text, '') as stored, (select string_agg(a::text, '') from audit_entries a) as audit from api_keys",
  );
  for (const secret of [old.key, key]) {
    assert(!rows[0].stored.includes(secret) && !rows[0].audit.includes(secret));
    assert(!JSON.stringify(app.log).includes(secret));
  }
  const { items } = (await app.inject({ url: "/v1/audit?action=api_key.rotated&limit=1" })).json;
  assert.deepEqual(items[0].details, { name: "secret", overlapSeconds: 60 });
});

test("a rotation is never kept for an Idempotency-Key", async () => {
  const { id } = await create({ name: "once" });
  const again = { method: "POST", url: `/v1/api-keys/${id}/rotate`, headers: { "idempotency-key": "once" } } as const;
  const [first, second] = [await app.inject(again), await app.inject(again)];
  assert.notEqual(first.json.key, second.json.key);
});

test("an operator puts a rotated key in force again by MUSTER_ADMIN_KEY", async () => {
  const { items } = (await app.inject({ url: "/v1/api-keys?limit=1" })).json;
  const { key } = (await rotate(items[0].id)).json;
  const owner = await database.owner.connect();
  const restart = { ...app.dependencies, organizationName: "Test University", adminKey: app.key };
  await ensureFirstOrganization(owner, restart).finally(() => owner.release());
  app.advanceClock(2 * day);
  assert.deepEqual([await works(app.key), await works(key)], [true, false]);
});
