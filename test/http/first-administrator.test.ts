import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, startDirectoryTest } from "../directory/setup.ts";
import { cookieOf, ownPage } from "../support/sign-in.ts";

const { app, send, addUser, changesSince } = await startDirectoryTest();
const form = { ...ownPage, "content-type": "application/x-www-form-urlencoded" };
const newLink = async () => {
  const { url, userId } = await send("POST", "/v1/sign-in-links", { firstAdministrator: true });
  assert.equal(userId, null);
  return new URL(url).pathname;
};
const answer = (url: string, answers: Record<string, string>, headers: Readonly<Record<string, string>> = form) =>
  app.inject({ method: "POST", url, key: null, headers, body: new URLSearchParams(answers).toString() });

test("the first administrator introduces themselves on the page of the link, and may do everything", async () => {
  const replaced = await newLink();
  const url = await newLink();
  assert.equal((await app.inject({ url: replaced, key: null })).status, 404, "a newer link replaces it");
  const page = await app.inject({ url, key: null });
  assert.match(page.body, /Become the first administrator[\s\S]*name="firstName"[\s\S]*name="email"/);

  const foreign = await answer(
    url,
    { firstName: "Kim", email: "kim@campus.edu" },
    {
      ...form,
      "sec-fetch-site": "cross-site",
      origin: "http://evil.test",
    },
  );
  assert.equal(foreign.status, 403);
  const refused = await answer(url, { firstName: "<Kim>", lastName: "Park", email: "not an address" });
  assert.equal(refused.status, 422);
  assert.match(refused.body, /role="alert">[^<]*emails/);
  assert.match(refused.body, /value="&lt;Kim&gt;"/, "the answers stay");

  const done = await answer(url, { firstName: "Kim", lastName: "Park", email: "kim@campus.edu" });
  assert.deepEqual([done.status, done.headers.location], [303, "/"], done.body);
  const me = await app.inject({ url: "/v1/me", key: null, headers: { cookie: cookieOf(done) } });
  assert.deepEqual(
    [me.json.firstName, me.json.lastName, me.json.roles[0].name],
    ["Kim", "Park", "network-administrator"],
  );
  const changes = await changesSince(0);
  assert.deepEqual(
    changes.map(({ type, action, actor }) => [type, action, actor]),
    [
      ["group", "created", "operator"],
      ["user", "created", "operator"],
    ],
  );
  assert.equal((await answer(url, { firstName: "Lee", email: "lee@campus.edu" })).status, 404, "the link worked once");
});

test("there is no such link once the organization has a network administrator", async () => {
  const body = { firstAdministrator: true };
  assertProblem(await app.inject({ method: "POST", url: "/v1/sign-in-links", body }), 409, "conflict");
  const { id } = await addUser();
  const both = { firstAdministrator: true, userId: id };
  assertProblem(await app.inject({ method: "POST", url: "/v1/sign-in-links", body: both }), 400, "request_invalid");
});
