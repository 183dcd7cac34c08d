import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { JWTPayload } from "jose";
import { setIssuer } from "../../src/organizations/issuer.ts";
import { createIssuerKeys, issuerTiming } from "../../src/sign-in/issuer-keys.ts";
import { assertProblem } from "../directory/setup.ts";
import { startTestApp, type TestAppOptions } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import {
  discoveryPath,
  keysPath,
  newKey,
  type SigningKey,
  sign,
  startIssuer,
  type TestIssuer,
} from "../support/issuer.ts";

const key = await newKey("ES256", "k1");
const newer = await newKey("ES256", "k2");

/** A service with an issuer of its own, which publishes the first key. */
async function startPair(t: TestContext, timing: TestAppOptions["timing"] = {}) {
  const issuer = await startIssuer();
  t.after(issuer.close);
  issuer.keys.push(key.jwk);
  const database = await createTestDatabase(t);
  const app = await startTestApp(database, {}, { timing });
  await setIssuer(database.owner, app.organizationId, { issuer: issuer.url, audience: "muster" }, new Date());
  await app.inject({
    method: "POST",
    url: "/v1/users",
    body: { firstName: "Jane", username: "jdoe", emails: ["jane@campus.edu"] },
  });
  const now = Math.floor(app.dependencies.clock().getTime() / 1000);
  const claims: JWTPayload = { iss: issuer.url, aud: "muster", exp: now + 300, preferred_username: "jdoe" };
  const me = async (signedBy: SigningKey) =>
    app.inject({ url: "/v1/me", key: null, headers: { authorization: `Bearer ${await sign(signedBy, claims)}` } });
  const status = async (signedBy: SigningKey) => (await me(signedBy)).status;
  return { issuer, app, me, status };
}

const countOf = ({ asked }: TestIssuer, path: string) => asked.filter((one) => one === path).length;

test("the issuer's documents are fetched once, however many come at the same time", async (t) => {
  const { issuer, status } = await startPair(t);
  const statuses = await Promise.all(Array.from({ length: 20 }, () => status(key)));
  assert.deepEqual([...new Set(statuses)], [200]);
  await status(key);
  assert.deepEqual([countOf(issuer, discoveryPath), countOf(issuer, keysPath)], [1, 1]);
});

test("a new key counts at once, and a withdrawn key is refused once the keys are read again", async (t) => {
  const { issuer, status } = await startPair(t, { keysCooldown: 0, keysAge: 200 });
  assert.deepEqual([await status(key), await status(newer)], [200, 401]);
  issuer.keys = [key.jwk, newer.jwk];
  assert.deepEqual([await status(newer), await status(key)], [200, 200]);
  issuer.keys = [newer.jwk];
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.deepEqual([await status(key), await status(newer)], [401, 200]);
});

test("keys that nobody knows do not make the service ask again and again", async (t) => {
  const { issuer, status } = await startPair(t);
  for (let count = 0; count < 5; count += 1) assert.equal(await status(newer), 401);
  assert.equal(countOf(issuer, keysPath), 1);
  assert.equal(await status(key), 200);
});

test("an issuer that fails is logged, and not asked for a while; API keys and fresh keys go on working", async (t) => {
  const { issuer, app, me, status } = await startPair(t, { patience: 300, keysCooldown: 0, rest: 60_000 });
  assert.equal(await status(key), 200);
  issuer.answers.set(keysPath, (_request, response) => response.writeHead(500).end());
  assertProblem(await me(newer), 503, "issuer_unavailable");
  const asked = issuer.asked.length;
  const again = await me(newer);
  assertProblem(again, 503, "issuer_unavailable");
  assert.match(String(again.headers["retry-after"]), /^(?:60|59|58)$/);
  assert.equal(issuer.asked.length, asked, "it is left alone");
  assert.equal(await status(key), 200);
  assert.equal((await app.inject({ url: "/v1/organization" })).status, 200);
});

const wrong: Readonly<Record<string, (issuer: TestIssuer) => void>> = {
  "does not answer": ({ answers }) => answers.set(discoveryPath, () => {}),
  "stops in the middle": ({ answers }) =>
    answers.set(discoveryPath, (_request, response) => void response.writeHead(200).write('{"issuer":')),
  "breaks the connection off": ({ answers }) => answers.set(discoveryPath, (request) => request.socket.destroy()),
  "sends no JSON": ({ answers }) => answers.set(discoveryPath, (_request, response) => response.end("<html>")),
  "sends null": ({ answers }) => answers.set(discoveryPath, (_request, response) => response.end("null")),
  "sends without an end": ({ answers }) =>
    answers.set(discoveryPath, (_request, response) => {
      const piece = "x".repeat(64 * 1024);
      const more = () => {
        response.write(piece, (error) => error ?? setImmediate(more));
      };
      response.writeHead(200);
      more();
    }),
  "sends elsewhere": ({ answers, url }) =>
    answers.set(discoveryPath, (_request, response) => response.writeHead(302, { location: `${url}/other` }).end()),
  "calls itself otherwise": ({ answers, url }) =>
    answers.set(discoveryPath, (_request, response) =>
      response.end(JSON.stringify({ issuer: "https://evil.example", jwks_uri: `${url}${keysPath}` })),
    ),
  "has its keys at an unsafe address": ({ answers, url }) =>
    answers.set(discoveryPath, (_request, response) =>
      response.end(JSON.stringify({ issuer: url, jwks_uri: "http://keys.example.edu/" })),
    ),
  "has invalid keys": ({ answers }) => answers.set(keysPath, (_request, response) => response.end('{"keys":7}')),
  "has keys elsewhere": ({ answers }) =>
    answers.set(keysPath, (_request, response) => response.writeHead(301, { location: "/other" }).end()),
  "does not answer with keys": ({ answers }) => answers.set(keysPath, () => {}),
};

test("whatever an issuer does wrong, the answer comes soon, and is 503", async (t) => {
  await Promise.all(
    Object.entries(wrong).map(async ([what, spoil]) => {
      const { issuer, me, status } = await startPair(t, { patience: 500, rest: 200 });
      spoil(issuer);
      const begun = performance.now();
      const answer = await me(key);
      assert.deepEqual([answer.status, answer.json.code], [503, "issuer_unavailable"], `${what}: ${answer.body}`);
      assert.equal(answer.headers["retry-after"], "1", what);
      assert(performance.now() - begun < 10_000, what);
      issuer.answers.clear();
      await new Promise((resolve) => setTimeout(resolve, 250));
      assert.equal(await status(key), 200, `${what}: it recovers`);
    }),
  );
});

test("an issuer elsewhere cannot have the service fetch from its own machine", async () => {
  const issuer = "https://login.example.edu";
  for (const address of [
    "http://127.0.0.1:8500/v1/kv",
    "http://localhost/",
    "https://[::1]/keys",
    "https://LOCALHOST/",
  ]) {
    const asked: string[] = [];
    const fetched = async (input: string | URL | Request) => {
      asked.push(String(input));
      return Response.json({ issuer, jwks_uri: address });
    };
    const keysOf = createIssuerKeys({ fetch: fetched as typeof fetch, timing: issuerTiming, now: () => 0 });
    const find = async () => keysOf(issuer)({ alg: "ES256", kid: "k1" }, { payload: "", signature: "" });
    await assert.rejects(find, /issuer_unavailable/, address);
    assert.deepEqual(asked, [`${issuer}${discoveryPath}`], address);
  }
});

test("a document of an issuer that is too large is not read to its end", async (t) => {
  const { issuer, me } = await startPair(t, { patience: 60_000 });
  wrong["sends without an end"]!(issuer);
  assertProblem(await me(key), 503, "issuer_unavailable");
});

test("an unreachable issuer is logged", async (t) => {
  const { issuer, me } = await startPair(t);
  await issuer.close();
  assertProblem(await me(key), 503, "issuer_unavailable");
});

test("a published key that is broken refuses its tokens, and no others", async (t) => {
  const { issuer, status } = await startPair(t);
  issuer.keys = [{ kty: "RSA", kid: "k2", n: "AQAB", e: "AQAB" }, { kid: "k3" }, key.jwk];
  assert.deepEqual([await status(newer), await status(key)], [401, 200]);
});
