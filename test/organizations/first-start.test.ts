import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import type { Pool } from "pg";
import { createIdSource } from "../../src/identifiers.ts";
import { hashKey } from "../../src/organizations/api-keys.ts";
import { createAuthentication } from "../../src/organizations/authenticate-key.ts";
import { ensureFirstOrganization } from "../../src/organizations/first-start.ts";
import { requireOwnOperatorKey } from "../../src/organizations/operator.ts";
import { createOrganization } from "../../src/organizations/organizations.ts";
import { services } from "../../src/organizations/services.ts";
import { openDatabase } from "../../src/store/database.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const clock = () => new Date("2026-11-22T02:00:00Z");
const newId = createIdSource(clock, randomBytes);

async function start(owner: Pool, adminKey?: string, organizationName = "University") {
  const client = await owner.connect();
  try {
    return await ensureFirstOrganization(client, { organizationName, adminKey, clock, newId, randomBytes });
  } finally {
    client.release();
  }
}

function authentication(database: TestDatabase) {
  const service = openDatabase(database.connection, { maxConnections: 2 });
  database.beforeDrop(() => service.close());
  return createAuthentication(service, clock);
}

const keysOf = async (owner: Pool) =>
  (await owner.query("select id, name, revoked_at is null as valid from api_keys order by id")).rows;

test("the first start creates one organization, with its log, its default source and one admin key", async (t) => {
  const database = await createTestDatabase(t);
  const { owner } = database;
  const first = await start(owner);
  assert.equal(first.isNew, true);
  assert.match(first.generatedKey ?? "", /^muster_[A-Za-z0-9_-]{43}$/);
  const { rows } = await owner.query(
    `select organizations.name, organizations.settings, sources.number, sources.name as source, rank, last_sequence::integer as sequence
     from organizations join sources on sources.organization_id = id join feed_heads on feed_heads.organization_id = id`,
  );
  assert.deepEqual(rows, [
    {
      name: "University",
      settings: { createGroups: ["*"], createLocations: true },
      number: 3,
      source: "default",
      rank: 1,
      sequence: 0,
    },
  ]);
  const holder = await authentication(database)(first.generatedKey ?? "");
  assert.equal(holder?.organizationId, first.organizationId);
  assert.deepEqual(holder?.services, [...services]);
});

test("further starts create nothing, and forget nothing", async (t) => {
  const database = await createTestDatabase(t);
  const first = await start(database.owner);
  const second = await start(database.owner, undefined, "Another Name");
  assert.deepEqual(second, {
    organizationId: first.organizationId,
    isNew: false,
    generatedKey: undefined,
  });
  assert.notEqual(await authentication(database)(first.generatedKey ?? ""), undefined);
  assert.equal((await keysOf(database.owner)).length, 1);
});

test("starts at the same time create one organization, and one of them has the key", async (t) => {
  const database = await createTestDatabase(t);
  const starts = await Promise.all([start(database.owner), start(database.owner), start(database.owner)]);
  assert.equal(starts.filter(({ isNew }) => isNew).length, 1);
  assert.equal(starts.filter(({ generatedKey }) => generatedKey !== undefined).length, 1);
  assert.equal(new Set(starts.map(({ organizationId }) => organizationId)).size, 1);
});

test("a given key is the admin key; given later it replaces the old one, given again nothing changes", async (t) => {
  const database = await createTestDatabase(t);
  const { owner } = database;
  const authenticate = authentication(database);
  const [one, two] = ["the-first-of-the-given-keys", "the-second-of-the-given-keys"];
  assert.equal((await start(owner, one)).generatedKey, undefined);
  assert.notEqual(await authenticate(one), undefined);
  await start(owner, two);
  assert.equal(await authenticate(one), undefined);
  assert.notEqual(await authenticate(two), undefined);
  const keys = await keysOf(owner);
  await start(owner, two);
  await start(owner);
  assert.deepEqual(await keysOf(owner), keys);
  await owner.query("update api_keys set revoked_at = now()");
  await start(owner, one);
  assert.notEqual(await authenticate(one), undefined, "a revoked key that is given again is in force again");
  assert.equal(await authenticate(two), undefined);
  assert.equal((await keysOf(owner)).length, 2);
});

test("a given key that belongs to another organization stops the start, and changes nothing", async (t) => {
  const { owner } = await createTestDatabase(t);
  const key = "a-key-that-two-organizations-want";
  await start(owner, key);
  const before = await keysOf(owner);
  const client = await owner.connect();
  const other = await createOrganization(client, { name: "Other", settings: {}, createdAt: clock() });
  client.release();
  await owner.query("update api_keys set organization_id = $1", [other]);
  await assert.rejects(
    start(owner, key),
    /^Error: MUSTER_ADMIN_KEY belongs to another organization already: [^\n]+\.$/,
  );
  assert.deepEqual(await keysOf(owner), before);
});

test("the key of a first organization that was deleted opens no other one", async (t) => {
  const database = await createTestDatabase(t);
  const { owner } = database;
  const key = "the-key-of-the-first-organization";
  const first = await start(owner, key);
  await createOrganization(owner, { name: "Other", settings: {}, createdAt: clock() });
  await owner.query("delete from organizations where id = $1", [first.organizationId]);
  const next = await start(owner, key);
  assert.deepEqual([next.isNew, next.organizationId], [false, undefined]);
  assert.deepEqual(await keysOf(owner), []);
  assert.equal(await authentication(database)(key), undefined);
});

test("the operator's key must not be the key of an organization", async (t) => {
  const { owner } = await createTestDatabase(t);
  const key = "a-key-that-is-an-organizations";
  await requireOwnOperatorKey(owner, hashKey(key));
  await start(owner, key);
  await assert.rejects(
    requireOwnOperatorKey(owner, hashKey(key)),
    /^Error: MUSTER_OPERATOR_KEY is the key of an organization already: [^\n]+\.$/,
  );
});

test("two organizations cannot have the same name", async (t) => {
  const { owner } = await createTestDatabase(t);
  await start(owner);
  await assert.rejects(
    createOrganization(owner, { name: "University", settings: {}, createdAt: clock() }),
    (error: Error & { code?: string }) => error.code === "conflict",
  );
});
