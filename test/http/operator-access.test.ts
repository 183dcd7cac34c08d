import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Registry } from "prom-client";
import { buildApp } from "../../src/http/app.ts";
import { createMetrics } from "../../src/http/server/metrics.ts";
import { assertProblem } from "../directory/setup.ts";
import { startTestApp, type TestRequest } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
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

test("ids that nobody has, or can have, are answered alike", async () => {
  const answers = [];
  for (const id of ["999", "0", "-1", "abc", "99999999999999999999", "1e3", "2147483648"]) {
    for (const request of [
      { url: `${url}/${id}` },
      { method: "PATCH", url: `${url}/${id}`, body: { name: "X" } },
      { method: "DELETE", url: `${url}/${id}?expectedUsers=0` },
      { method: "POST", url: `${url}/${id}/admin-key` },
    ] as const) {
      const { status, json } = await asOperator(request);
      answers.push(JSON.stringify([status, { ...json, requestId: "" }]));
    }
  }
  assert.equal(new Set(answers).size, 1, answers.join("\n"));
});

test("only the operator's key opens the addresses of the operator, and it opens nothing else", async () => {
  const attempts: TestRequest[] = [
    { url },
    { method: "POST", url, body: { name: "Never" } },
    { url: `${url}/1` },
    { method: "PATCH", url: `${url}/1`, body: { name: "Never" } },
    { method: "DELETE", url: `${url}/1?expectedUsers=0` },
    { method: "POST", url: `${url}/1/admin-key` },
    { url: `${url}/1/none` },
  ];
  const before = await everything();
  for (const request of attempts) {
    for (const key of [null, app.key, `${app.operatorKey}x`, app.operatorKey.slice(0, -1), "x".repeat(1000), ""]) {
      const answer = await app.inject({ ...request, key });
      assertProblem(answer, 401, "unauthenticated");
      assert.match(String(answer.headers["www-authenticate"]), /^Bearer .*Basic /);
    }
  }
  assert.deepEqual(await everything(), before);
  for (const path of ["/v1/organization", "/v1/users", "/v1/api-keys", "/api/v2/groups", "/v1/none"]) {
    assert.equal((await asOperator({ url: path })).status, 401, path);
  }
  assert.equal((await app.inject({ url: `/api/v2/groups?api_key=${app.operatorKey}`, key: null })).status, 401);
  const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString("base64")}` });
  for (const pair of [`${app.operatorKey}:`, `x:${app.operatorKey}`]) {
    assert.equal((await app.inject({ url, key: null, headers: basic(pair) })).status, 200, pair);
  }
});

test("an unknown method or address below is told so, to the operator", async () => {
  const answer = await asOperator({ method: "PUT", url });
  assertProblem(answer, 405, "method_not_allowed");
  assert.equal(answer.headers.allow, "GET, HEAD, POST");
  assertProblem(await asOperator({ url: `${url}/1/none` }), 404, "not_found");
});

test("without an operator's key the addresses are not there for any caller", async (t) => {
  const closed = await buildApp({
    dependencies: { ...app.dependencies, operator: undefined },
    metrics: createMetrics(new Registry()),
    log: { level: "silent", stream: { write: () => {} } },
  });
  t.after(() => closed.close());
  for (const method of ["GET", "POST", "PATCH", "DELETE", "PUT"] as const) {
    for (const path of [url, `${url}/1`, `${url}/1/admin-key`]) {
      for (const authorization of ["", `Bearer ${app.key}`, `Bearer ${app.operatorKey}`]) {
        const { statusCode, body } = await closed.inject({
          method,
          url: path,
          headers: authorization ? { authorization } : {},
        });
        assert.equal(statusCode, 404, `${method} ${path}`);
        assert.equal(JSON.parse(body).code, "not_found");
      }
    }
  }
});
