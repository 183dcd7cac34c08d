import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, startDirectoryTest } from "../directory/setup.ts";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { cookieOf, linkFor, ownPage, signIn } from "../support/sign-in.ts";

const { app, send, addUser, owner } = await startDirectoryTest();
await send("POST", "/v1/groups", { groupId: "G1" });
await send("POST", "/v1/groups", { groupId: "ADMIN" });
const addAdministrator = () => addUser({ memberships: [{ groupId: "ADMIN", role: 2 }] });

const minute = 60_000;
const meOf = (headers: Readonly<Record<string, string>>) => app.inject({ url: "/v1/me", key: null, headers });

test("a link signs its person in, once", async () => {
  const jane = await addUser({ firstName: "Jane", lastName: "<Doe>", username: "JDoe" });
  const answer = await app.inject({ method: "POST", url: "/v1/sign-in-links", body: { username: " jdoe " } });
  assert.equal(answer.status, 200);
  assert.match(answer.json.url, /^http:\/\/localhost\/sign-in\/[A-Za-z0-9_-]{43}$/);
  assert.equal(answer.json.userId, jane.id);
  assert.equal(answer.json.expiresAt, "2026-11-22T02:15:00.000000Z");
  const url = new URL(answer.json.url).pathname;

  for (const method of ["GET", "HEAD", "GET"] as const) {
    const page = await app.inject({ method, url, key: null });
    assert.equal(page.status, 200, "scanners of mail may open it as often as they like");
    assert.equal(page.headers["set-cookie"], undefined);
  }
  const page = await app.inject({ url, key: null });
  assert.match(page.body, /Sign in to Test University/);
  assert.match(page.body, /Jane &lt;Doe&gt;/);
  assert.equal(page.headers["referrer-policy"], "no-referrer");
  assert.equal(page.headers["cache-control"], "no-store");
  const policy = String(page.headers["content-security-policy"]);
  assert.match(policy, /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; base-uri 'none'; frame-anc/);
  assert.doesNotMatch(page.body, /<script|src=|href=|url\(/);

  const used = await app.inject({ method: "POST", url, key: null, headers: ownPage });
  assert.deepEqual([used.status, used.headers.location], [303, "/"]);
  assert.match(
    String(used.headers["set-cookie"]),
    /^muster_session=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  const again = await app.inject({ method: "POST", url, key: null, headers: ownPage });
  assert.equal(again.status, 404);
  assert.equal((await app.inject({ url, key: null })).status, 404);

  const me = await meOf({ cookie: cookieOf(used) });
  assert.deepEqual(me.json, {
    id: jane.id,
    firstName: "Jane",
    lastName: "<Doe>",
    username: "JDoe",
    organization: { id: "1", name: "Test University" },
    roles: [],
  });
});

test("a cookie that somebody planted before is no session after", async () => {
  const [jane, mallory] = [await addUser(), await addUser()];
  const planted = `muster_session=${"A".repeat(43)}`;
  const attackers = (await signIn(app, mallory.id)).cookie!;
  for (const cookie of [planted, attackers]) {
    const url = await linkFor(app, jane.id);
    const used = await app.inject({ method: "POST", url, key: null, headers: { ...ownPage, cookie } });
    assert.equal(used.status, 303);
    assert.notEqual(cookieOf(used), cookie);
    assert.equal((await meOf({ cookie: cookieOf(used) })).json.id, jane.id);
  }
  assert.equal((await meOf({ cookie: planted })).status, 401);
  assert.equal((await meOf({ cookie: attackers })).json.id, mallory.id);
});

test("with PUBLIC_URL a link names it, whatever host the request names", async (t) => {
  const database = await createTestDatabase(t);
  const named = await startTestApp(database, {}, { publicUrl: "https://muster.example.edu" });
  const person = { firstName: "Jane", emails: ["jane@campus.edu"] };
  const { json: user } = await named.inject({ method: "POST", url: "/v1/users", body: person });
  for (const headers of [
    { host: "evil.example" },
    { "x-forwarded-host": "evil.example", "x-forwarded-proto": "http" },
    { host: "user:password@evil.example" },
  ]) {
    const body = { userId: user.id };
    const { json } = await named.inject({ method: "POST", url: "/v1/sign-in-links", body, headers });
    assert.equal(new URL(json.url).origin, "https://muster.example.edu");
  }
});

test("of many who use a link at once one is signed in", async () => {
  const url = await linkFor(app, (await addUser()).id);
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => app.inject({ method: "POST", url, key: null, headers: ownPage })),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 404, 404, 404, 404, 404, 404, 404]);
});

test("a link ends after 15 minutes, with a newer one, and with the person", async () => {
  const { id } = await addUser();
  const works = async (url: string) => (await app.inject({ url, key: null })).status === 200;
  const first = await linkFor(app, id);
  app.advanceClock(15 * minute - 1);
  assert(await works(first));
  app.advanceClock(1);
  assert(!(await works(first)));
  assert.equal((await app.inject({ method: "POST", url: first, key: null, headers: ownPage })).status, 404);
  const second = await linkFor(app, id);
  const third = await linkFor(app, id);
  assert.deepEqual([await works(second), await works(third)], [false, true]);
  await send("DELETE", `/v1/users/${id}`);
  assert(!(await works(third)));
});

test("links are for people there are, by id or by username", async () => {
  const ask = (body: object) => app.inject({ method: "POST", url: "/v1/sign-in-links", body });
  for (const body of [{ userId: "999999" }, { userId: "x" }, { username: "nobody" }]) {
    assertProblem(await ask(body), 404, "not_found");
  }
  for (const body of [{}, { userId: "1", username: "a" }, { userId: 1 }, { name: "x" }]) {
    assertProblem(await ask(body), 400, "request_invalid");
  }
  for (const secret of ["x", "a".repeat(43), "%F0%9F%98%80"]) {
    for (const method of ["GET", "POST"] as const) {
      const { status, headers } = await app.inject({ method, url: `/sign-in/${secret}`, key: null, headers: ownPage });
      assert.deepEqual([status, headers["content-type"]], [404, "text/html; charset=utf-8"], secret);
    }
  }
});

test("the form of another site signs nobody in", async () => {
  const url = await linkFor(app, (await addUser()).id);
  const post = (headers: Record<string, string>) => app.inject({ method: "POST", url, key: null, headers });
  const form = { "content-type": "application/x-www-form-urlencoded" };
  for (const headers of [
    {},
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "none" },
    { origin: "null" },
    { origin: "https://evil.example" },
    { origin: "http://localhost:80", "sec-fetch-site": "cross-site" },
  ]) {
    assert.equal((await post({ ...form, ...headers } as Record<string, string>)).status, 403, JSON.stringify(headers));
  }
  assert.equal((await post({ ...form, origin: "http://localhost" })).status, 303, "an older browser says Origin");
});

test("links, sign-ins and sign-outs are in the audit log, without names", async () => {
  const { id } = await addUser();
  const session = await signIn(app, id);
  await app.inject({
    method: "POST",
    url: "/v1/sign-out",
    key: null,
    headers: { ...session, "muster-request": "1" },
  });
  const { items } = await send("GET", "/v1/audit?limit=3");
  assert.deepEqual(
    items.map(({ action, actor, subject }: Record<string, unknown>) => [action, actor, subject]),
    [
      ["sign_out", `user:${id}`, id],
      ["sign_in.succeeded", `user:${id}`, id],
      ["sign_in.link_created", "api-key:admin", id],
    ],
  );
});

test("network administrators make links for others only", async () => {
  const [one, other, member] = [await addAdministrator(), await addAdministrator(), await addUser()];
  const session = await signIn(app, one.id);
  const ask = (userId: string) =>
    app.inject({ method: "POST", url: "/v1/sign-in-links", key: null, body: { userId }, headers: session });
  assert.equal((await ask(member.id)).status, 200);
  assertProblem(await ask(other.id), 403, "forbidden");
  assertProblem(await ask(one.id), 403, "forbidden");
});

test("neither the log nor the database contains links or sessions", async () => {
  const { id } = await addUser();
  const url = await linkFor(app, id);
  const secret = url.split("/").at(-1)!;
  await app.inject({ url, key: null });
  const answer = await app.inject({ method: "POST", url, key: null, headers: ownPage });
  const cookie = cookieOf(answer).split("=")[1]!;
  await meOf({ cookie: cookieOf(answer) });
  await app.inject({ url: `${url}/`, key: null });
  await app.inject({ method: "PUT", url, key: null });
  const log = JSON.stringify(app.log);
  assert.match(log, /\/sign-in\/:secret/);
  for (const hidden of [secret, cookie]) assert(!log.includes(hidden));
  for (const table of ["sign_in_links", "sessions", "idempotency_keys"]) {
    const { rows } = await owner.query(`select t::text as row from ${table} t`);
    for (const hidden of [secret, cookie]) assert(!rows.some(({ row }) => String(row).includes(hidden)));
  }
});
