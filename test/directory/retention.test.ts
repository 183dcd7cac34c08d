/** Personal data ends when it is promised, also where nobody imports or asks any more. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { deleteOldEntries } from "../../src/organizations/retention.ts";
import { startDirectoryTest } from "./setup.ts";

const { app, owner } = await startDirectoryTest();
const day = 86_400_000;

const count = async (table: string) =>
  Number((await owner.query<{ count: string }>(`select count(*) from ${table}`)).rows[0]!.count);
const deleteAfter = (days: number) =>
  deleteOldEntries({ owner, clock: () => new Date(app.dependencies.clock().getTime() + days * day) });

test("a silent organization keeps no answers, deleted people or notes on rows beyond their time", async () => {
  const csv = "firstName,email,groupID,databaseID\nAnn,ann@example.edu,NONE,1\n";
  const headers = { "content-type": "text/csv", accept: "application/json" };
  const imported = await app.inject({ method: "POST", url: "/v1/imports/users", body: csv, headers });
  const body = { firstName: "Bo", emails: ["bo@example.edu"] };
  const made = await app.inject({ method: "POST", url: "/v1/users", body, headers: { "idempotency-key": "one" } });
  assert.equal(made.status, 201, made.body);
  await app.inject({ method: "DELETE", url: `/v1/users/${made.json.id}` });
  const notes = await count("import_rows");
  assert.ok(notes > 0);
  assert.deepEqual([await count("idempotency_keys"), await count("user_tombstones")], [1, 1]);

  await deleteAfter(0.9);
  assert.deepEqual([await count("idempotency_keys"), await count("user_tombstones")], [1, 1]);
  await deleteAfter(1.1);
  assert.deepEqual([await count("idempotency_keys"), await count("user_tombstones")], [0, 1]);
  await deleteAfter(31);
  assert.deepEqual([await count("user_tombstones"), await count("import_rows")], [0, notes]);
  await deleteAfter(366);
  assert.equal(await count("import_rows"), 0);
  const { json } = await app.inject({ url: `/v1/imports/${imported.json.id}` });
  assert.deepEqual(json.counts, imported.json.counts);
});
