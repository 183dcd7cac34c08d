import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  base64url,
  CompactSign,
  type CryptoKey,
  exportSPKI,
  importJWK,
  type JWTPayload,
  SignJWT,
  UnsecuredJWT,
} from "jose";
import { setIssuer } from "../../src/organizations/issuer.ts";
import { assertProblem, startDirectoryTest } from "../directory/setup.ts";
import { newKey, sign, startIssuer } from "../support/issuer.ts";

const { app, send, addUser, owner, addOrganization } = await startDirectoryTest();
const issuer = await startIssuer();
after(issuer.close);
const audience = "muster";
await setIssuer(owner, app.organizationId, { issuer: issuer.url, audience }, new Date());
const key = await newKey("RS256", "k1");
const others = ["RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"];
const keys = [key, ...(await Promise.all(others.map((alg) => newKey(alg, `of-${alg}`))))];
issuer.keys.push(...keys.map(({ jwk }) => jwk));

await send("POST", "/v1/groups", { groupId: "ADMIN" });
const jane = await addUser({ username: "JDoe", emails: ["Jane@Campus.edu"] });
const now = () => Math.floor(app.dependencies.clock().getTime() / 1000);
const good = (): JWTPayload => ({
  iss: issuer.url,
  aud: audience,
  sub: "s-1",
  iat: now(),
  exp: now() + 300,
  preferred_username: "jdoe",
});
const me = (token: string, scheme = "Bearer") =>
  app.inject({ url: "/v1/me", key: null, headers: { authorization: `${scheme} ${token}` } });
const settings = (changed: object) => send("PATCH", "/v1/organization", { settings: changed });

test("a token of the organization's issuer signs its person in", async () => {
  for (const claims of [
    good(),
    { ...good(), aud: ["other", audience] },
    { ...good(), preferred_username: " JDOE " },
    { ...good(), exp: now() - 29 },
    { ...good(), nbf: now() + 29 },
  ]) {
    const { status, json, body } = await me(await sign(key, claims));
    assert.deepEqual([status, json.id], [200, jane.id], body);
  }
  for (const typ of ["JWT", "at+jwt", "application/at+jwt"]) {
    assert.equal((await me(await sign(key, good(), { typ }))).status, 200, typ);
  }
  assert.equal((await me(await sign(key, good()), "bearer")).status, 200);
});

test("a token that is too long is refused as a token, not as an API key", async () => {
  const { status, json } = await me(await sign(key, { ...good(), groups: "g".repeat(10_000) }));
  assert.equal(status, 401);
  assert.match(json.detail, /^The token is longer than 12 KiB\. Have the identity provider leave out claims/);
});

test("who comes with a token has no session to end", async () => {
  const answer = await app.inject({
    method: "POST",
    url: "/v1/sign-out",
    key: null,
    headers: { authorization: `Bearer ${await sign(key, good())}` },
  });
  assertProblem(answer, 409, "conflict");
  const write = await app.inject({
    method: "PATCH",
    url: "/v1/groups/ADMIN",
    key: null,
    body: { description: "x" },
    headers: { authorization: `Bearer ${await sign(key, good())}`, "sec-fetch-site": "cross-site" },
  });
  assertProblem(write, 403, "forbidden");
  assert.match(write.json.detail, /may administer/, "it is not for a browser's page that it is refused");
});

test("every algorithm with a public key is taken", async () => {
  for (const one of keys) assert.equal((await me(await sign(one, good()))).status, 200, one.alg);
});

test("a token with anything wrong is refused", async () => {
  const stranger = await newKey("RS256", "k1");
  const unknown = await newKey("RS256", "k2");
  const pem = await exportSPKI((await importJWK(key.jwk, "RS256")) as CryptoKey);
  const hmac = (secret: string | Uint8Array) =>
    new SignJWT(good())
      .setProtectedHeader({ alg: "HS256", kid: "k1" })
      .sign(typeof secret === "string" ? new TextEncoder().encode(secret) : secret);
  const [head, body, signature] = (await sign(key, good())).split(".") as [string, string, string];
  const encoded = (value: unknown) => base64url.encode(typeof value === "string" ? value : JSON.stringify(value));
  const without = (...names: string[]) =>
    sign(key, Object.fromEntries(Object.entries(good()).filter(([name]) => !names.includes(name))));
  const payload = (text: string) =>
    new CompactSign(new TextEncoder().encode(text))
      .setProtectedHeader({ alg: "RS256", kid: "k1" })
      .sign(key.privateKey);
  const bad: Record<string, string> = {
    none: new UnsecuredJWT(good()).encode(),
    "none in capitals": `${encoded({ alg: "NONE" })}.${body}.`,
    "an empty alg": `${encoded({ alg: "" })}.${body}.${signature}`,
    unsigned: `${head}.${body}.`,
    "signed by another key of the same name": await sign(stranger, good()),
    "signed by a key that is not published": await sign(unknown, good()),
    "HS256 with the public key as PEM": await hmac(pem),
    "HS256 with the public key as JWK": await hmac(JSON.stringify(key.jwk)),
    "HS256 with the modulus": await hmac(base64url.decode(key.jwk.n!)),
    "a key of its own in the header": await sign(stranger, good(), { jwk: stranger.jwk, kid: undefined }),
    "another audience": await sign(key, { ...good(), aud: "other" }),
    "no audience": await without("aud"),
    "an audience that is no text": await sign(key, { ...good(), aud: [7, null] as unknown as string[] }),
    "another issuer": await sign(key, { ...good(), iss: "https://evil.example" }),
    "the issuer with a slash": await sign(key, { ...good(), iss: `${issuer.url}/` }),
    "no issuer": await without("iss"),
    "an issuer with NUL": await sign(key, { ...good(), iss: "a\0b" }),
    expired: await sign(key, { ...good(), exp: now() - 31 }),
    "not valid yet": await sign(key, { ...good(), nbf: now() + 31 }),
    "no expiry": await without("exp"),
    "an expiry that is no number": await sign(key, { ...good(), exp: "soon" as unknown as number }),
    "no name": await without("preferred_username"),
    "a name that is no text": await sign(key, { ...good(), preferred_username: { a: 1 } }),
    "an empty name": await sign(key, { ...good(), preferred_username: "  " }),
    "a name with NUL": await sign(key, { ...good(), preferred_username: "jdoe\0" }),
    "a logout token": await sign(key, good(), { typ: "logout+jwt" }),
    "a typ that is no text": `${encoded({ alg: "RS256", kid: "k1", typ: 5 })}.${body}.${signature}`,
    "another payload": `${head}.${encoded({ ...good(), preferred_username: "admin" })}.${signature}`,
    "a payload that is no JSON": await payload("no JSON"),
    "a payload that is a list": await payload("[]"),
    "a payload that is null": await payload("null"),
    "an unknown critical header": `${encoded({ alg: "RS256", kid: "k1", crit: ["x"], x: 1 })}.${body}.${signature}`,
    "a signature that is no base64url": `${head}.${body}.!!!`,
    "a short signature": `${head}.${body}.AAAA`,
    "five parts": `${head}.${body}.${signature}.x.y`,
    "two parts": `${head}.${body}`,
    "no JOSE header": `abc.${body}.${signature}`,
    "dots alone": "..",
    garbage: "a.b.c",
    "too long": await sign(key, { ...good(), x: "x".repeat(10_000) }),
    "too many audiences": await sign(key, {
      ...good(),
      aud: [audience, ...Array.from({ length: 30 }, (_, i) => `${i}`)],
    }),
  };
  for (const [what, token] of Object.entries(bad)) {
    const answer = await me(token);
    assert.equal(answer.status, 401, `${what}: ${answer.body}`);
    assertProblem(answer, 401, "unauthenticated");
    assert.doesNotMatch(answer.body, /jdoe/i, what);
  }
  assertProblem(await me(`x ${await sign(key, good())}`), 401, "unauthenticated");
  const basic = await me(Buffer.from(`${await sign(key, good())}:`).toString("base64"), "Basic");
  assertProblem(basic, 401, "unauthenticated");
  const v2 = await app.inject({
    url: "/api/v2/groups",
    key: null,
    headers: { authorization: `Bearer ${await sign(key, good())}`, accept: "application/json" },
  });
  assertProblem(v2, 401, "unauthenticated");
});

test("where a token says that its keys are is never asked, nor read", async () => {
  const stranger = await startIssuer();
  after(stranger.close);
  const own = await newKey("RS256", "k1");
  stranger.keys.push(own.jwk);
  for (const header of [
    { jku: `${stranger.url}/keys` },
    { x5u: `${stranger.url}/keys` },
    { jwk: own.jwk },
    { kid: "../../../../dev/null" },
    { kid: `${stranger.url}/keys` },
    { kid: "k1' or '1'='1" },
    { kid: "\0" },
  ]) {
    const answer = await me(await sign(own, good(), header));
    assert.equal(answer.status, 401, JSON.stringify(header));
  }
  assert.deepEqual(stranger.asked, []);
});

test("a token whose person is unknown is forbidden, and the answer does not repeat what it says", async () => {
  for (const preferred_username of ["nobody.at.all", "jdoe@campus.edu", "%", "__proto__"]) {
    const answer = await me(await sign(key, { ...good(), preferred_username }));
    assertProblem(answer, 403, "forbidden");
    assert(!answer.body.includes(preferred_username));
    assert.match(answer.json.detail, /preferred_username/);
  }
});

test("which claim names the person, and what it is compared with, is a setting", async (t) => {
  t.after(() => settings({ signInClaim: null, signInMatches: null }));
  await settings({ signInClaim: "email", signInMatches: "email" });
  const byEmail = (claims: object) =>
    sign(key, { ...good(), email: "JANE@campus.edu", ...claims }).then((it) => me(it));
  assert.equal((await byEmail({ email_verified: true })).json.id, jane.id);
  for (const email_verified of [false, undefined, "true", 1]) {
    assertProblem(await byEmail({ email_verified }), 403, "forbidden");
  }
  assertProblem(await me(await sign(key, good())), 401, "unauthenticated");
  const twin = await addUser({ emails: ["jane@campus.edu"] });
  const ambiguous = await byEmail({ email_verified: true });
  assertProblem(ambiguous, 403, "forbidden");
  assert.match(ambiguous.json.detail, /several people/);
  await send("DELETE", `/v1/users/${twin.id}`);
  assert.equal((await byEmail({ email_verified: true })).status, 200);

  await send("POST", "/v1/imports/users?source=default", {
    users: [{ databaseID: "900123", email: "kim@campus.edu", firstName: "Kim", lastName: "P", groupID: "ADMIN" }],
  });
  await settings({ signInClaim: "https://campus.edu/claims/id", signInMatches: "databaseId" });
  for (const value of ["900123", 900123]) {
    const answer = await me(await sign(key, { ...good(), "https://campus.edu/claims/id": value }));
    assert.equal(answer.json.firstName, "Kim", answer.body);
  }
  for (const signInClaim of ["", "a b", "a".repeat(201)]) {
    const answer = await app.inject({ method: "PATCH", url: "/v1/organization", body: { settings: { signInClaim } } });
    assertProblem(answer, 400, "request_invalid");
  }
});

test("a token is of the organization whose issuer and audience it has", async () => {
  const other = await addOrganization();
  await setIssuer(owner, other.organizationId, { issuer: issuer.url, audience: "muster-two" }, new Date());
  await app.inject({
    method: "POST",
    url: "/v1/users",
    key: other.key,
    body: { firstName: "Far", username: "jdoe", emails: ["far@other.edu"] },
  });
  const far = await me(await sign(key, { ...good(), aud: "muster-two" }));
  assert.equal(far.json.organization.id, String(other.organizationId));
  assert.equal((await me(await sign(key, good()))).json.organization.id, String(app.organizationId));
  assertProblem(await me(await sign(key, { ...good(), aud: [audience, "muster-two"] })), 401, "unauthenticated");

  await assert.rejects(
    setIssuer(owner, other.organizationId, { issuer: issuer.url, audience }, new Date()),
    /conflict/,
  );
  await setIssuer(owner, other.organizationId, null, new Date());
  assertProblem(await me(await sign(key, { ...good(), aud: "muster-two" })), 401, "unauthenticated");
  await assert.rejects(setIssuer(owner, 4711, null, new Date()), /not_found/);
});

test("an issuer is an https address, or one of this machine", async () => {
  const set = (issuerUrl: string, aud = "a") =>
    setIssuer(owner, app.organizationId, { issuer: issuerUrl, audience: aud }, new Date());
  for (const url of [
    "http://login.example.edu",
    "http://169.254.169.254/latest",
    "http://127.0.0.1.example.edu",
    "ftp://localhost",
    "file:///etc/passwd",
    "https://user:secret@login.example.edu",
    "https://login.example.edu?x=1",
    "https://login.example.edu#x",
    " https://login.example.edu",
    "login.example.edu",
    "",
  ]) {
    await assert.rejects(set(url), /request_invalid/, url);
  }
  await assert.rejects(set("https://login.example.edu", ""), /request_invalid/);
  for (const url of ["https://login.example.edu/tenant/v2.0", "https://login.example.edu/"]) await set(url);
  await set(issuer.url, audience);
});

test("people who are deleted are not signed in, and tokens appear nowhere in the log", async () => {
  const gone = await addUser({ username: "gone" });
  const token = await sign(key, { ...good(), preferred_username: "gone" });
  assert.equal((await me(token)).status, 200);
  await send("DELETE", `/v1/users/${gone.id}`);
  assertProblem(await me(token), 403, "forbidden");
  const log = JSON.stringify(app.log);
  for (const part of [...token.split("."), "s-1", "jdoe", "JDoe"]) assert(!log.includes(part), part.slice(0, 20));
});
