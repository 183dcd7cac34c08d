import assert from "node:assert/strict";
import { after, test } from "node:test";
import { DatabaseError } from "pg";
import { describeError } from "../../src/http/server/logging.ts";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);

test("a request leaves one line: what, how it went, and whose key it was", async () => {
  app.log.length = 0;
  await app.inject({ url: "/v1/imports/0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a" });
  const [line, ...others] = app.log;
  assert.deepEqual(others, []);
  const { time, requestId, milliseconds, callerId, ...rest } = line;
  assert.match(time, /Z$/);
  assert.match(requestId, /^[0-9a-f-]{36}$/);
  assert.match(callerId, /^[0-9a-f-]{36}$/);
  assert.equal(typeof milliseconds, "number");
  assert.deepEqual(rest, {
    level: "info",
    msg: "request",
    method: "GET",
    route: "/v1/imports/:id",
    status: 404,
    organizationId: app.organizationId,
  });
});

test("neither keys, nor people, nor bodies, nor addresses get into the log", async () => {
  app.log.length = 0;
  const secret = "hush4711";
  const requests = [
    { url: `/v1/users?api_key=${secret}&email=${secret}@example.edu` },
    { url: `/v1/${secret}?api_key=${secret}` },
    { url: `/v1/imports/${secret}` },
    { url: "/v1/organization", key: secret },
    { url: "/v1/organization", headers: { authorization: `Basic ${btoa(`${secret}:${secret}`)}` } },
    { url: "/v1/organization", headers: { "x-forwarded-for": secret, cookie: secret, "user-agent": secret } },
    { url: "/v1/api-keys", method: "POST", body: { name: secret, services: [secret] } },
    {
      url: "/v1/api-keys",
      method: "POST",
      body: `{"email": "${secret}@example.edu"`,
      headers: { "content-type": "application/json" },
    },
    { url: "/v1/imports/users", method: "POST", body: `<${secret}>`, headers: { "content-type": "application/xml" } },
    { url: `/v1/imports/%ff${secret}` },
  ] as const;
  for (const request of requests) await app.inject(request);
  assert.equal(
    app.log.filter(({ msg }) => msg === "request").length,
    requests.length - 1,
    "all but the unreadable address",
  );
  assert(!JSON.stringify(app.log).includes(secret), JSON.stringify(app.log));
  assert(!JSON.stringify(app.log).includes(app.key));
});

test("a fault of the service is masked for the sender, and logged without values", async (t) => {
  const owner = database.owner;
  await owner.query("alter table sources rename to sources_gone");
  t.after(() => owner.query("alter table sources_gone rename to sources"));
  app.log.length = 0;
  const answer = await app.inject({ url: "/v1/sources" });
  assert.equal(answer.status, 500);
  assert.equal(answer.json.code, "internal");
  assert(!answer.body.includes("sources"), answer.body);
  const line = app.log.find(({ level }) => level === "error");
  assert.equal(line.err.code, "42P01");
  assert.equal(line.requestId, answer.json.requestId);
  assert.match(line.err.stack, /^at /);
});

test("errors are described without what they quote", () => {
  const error = new DatabaseError('invalid input for "jane.doe@example.edu" of Jane', 1, "error");
  Object.assign(error, {
    code: "23505",
    detail: "Key (email)=(jane.doe@example.edu) already exists.",
    table: "users",
    constraint: "users_email",
    cause: new TypeError("cannot read +1 (212) 555-0142 of 'jane'"),
  });
  const described = JSON.stringify(describeError(error));
  assert(!/jane\.doe|already exists|555|'jane'/.test(described), described);
  assert.match(described, /"code":"23505".*"table":"users".*"constraint":"users_email"/);
  assert.match(described, /"type":"TypeError"/);
});
