import assert from "node:assert/strict";
import { after, test } from "node:test";
import { guardLimitsSchema } from "../../src/organizations/guard-limits.ts";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database, {}, { requireGroup: true });
const url = "/v1/organization";
const patch = (settings: object, headers: Record<string, string> = {}) =>
  app.inject({ method: "PATCH", url, body: { settings }, headers });
const stored = async () => {
  const { rows } = await database.owner.query(
    "select settings, rules_epoch::integer as epoch, version::integer as version from organizations",
  );
  return rows[0];
};
const changes = async () => {
  const { rows } = await database.owner.query(
    "select type, action, id, actor, changed::json from changes order by sequence",
  );
  return rows;
};

test("the first organization begins with settings that let a first roster show results", async () => {
  const { status, json, headers } = await app.inject({ url });
  assert.equal(status, 200);
  assert.equal(headers.etag, '"1"');
  assert.equal(json.settings.style, "normal");
  assert.deepEqual(json.settings.createGroups, ["*"]);
  assert.equal(json.settings.createLocations, true);
  assert.deepEqual(await changes(), []);
});

test("a change of settings counts version and rules up and is recorded", async () => {
  const { status, json, headers } = await patch({ countryCode: "49", createGroups: ["CRS-*"] });
  assert.equal(status, 200);
  assert.equal(headers.etag, '"2"');
  assert.equal(json.version, 2);
  assert.equal(json.settings.countryCode, "49");
  assert.equal(json.settings.createLocations, true, "what is absent stays");
  assert.deepEqual(await stored(), {
    settings: { createGroups: ["CRS-*"], createLocations: true, countryCode: "49" },
    epoch: 2,
    version: 2,
  });
  assert.deepEqual(await changes(), [
    {
      type: "organization",
      action: "updated",
      id: String(app.organizationId),
      actor: "api-key:admin",
      changed: {
        settings: {
          from: { countryCode: "1", createGroups: ["*"] },
          to: { countryCode: "49", createGroups: ["CRS-*"] },
        },
      },
    },
  ]);
});

test("null puts back the default; what changes nothing leaves no trace", async () => {
  const { json } = await patch({ countryCode: null });
  assert.equal(json.settings.countryCode, "1");
  const before = [await stored(), await changes()];
  assert.equal((await patch({ countryCode: null, createLocations: true })).status, 200);
  assert.equal((await patch({})).status, 200);
  assert.deepEqual([await stored(), await changes()], before);
});

test("If-Match keeps one administrator from overwriting another", async () => {
  const { headers } = await app.inject({ url });
  const tag = String(headers.etag);
  const answers = await Promise.all([
    patch({ requireEmail: false }, { "if-match": tag }),
    patch({ requireGroup: false }, { "if-match": tag }),
  ]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412]);
  assert.equal(answers.find(({ status }) => status === 412)?.json.code, "version_mismatch");
  assert.equal((await patch({ requireEmail: true, requireGroup: true }, { "if-match": "*" })).status, 200);
});

test("settings that are not valid are refused with every reason, and change nothing", async () => {
  const before = await stored();
  const bad: [object, string][] = [
    [{ style: "fast" }, "settings.style"],
    [{ unknown: 1 }, "settings.unknown"],
    [{ countryCode: "0049" }, "settings.countryCode"],
    [{ timeZone: "Mars/Olympus" }, "settings.timeZone"],
    [{ createGroups: ["a b"] }, "settings.createGroups.0"],
    [{ grantableRoles: [9] }, "settings.grantableRoles.0"],
    [{ customFields: "x" }, "settings.customFields"],
  ];
  for (const [settings, field] of bad) {
    const { status, json } = await patch(settings);
    assert.equal(status, 400, field);
    assert.equal(json.errors[0].field, field);
  }
  const { json } = await app.inject({ method: "PATCH", url, body: { settings: { style: 1, countryCode: 2 } } });
  assert.equal(json.errors.length, 2);
  assert.equal((await app.inject({ method: "PATCH", url, body: { name: "Other" } })).status, 400);
  assert.deepEqual(await stored(), before);
});

test("sources are listed with rank and style", async () => {
  const { json } = await app.inject({ url: "/v1/sources" });
  assert.deepEqual(json, {
    items: [
      {
        name: "default",
        rank: 1,
        style: null,
        mapping: null,
        version: 1,
        lastAppliedAt: null,
        primaryEmail: "kept",
        guard: guardLimitsSchema.parse({}),
        announcedChange: null,
        expectedBy: null,
        createdAt: "2026-11-22T02:00:00.000000Z",
        updatedAt: "2026-11-22T02:00:00.000000Z",
      },
    ],
    nextCursor: null,
  });
});

test("an organization sees itself alone", async () => {
  const { rows } = await database.owner.query(
    "insert into organizations (name, created_at, updated_at) values ('Other', now(), now()) returning id",
  );
  const other = rows[0].id;
  await database.owner.query("insert into feed_heads (organization_id) values ($1)", [other]);
  const key = "a-key-of-another-organization";
  await database.owner.query(
    `insert into api_keys (organization_id, id, name, services, key_hash, created_at)
     values ($1, gen_random_uuid(), 'admin', '{admin}', sha256($2::bytea), now())`,
    [other, Buffer.from(key)],
  );
  const answer = await app.inject({ url, key });
  assert.equal(answer.json.name, "Other");
  assert.deepEqual((await app.inject({ url: "/v1/sources", key })).json.items, []);
  const { json: own } = await app.inject({ url: "/v1/api-keys" });
  const foreign = await app.inject({ method: "DELETE", url: `/v1/api-keys/${own.items[0].id}`, key });
  assert.equal(foreign.status, 404);
  assert.equal((await app.inject({ url })).status, 200, "the key was not revoked");
});
