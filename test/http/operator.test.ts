import assert from "node:assert/strict";
import { after, test } from "node:test";
import { settingsSchema } from "../../src/organizations/settings.ts";
import { verifyStore } from "../../src/store/verify.ts";
import { assertProblem } from "../directory/setup.ts";
import { startTestApp, type TestRequest } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { fillOrganization } from "../support/filled-organization.ts";
import { newKey, sign, startIssuer } from "../support/issuer.ts";
import { readTables, type Tables } from "../support/tables.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);
const url = "/v1/organizations";
const asOperator = (request: TestRequest) => app.inject({ key: app.operatorKey, ...request });
/** All tables, but for when keys were used: that is written beside requests. */
async function everything(): Promise<Tables> {
  const { api_keys, ...others } = await readTables(database.owner);
  const keys = api_keys!.map((row) => row.replace(/"last_used_at":(null|"[^"]*")/, ""));
  return { ...others, api_keys: keys };
}
let names = 0;

async function create() {
  names += 1;
  const { status, json, body } = await asOperator({ method: "POST", url, body: { name: `Campus ${names}` } });
  assert.equal(status, 201, body);
  return { id: json.id as string, name: json.name as string, key: json.adminKey.key as string, json };
}

const fill = (key: string) => fillOrganization((request) => app.inject({ key, ...request }), "filled");

test("an organization is created with the defaults, its source and an admin key that opens it alone", async () => {
  const { id, key, json } = await create();
  assert.deepEqual(
    { ...json, id: "", adminKey: { ...json.adminKey, id: "", key: "" } },
    {
      id: "",
      name: "Campus 1",
      version: 1,
      users: 0,
      groups: 0,
      identityProvider: null,
      lastImport: null,
      createdAt: "2026-11-22T02:00:00.000000Z",
      updatedAt: "2026-11-22T02:00:00.000000Z",
      adminKey: { id: "", name: "admin", key: "", createdAt: "2026-11-22T02:00:00.000000Z" },
    },
  );
  const own = await app.inject({ url: "/v1/organization", key });
  assert.deepEqual([own.json.id, own.json.settings], [id, settingsSchema.parse({})]);
  assert.deepEqual(
    (await app.inject({ url: "/v1/sources", key })).json.items.map((item: { name: string }) => item.name),
    ["default"],
  );
  assert.notEqual((await app.inject({ url: "/v1/organization" })).json.id, id);
  const { rows } = await database.owner.query(
    "select from api_keys where encode(key_hash, 'hex') = encode(sha256($1), 'hex')",
    [Buffer.from(key)],
  );
  assert.equal(rows.length, 1, "stored as a hash");
  assert(!JSON.stringify(app.log).includes(key), "and not logged");
});

test("a name that is taken or no name is refused, and leaves nothing", async () => {
  const before = await everything();
  assertProblem(
    await asOperator({ method: "POST", url, body: { name: " Test University " } }),
    409,
    "conflict",
    "name",
  );
  for (const body of [
    {},
    { name: "" },
    { name: "  " },
    { name: "a\u0007" },
    { name: "x".repeat(201) },
    { name: "A", settings: {} },
  ]) {
    assertProblem(await asOperator({ method: "POST", url, body }), 400, "request_invalid");
  }
  assert.deepEqual(await everything(), before);
});

test("organizations are listed page by page with counts and their last import, and nothing else of their data", async () => {
  const { id, key } = await create();
  await fill(key);
  const seen = [];
  let cursor = "";
  do {
    const { json } = await asOperator({ url: `${url}?limit=1${cursor}` });
    seen.push(...json.items);
    cursor = json.nextCursor === null ? "" : `&cursor=${json.nextCursor}`;
  } while (cursor !== "");
  assert.deepEqual(
    seen.map((one) => one.id),
    [...seen.map((one) => one.id)].sort((a, b) => a - b),
  );
  const one = seen.find((item) => item.id === id);
  assert.deepEqual([one.users, one.groups], [11, 4]);
  assert.deepEqual(one.lastImport, { at: "2026-11-22T02:00:00.000000Z", kind: "users", status: "held" });
  const answer = await asOperator({ url: `${url}/${id}` });
  assert.deepEqual(answer.json, one);
  assert.equal(answer.headers.etag, `"${one.version}"`);
  assert.deepEqual((await asOperator({ url })).json, { items: seen, nextCursor: null });
  assertProblem(await asOperator({ url: `${url}?cursor=x` }), 400, "request_invalid", "cursor");
});

test("a new name is in the organization's change log, made by the operator", async () => {
  const { id, key, name } = await create();
  const path = `${url}/${id}`;
  const patch = (body: object, headers = {}) => asOperator({ method: "PATCH", url: path, body, headers });
  assert.equal((await patch({})).json.version, 1);
  assert.equal((await patch({ name })).json.version, 1, "the same name is no change");
  assertProblem(await patch({ name: "Renamed" }, { "if-match": '"7"' }), 412, "version_mismatch");
  const renamed = await patch({ name: "Renamed" }, { "if-match": '"1"' });
  assert.deepEqual([renamed.json.name, renamed.json.version, renamed.headers.etag], ["Renamed", 2, '"2"']);
  assertProblem(await patch({ name: "Test University" }), 409, "conflict", "name");
  const end = (await app.inject({ url: "/v1/changes", key })).json.cursor;
  for (const next of ["Renamed once more", "Renamed"]) await patch({ name: next });
  const after = await app.inject({ url: `/v1/changes?cursor=${end}`, key });
  assert.equal(after.json.changes.length, 2, "the change is in the feed once the request is answered");
  const { changes } = (await app.inject({ url: "/v1/changes", key })).json;
  assert.deepEqual(
    changes.slice(0, 1).map(({ type, action, id: of, changed, actor }: Record<string, unknown>) => ({
      type,
      action,
      of,
      changed,
      actor,
    })),
    [
      {
        type: "organization",
        action: "updated",
        of: id,
        changed: { name: { from: name, to: "Renamed" } },
        actor: "operator",
      },
    ],
  );
  assert.equal((await app.inject({ url: "/v1/organization", key })).json.name, "Renamed");
  const audit = await app.inject({ url: "/v1/audit?action=organization.renamed", key });
  assert.deepEqual(
    audit.json.items.map(({ actor, details }: { actor: string; details: object }) => [actor, details]),
    ["Renamed", "Renamed once more", "Renamed"].map((next) => ["operator", { name: next }]),
  );
});

test("the operator says whose tokens sign people in, from the next request on, and the audit log tells it", async (t) => {
  const issuer = await startIssuer();
  t.after(issuer.close);
  const signing = await newKey("ES256", "k1");
  issuer.keys.push(signing.jwk);
  const [{ id, key }, other] = [await create(), await create()];
  const [group, emails] = [{ groupId: "STAFF" }, ["jane@campus.edu"]];
  const body = { firstName: "Jane", username: "jdoe", emails, memberships: [group] };
  for (const owner of [key, other.key]) {
    await app.inject({ method: "POST", url: "/v1/groups", key: owner, body: group });
    assert.equal((await app.inject({ method: "POST", url: "/v1/users", key: owner, body })).status, 201);
  }
  const path = `${url}/${id}/identity-provider`;
  const put = (body: object, headers = {}, to = path) => asOperator({ method: "PUT", url: to, body, headers });
  const exp = Math.floor(app.dependencies.clock().getTime() / 1000) + 300;
  const me = async (aud: string) => {
    const token = await sign(signing, { iss: issuer.url, aud, exp, preferred_username: "jdoe" });
    return app.inject({ url: "/v1/me", key: null, headers: { authorization: `Bearer ${token}` } });
  };
  assert.equal((await me("north")).status, 401);
  const provider = { issuer: issuer.url, audience: "north" };
  assertProblem(await put(provider, { "if-match": '"7"' }), 412, "version_mismatch");
  const set = await put(provider, { "if-match": '"1"' });
  assert.deepEqual([set.status, set.json.identityProvider, set.headers.etag], [200, provider, '"2"'], set.body);
  assert.deepEqual((await asOperator({ url: `${url}/${id}` })).json, set.json);
  assert.equal((await put(provider)).json.version, 2, "the same once more is no change");
  assert.equal((await me("north")).json.organization.id, id);

  const taken = await put(provider, {}, `${url}/${other.id}/identity-provider`);
  assertProblem(taken, 409, "conflict", "audience");
  const south = { ...provider, audience: "south" };
  assert.equal((await put(south, {}, `${url}/${other.id}/identity-provider`)).status, 200);
  assert.equal((await me("south")).json.organization.id, other.id);

  for (const [body, field] of [
    [{ ...provider, issuer: "http://login.example.edu" }, "issuer"],
    [{ ...provider, issuer: "https://user:secret@login.example.edu" }, "issuer"],
    [{ ...provider, issuer: "https://login.example.edu/?x=1" }, "issuer"],
    [{ ...provider, audience: "" }, "audience"],
    [{ ...provider, audience: "a\u0007" }, "audience"],
    [{ issuer: provider.issuer }, "audience"],
    [{ audience: "north" }, "issuer"],
    [{ ...provider, claim: "sub" }, "claim"],
  ] as const) {
    assertProblem(await put(body), 400, "request_invalid", field);
  }
  assertProblem(await put(provider, {}, `${url}/4711/identity-provider`), 404, "not_found");
  assertProblem(await app.inject({ method: "PUT", url: path, body: provider, key }), 401, "unauthenticated");
  assertProblem(await app.inject({ method: "DELETE", url: path, key }), 401, "unauthenticated");

  const remove = (headers = {}, to = path) => asOperator({ method: "DELETE", url: to, headers });
  assertProblem(await remove({ "if-match": '"1"' }), 412, "version_mismatch");
  assertProblem(await remove({}, `${url}/4711/identity-provider`), 404, "not_found");
  for (const attempt of ["first", "second"]) assert.equal((await remove()).status, 204, attempt);
  assert.deepEqual([(await me("north")).status, (await me("south")).status], [401, 200]);
  assert.equal((await asOperator({ url: `${url}/${id}` })).json.identityProvider, null);
  const audit = await app.inject({ url: "/v1/audit?action=identity_provider.changed", key });
  assert.deepEqual(
    audit.json.items.map(({ actor, details }: { actor: string; details: object }) => [actor, details]),
    [
      ["operator", { issuer: null, audience: null }],
      ["operator", provider],
    ],
  );
});

test("a further admin key leaves the others, or revokes all other admin keys at once", async () => {
  const { id, key } = await create();
  const job = await app.inject({
    method: "POST",
    url: "/v1/api-keys",
    key,
    body: { name: "nightly", services: ["import"] },
  });
  const order = (body?: object) =>
    asOperator({ method: "POST", url: `${url}/${id}/admin-key`, ...(body ? { body } : {}) });
  const works = async (one: string) => (await app.inject({ url: "/v1/organization", key: one })).status;
  const second = await order();
  assert.deepEqual([second.status, second.json.name, second.json.revoked], [201, "admin 2", 0]);
  assert.deepEqual([await works(key), await works(second.json.key)], [200, 200]);
  const third = await order({ revokeOthers: true });
  assert.deepEqual([third.json.name, third.json.revoked], ["admin", 2]);
  assert.deepEqual([await works(key), await works(second.json.key), await works(third.json.key)], [401, 401, 200]);
  assert.equal(await works(job.json.key), 403, "the key of a job stays");
  assert.equal((await app.inject({ url: "/v1/organization" })).status, 200, "and so do other organizations' keys");
  const names = await Promise.all([order(), order(), order()]);
  assert.deepEqual(names.map(({ json }) => json.name).sort(), ["admin 2", "admin 3", "admin 4"]);
});

test("a deleted organization leaves nothing in any table, and everybody else's tables as they were", async () => {
  const before = await everything();
  const { id, key } = await create();
  await fill(key);
  const full = await everything();
  const empty = Object.keys(full).filter((table) => full[table]!.length === before[table]!.length);
  // Only the announcer's rounds, which do not run here, write notices; only browsers have sessions.
  assert.deepEqual(empty, ["decider_notices", "sessions"], "something of everything was there");
  const remove = (query: string, headers = {}) =>
    asOperator({ method: "DELETE", url: `${url}/${id}${query}`, headers });
  for (const query of ["", "?expectedUsers=", "?expectedUsers=11.0", "?expectedUsers=0xb", "?expectedUsers=-1"])
    assertProblem(await remove(query), 400, "request_invalid", "expectedUsers");
  assertProblem(await remove("?expectedUsers=3"), 409, "conflict", "expectedUsers");
  assertProblem(await remove("?expectedUsers=11", { "if-match": '"9"' }), 412, "version_mismatch");
  assert.deepEqual(await everything(), full);
  assert.equal((await remove("?expectedUsers=11")).status, 204);
  assert.deepEqual(await everything(), before);
  assertProblem(await remove("?expectedUsers=11"), 404, "not_found");
  assert.equal((await app.inject({ url: "/v1/organization", key })).status, 401);
  assert.deepEqual(await verifyStore(database.owner), []);
});

test("a table that nobody has thought of is emptied, too", async (t) => {
  await database.owner.query("create table later (organization_id integer, note text)");
  t.after(() => database.owner.query("drop table later"));
  const { id } = await create();
  await database.owner.query("insert into later values ($1, 'x'), (1, 'y')", [id]);
  assert.equal((await asOperator({ method: "DELETE", url: `${url}/${id}?expectedUsers=0` })).status, 204);
  assert.deepEqual((await database.owner.query("select note from later")).rows, [{ note: "y" }]);
});

test("writes during the deletion of an organization are refused in good order", async () => {
  for (let round = 0; round < 5; round += 1) {
    const { id, key } = await create();
    const writes = Array.from({ length: 12 }, (_, index) => [
      app.inject({
        method: "POST",
        url: "/v1/locations",
        key,
        body: { name: `Hall ${index}` },
        headers: { "idempotency-key": `${index}` },
      }),
      app.inject({ method: "POST", url: "/v1/api-keys", key, body: { name: `key ${index}`, services: ["import"] } }),
      app.inject({
        method: "POST",
        url: "/v1/imports/users",
        key,
        body: { users: [{ firstName: "A", email: "a@x.edu", groupID: "00000" }] },
      }),
    ]).flat();
    const gone = await asOperator({ method: "DELETE", url: `${url}/${id}?expectedUsers=0` });
    assert.equal(gone.status, 204, gone.body);
    for (const { status, body } of await Promise.all(writes)) {
      assert([201, 401, 404, 409, 422, 503].includes(status), `${status} ${body}`);
    }
    const rest = Object.entries(await everything()).flatMap(([table, rows]) =>
      rows.filter((row) => row.startsWith(`{"organization_id":${id},`)).map(() => table),
    );
    assert.deepEqual(rest, []);
  }
});
