import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { cookieOf, ownPage } from "../support/sign-in.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database, {}, { publicUrl: "https://Muster.example.edu" });
const { json: user } = await app.inject({
  method: "POST",
  url: "/v1/users",
  body: { firstName: "Jane", emails: ["jane@campus.edu"] },
});
const newLink = async () =>
  (await app.inject({ method: "POST", url: "/v1/sign-in-links", body: { userId: user.id } })).json.url as string;

test("over HTTPS the cookie is bound to the host and to HTTPS", async () => {
  const link = await newLink();
  assert.match(link, /^https:\/\/muster\.example\.edu\/sign-in\//);
  const url = new URL(link).pathname;
  const answer = await app.inject({
    method: "POST",
    url,
    key: null,
    headers: { origin: "https://muster.example.edu" },
  });
  assert.equal(answer.status, 303, answer.body);
  assert.match(
    String(answer.headers["set-cookie"]),
    /^__Host-muster=[\w-]{43}; .*Path=\/; HttpOnly; Secure; SameSite=Strict$/,
  );
  const me = (cookie: string) => app.inject({ url: "/v1/me", key: null, headers: { cookie } });
  assert.equal((await me(cookieOf(answer))).status, 200);
  const plain = cookieOf(answer).replace("__Host-muster", "muster_session");
  assert.equal((await me(plain)).status, 401, "a name that plain HTTP may set does not count");
});

test("over plain HTTP nobody is signed in but on this machine", async (t) => {
  const plain = await startTestApp(await createTestDatabase(t));
  const { json } = await plain.inject({
    method: "POST",
    url: "/v1/users",
    body: { firstName: "Jane", emails: ["jane@campus.edu"] },
  });
  const sign = async (headers: Record<string, string>) => {
    const link = await plain.inject({ method: "POST", url: "/v1/sign-in-links", body: { userId: json.id }, headers });
    const url = new URL(link.json.url).pathname;
    const page = await plain.inject({ url, key: null, headers });
    const answer = await plain.inject({ method: "POST", url, key: null, headers: { ...headers, ...ownPage } });
    return [page.status, answer.status, cookieOf(answer).split("=")[0]];
  };
  assert.deepEqual(await sign({ host: "muster.example.edu" }), [403, 403, ""]);
  assert.deepEqual(await sign({ host: "localhost.example.edu" }), [403, 403, ""]);
  for (const host of ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"]) {
    assert.deepEqual(await sign({ host }), [200, 303, "muster_session"], host);
  }
  const behindProxy = { host: "muster.example.edu", "x-forwarded-proto": "https" };
  assert.deepEqual(await sign(behindProxy), [200, 303, "__Host-muster"]);
});
