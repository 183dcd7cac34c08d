import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase({ after });
const other = await startTestApp(database);
// Its admin key takes the place of the other's.
const app = await startTestApp(database);
const { knownKeys } = app.dependencies;

const use = (service: typeof app, key: string) => service.inject({ url: "/v1/users?limit=1", key });
const create = async (name: string) =>
  (await app.inject({ method: "POST", url: "/v1/api-keys", body: { name, services: ["retrieve"] } })).json as {
    id: string;
    key: string;
  };

/** Uses a key until the other process answers so. */
async function untilOtherAnswers(key: string, status: number): Promise<number> {
  const begin = performance.now();
  while ((await use(other, key)).status !== status) {
    assert.ok(performance.now() - begin < 2_000, `the other process did not answer ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return performance.now() - begin;
}

test("a key that is revoked, bound to other addresses, or rotated is dead at once in this process, and soon in others", async () => {
  const spare = { method: "DELETE", body: undefined, path: "" } as const;
  for (const { method, path, body, status } of [
    { ...spare, status: 401 },
    { method: "PATCH", path: "", body: { allowedAddresses: ["192.0.2.1"] }, status: 403 },
    { method: "PATCH", path: "", body: { services: ["import"] }, status: 403 },
    { method: "POST", path: "/rotate", body: { overlapSeconds: 0 }, status: 401 },
  ] as const) {
    for (let round = 0; round < 5; round += 1) {
      const { id, key } = await create(`${method}${path} ${status} ${round} ${Object.keys(body ?? {})}`);
      for (const service of [app, app, other, other]) assert.equal((await use(service, key)).status, 200);
      const request = { method, url: `/v1/api-keys/${id}${path}`, ...(body ? { body } : {}) };
      assert.ok((await app.inject(request)).status < 300, `${method} ${path}`);
      assert.equal((await use(app, key)).status, status);
      await untilOtherAnswers(key, status);
    }
  }
});

test("whatever changes keys makes the process forget them before it answers", async () => {
  const { id } = await create("forgotten");
  const owned = app.dependencies.database as { keysChanged: () => void };
  const { keysChanged } = owned;
  let forgotten = 0;
  owned.keysChanged = () => {
    forgotten += 1;
    keysChanged();
  };
  const organizations = { method: "POST", url: "/v1/organizations", key: app.operatorKey } as const;
  const added = await app.inject({ ...organizations, body: { name: "Another campus" } });
  const another = `/v1/organizations/${added.json.id}`;
  for (const request of [
    { method: "PATCH", url: `/v1/api-keys/${id}`, body: { name: "renamed" } },
    { method: "POST", url: `/v1/api-keys/${id}/rotate`, body: {} },
    { method: "DELETE", url: `/v1/api-keys/${id}` },
    { method: "POST", url: `${another}/admin-key`, body: { revokeOthers: true }, key: app.operatorKey },
    { method: "DELETE", url: `${another}?expectedUsers=0`, key: app.operatorKey },
  ] as const) {
    forgotten = 0;
    const { status, body } = await app.inject(request);
    assert.ok(status < 300, body);
    assert.ok(forgotten > 0, request.url);
  }
  owned.keysChanged = keysChanged;
});

test("keys that are unknown are not remembered", async () => {
  const { createHash } = await import("node:crypto");
  const key = "muster_unknown";
  assert.equal((await use(app, key)).status, 401);
  assert.equal(knownKeys.get(createHash("sha256").update(key).digest("hex")), undefined);
});

test("the time of use is noted once a minute, although the key is remembered", async () => {
  const { id, key } = await create("noted");
  const lastUsed = async () => (await app.inject({ url: `/v1/api-keys/${id}` })).json.lastUsedAt as string | null;
  const noted = async (before: string | null) => {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      await use(app, key);
      const now = await lastUsed();
      if (now !== before) return now;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return before;
  };
  const first = await noted(null);
  assert.equal(first, "2026-11-22T02:00:00.000000Z");
  app.advanceClock(30_000);
  for (let use_ = 0; use_ < 5; use_ += 1) await use(app, key);
  assert.equal(await lastUsed(), first);
  app.advanceClock(30_000);
  assert.equal(await noted(first), "2026-11-22T02:01:00.000000Z");
});
