import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const app = await startTestApp(await createTestDatabase({ after }));
await app.inject({ method: "PUT", url: "/v1/sources/housing", body: {} });
const send = async (source: string) =>
  (
    await app.inject({
      method: "POST",
      url: `/v1/imports/users?source=${source}`,
      headers: { "content-type": "text/csv" },
      body: `firstName,email,groupID\nIda,ida-${source}@campus.edu,G\n`,
    })
  ).json.id;
const [students, housing] = [await send("default"), await send("housing")];
const key = await app.keyWith(["import"], { name: "housing", source: "housing" });

test("a key that is bound to a source lists the imports of that source only", async () => {
  for (const query of ["", "?source=housing"]) {
    const { json } = await app.inject({ url: `/v1/imports${query}`, key });
    assert.deepEqual(
      json.items.map(({ id }: { id: string }) => id),
      [housing],
    );
  }
  assert.equal((await app.inject({ url: "/v1/imports?source=default", key })).status, 403);
});

test("imports of other sources are unknown to it, with their rows, plan and response file", async () => {
  for (const path of ["", "/rows", "/plan", "/response"]) {
    const foreign = await app.inject({ url: `/v1/imports/${students}${path}`, key });
    assert.deepEqual([foreign.status, foreign.json.code], [404, "not_found"], path);
    assert.equal(
      foreign.json.detail,
      (await app.inject({ url: `/v1/imports/${crypto.randomUUID()}`, key })).json.detail,
    );
  }
  assert.equal((await app.inject({ url: `/v1/imports/${housing}/response`, key })).status, 200);
  assert.equal((await app.inject({ url: `/v1/imports/${housing}/rows`, key })).status, 200);
});
