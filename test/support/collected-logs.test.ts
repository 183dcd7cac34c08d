import assert from "node:assert/strict";
import { test } from "node:test";
import { findForbidden } from "./collected-logs.ts";

test("data of people, keys and tokens are found in a line of a log", () => {
  const lines: [string, string][] = [
    ["user jane.doe+x@example.edu was not found", "an e-mail address"],
    ["müller@campus.edu", "an e-mail address"],
    ['{"msg":"+12025550123"}', "a phone number"],
    ["called (212) 555-0123", "a phone number"],
    ["called 212-555-0123 and 212.555.0124", "a phone number"],
    ['{"name":"Priya"}', "a name"],
    ["Núñez de la Cruz", "a name"],
    ["First17", "a name"],
    [`key muster_${"aB3_-".repeat(9).slice(0, 43)}`, "an API key"],
    ["muster_test_0123456789abcdef", "an API key"],
    ["GET /api/v2/users?api_key=x", "an API key"],
    ["cookie: muster_session=abc", "a session"],
    ["eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0", "a token"],
    ['{"headers":{"Authorization":"x"}}', "credentials"],
    ["Bearer 0123456789", "credentials"],
    ["-----BEGIN PRIVATE KEY-----", "a private key"],
  ];
  for (const [line, what] of lines) assert.equal(findForbidden(line), what, line);
});

test("ordinary log lines pass", () => {
  const lines = [
    '{"level":"info","time":"2026-11-26T15:39:02.348Z","msg":"request","requestId":"01a200fb-5100-7136-9903-774bc9d484be"}',
    '{"route":"/v1/users/:id","status":404,"milliseconds":1234.5,"organizationId":1,"apiKeyId":"01a200fb-5100-7136-9903-774bc9d48400"}',
    "at file:///work/node_modules/@fastify/swagger/lib/index.js:12:34",
    "Server listening at http://127.0.0.1:45113",
    "postgresql: database system was shut down at 2026-11-26 15:39:02.348 UTC",
    "muster_imports_total",
  ];
  for (const line of lines) assert.equal(findForbidden(line), undefined, line);
});
