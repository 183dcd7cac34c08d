import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);
const headers = { "content-type": "text/csv", accept: "application/json" };
const load = (key: string, people: number) => {
  const rows = Array.from({ length: people }, (_, id) => `P,p${id}@example.edu,U${id}`);
  const body = `firstName,email,databaseID\n${rows.join("\n")}\n`;
  return app.inject({ method: "POST", url: "/v1/imports/users", key, headers, body });
};

test("after the first load of a second organization, PostgreSQL knows its size in all tables that grew", async () => {
  const authorization = `Bearer ${app.operatorKey}`;
  const body = { name: "Second" };
  const made = await app.inject({
    method: "POST",
    url: "/v1/organizations",
    key: null,
    headers: { authorization },
    body,
  });
  const second = made.json.adminKey.key;
  const settings = { settings: { requireGroup: false } };
  await app.inject({ method: "PATCH", url: "/v1/organization", key: second, body: settings });
  assert.equal((await load(app.key, 1_500)).status, 201);
  assert.equal((await load(second, 3_000)).status, 201);
  const { rows } = await database.owner.query<{ table: string; frequencies: number[] }>(
    `select tablename as table, most_common_freqs as frequencies from pg_stats
     where attname = 'organization_id' and tablename in ('users', 'user_sources', 'changes') order by 1`,
  );
  assert.deepEqual(
    rows.map(({ table, frequencies }) => [table, ...frequencies.map((share) => share.toFixed(1))]),
    [
      ["changes", "0.7", "0.3"],
      ["user_sources", "0.7", "0.3"],
      ["users", "0.7", "0.3"],
    ],
  );
});
