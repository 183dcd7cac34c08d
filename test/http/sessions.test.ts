import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, startDirectoryTest } from "../directory/setup.ts";
import { cookieOf, linkFor, ownPage, signIn } from "../support/sign-in.ts";

const { app, send, addUser, owner, addOrganization } = await startDirectoryTest();
await send("POST", "/v1/groups", { groupId: "G1" });
await send("POST", "/v1/groups", { groupId: "ADMIN" });
const addAdministrator = () => addUser({ memberships: [{ groupId: "ADMIN", role: 2 }] });

const minute = 60_000;
const hour = 60 * minute;
/** The time of use is written beside the request. */
async function useNoted(userId: string): Promise<void> {
  const now = app.dependencies.clock();
  for (;;) {
    const { rows } = await owner.query("select from sessions where user_id = $1 and last_used_at = $2", [userId, now]);
    if (rows.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
const meOf = (headers: Readonly<Record<string, string>>) => app.inject({ url: "/v1/me", key: null, headers });

test("a session ends when it is not used, after a week at the latest, and by signing out", async () => {
  const { id } = await addUser();
  const idle = await signIn(app, id);
  app.advanceClock(8 * hour - 1);
  assert.equal((await meOf(idle)).status, 200);
  await useNoted(id);
  app.advanceClock(8 * hour - 1);
  assert.equal((await meOf(idle)).status, 200, "it was used");
  await useNoted(id);
  app.advanceClock(8 * hour);
  assertProblem(await meOf(idle), 401, "unauthenticated");

  const whole = await signIn(app, id);
  for (let passed = 0; passed < 7 * 24 * hour; passed += 7 * hour) {
    assert.equal((await meOf(whole)).status, 200, `after ${passed / hour} hours`);
    await useNoted(id);
    app.advanceClock(7 * hour);
  }
  assertProblem(await meOf(whole), 401, "unauthenticated");

  const [one, other] = [await signIn(app, id), await signIn(app, id)];
  const out = await app.inject({
    method: "POST",
    url: "/v1/sign-out",
    key: null,
    headers: { ...one, "muster-request": "1" },
  });
  assert.equal(out.status, 204);
  assert.match(String(out.headers["set-cookie"]), /^muster_session=; Max-Age=0; Path=\/; Expires=/);
  assertProblem(await meOf(one), 401, "unauthenticated");
  assert.equal((await meOf(other)).status, 200);
});

test("a session ends with the person, who comes back without it, and when it is revoked", async () => {
  const { id } = await addUser({ firstName: "L", username: "leaver", emails: ["leaver@campus.edu"] });
  const session = await signIn(app, id);
  assert.equal((await meOf(session)).status, 200);
  await send("DELETE", `/v1/users/${id}`);
  assertProblem(await meOf(session), 401, "unauthenticated");
  const back = await send("POST", "/v1/imports/users", {
    users: [{ userID: "leaver", email: "leaver@campus.edu", firstName: "L", lastName: "L", groupID: "G1" }],
  });
  assert.equal(back.counts.added, 1, JSON.stringify(back));
  const { rows } = await owner.query("select id from users where username = 'leaver'");
  assert.equal(String(rows[0].id), id, "the same person");
  assertProblem(await meOf(session), 401, "unauthenticated");

  const revoked = await signIn(app, id);
  const link = await linkFor(app, id);
  await send("DELETE", `/v1/users/${id}/sessions`);
  assertProblem(await meOf(revoked), 401, "unauthenticated");
  assert.equal((await app.inject({ url: link, key: null })).status, 404);
});

test("a change by cookie has to come from the service's own page, as no form can send it", async () => {
  const { cookie = "" } = await signIn(app, (await addAdministrator()).id);
  const json = { "content-type": "application/json" };
  const attempt = (headers: Record<string, string>, body: object | string = {}) =>
    app.inject({ method: "POST", url: "/v1/groups/G1/purge", key: null, headers: { cookie, ...headers }, body });
  for (const headers of [
    json,
    { ...json, "sec-fetch-site": "cross-site" },
    { ...json, "sec-fetch-site": "same-site" },
    { ...json, "sec-fetch-site": "none" },
    { ...json, origin: "null" },
    { ...json, origin: "https://evil.example" },
    { ...json, origin: "http://localhost.evil.example" },
    { ...json, origin: "http://localhost", "sec-fetch-site": "cross-site" },
    { "muster-request": "1" },
    { ...ownPage, "content-type": "text/plain" },
    { ...ownPage, "content-type": "application/x-www-form-urlencoded" },
  ]) {
    assertProblem(await attempt(headers as Record<string, string>, "{}"), 403, "forbidden");
  }
  for (const headers of [
    { ...json, ...ownPage },
    { ...json, origin: "http://localhost" },
  ]) {
    assert.equal((await attempt(headers)).status, 200, JSON.stringify(headers));
  }
  const deletion = await app.inject({
    method: "DELETE",
    url: "/v1/opt-outs/0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a",
    key: null,
    headers: { cookie, ...ownPage, "muster-request": "1" },
  });
  assertProblem(deletion, 404, "not_found");
  const reading = await app.inject({ url: "/v1/groups", key: null, headers: { cookie } });
  assert.equal(reading.status, 200, "reading changes nothing");
});

test("what is sent on purpose counts, not the cookie", async () => {
  const session = await signIn(app, (await addUser()).id);
  assert.equal((await app.inject({ url: "/v1/organization", headers: session })).status, 200, "the admin key counts");
  assertProblem(await app.inject({ url: "/v1/me", key: "muster_unknown", headers: session }), 401, "unauthenticated");
  for (const cookie of ["muster_session=", "muster_session=x", `muster_session=${"a".repeat(43)}`, "__Host-muster=x"]) {
    assertProblem(await meOf({ cookie }), 401, "unauthenticated");
  }
  assertProblem(await app.inject({ url: "/v1/me" }), 403, "forbidden");
  const { cookie = "" } = session;
  const v2 = await app.inject({ url: "/api/v2/groups", key: null, headers: { cookie, accept: "application/json" } });
  assertProblem(v2, 401, "unauthenticated");
});

test("a person's changes are theirs in the log, and manual", async () => {
  const { id } = await addAdministrator();
  const member = await addUser();
  const session = await signIn(app, id);
  const before = Number((await owner.query("select last_sequence from feed_heads")).rows[0].last_sequence);
  const put = await app.inject({
    method: "PUT",
    url: `/v1/groups/G1/members/${member.id}`,
    key: null,
    body: { role: 4 },
    headers: session,
  });
  assert.equal(put.status, 201, put.body);
  const { rows } = await owner.query("select actor from changes where sequence > $1", [before]);
  assert.deepEqual(rows, [{ actor: `user:${id}` }]);
  const claims = await owner.query("select claims, role_owner from memberships where user_id = $1", [member.id]);
  assert.deepEqual(claims.rows, [{ claims: "1", role_owner: 0 }]);
});

test("an Idempotency-Key is a person's own", async () => {
  const [one, other] = [await addAdministrator(), await addAdministrator()];
  const create = async (session: Readonly<Record<string, string>>) =>
    app.inject({
      method: "POST",
      url: "/v1/groups",
      key: null,
      body: { name: "Chess" },
      headers: { ...session, "idempotency-key": "k1" },
    });
  const [first, second] = [await signIn(app, one.id), await signIn(app, one.id)];
  const done = await create(first);
  assert.equal(done.status, 201, done.body);
  const replay = await create(second);
  assert.deepEqual([replay.body, replay.headers["idempotent-replay"]], [done.body, "true"]);
  assertProblem(await create(await signIn(app, other.id)), 409, "conflict");
});

test("a session is of its organization alone", async () => {
  const other = await addOrganization();
  const user = await app.inject({
    method: "POST",
    url: "/v1/users",
    key: other.key,
    body: { firstName: "Far", emails: ["far@other.edu"] },
  });
  const link = await app.inject({
    method: "POST",
    url: "/v1/sign-in-links",
    key: other.key,
    body: { userId: user.json.id },
  });
  const url = new URL(link.json.url).pathname;
  const answer = await app.inject({ method: "POST", url, key: null, headers: ownPage });
  const me = await meOf({ cookie: cookieOf(answer) });
  assert.equal(me.json.organization.id, String(other.organizationId));
  assertProblem(
    await app.inject({ url: "/v1/users/2", key: null, headers: { cookie: cookieOf(answer) } }),
    403,
    "forbidden",
  );
});
