import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestApp, type TestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const app = await startTestApp(await createTestDatabase({ after }));
const behindProxy = await startTestApp(
  await createTestDatabase({ after }),
  {},
  { trustedProxies: ["127.0.0.1", "10.0.0.0/8"] },
);

/** Asks with a key from an address; `forwarded` is what the headers claim. */
async function ask(one: TestApp, key: string, remoteAddress: string, headers: Record<string, string> = {}) {
  const answer = await one.app.inject({
    url: "/v1/sources",
    remoteAddress,
    headers: { authorization: `Bearer ${key}`, ...headers },
  });
  return { status: answer.statusCode, json: answer.json() };
}

test("a key with a list works from the addresses on it alone, by IPv4, IPv6 and IPv4 within IPv6", async () => {
  const key = await app.keyWith(["retrieve"], { allowedAddresses: ["192.0.2.0/24", "2001:db8::/32", "198.51.100.7"] });
  for (const address of ["192.0.2.9", "::ffff:192.0.2.9", "2001:db8::1", "198.51.100.7", "::ffff:c633:6407"]) {
    assert.equal((await ask(app, key, address)).status, 200, address);
  }
  for (const [address, shown] of [
    ["192.0.3.1", "192.0.3.1"],
    ["::ffff:198.51.100.8", "198.51.100.8"],
    ["2001:db9::1", "2001:db9::1"],
  ] as const) {
    const { status, json } = await ask(app, key, address);
    assert.deepEqual([status, json.code], [403, "forbidden"], address);
    assert.match(json.detail, new RegExp(`from ${shown}: the address is not on the key's list`));
    assert.doesNotMatch(json.detail, /192\.0\.2\.0/, "the list is not told");
  }
});

test("what a client claims about its address counts for nothing", async () => {
  const key = await app.keyWith(["retrieve"], { name: "spoofed", allowedAddresses: ["192.0.2.1"] });
  const claims = ["x-forwarded-for", "forwarded", "x-real-ip", "client-ip", "cf-connecting-ip", "true-client-ip"];
  for (const name of claims) {
    const value = name === "forwarded" ? "for=192.0.2.1" : "192.0.2.1";
    assert.equal((await ask(app, key, "203.0.113.1", { [name]: value })).status, 403, name);
  }
  assert.equal((await ask(app, key, "192.0.2.1", { "x-forwarded-for": "203.0.113.1" })).status, 200);
});

test("a trusted proxy's word counts, and nobody's before an address that is not trusted", async () => {
  const key = await behindProxy.keyWith(["retrieve"], { allowedAddresses: ["192.0.2.1"] });
  const from = (forwarded: string, remote = "127.0.0.1") =>
    ask(behindProxy, key, remote, { "x-forwarded-for": forwarded });
  assert.equal((await from("192.0.2.1")).status, 200);
  assert.equal((await from("192.0.2.1, 10.1.2.3")).status, 200, "two proxies");
  assert.equal((await from("::ffff:192.0.2.1", "::ffff:127.0.0.1")).status, 200);
  assert.equal((await from("192.0.2.1:5120")).status, 200, "with a port");
  assert.equal((await from("192.0.2.1, 203.0.113.1")).status, 403, "the client itself wrote the first one");
  assert.equal((await from("192.0.2.1", "203.0.113.1")).status, 403, "not from the proxy");
  const { status, json } = await from("<script>");
  assert.deepEqual([status, json.detail.includes("script")], [403, false]);
  assert.match((await from("203.0.113.1")).json.detail, /from 203\.0\.113\.1:/);
});

test("HTTPS of a trusted proxy is told to browsers, what others claim is not", async () => {
  const headersFrom = async (remoteAddress: string) =>
    (await behindProxy.app.inject({ url: "/healthz", remoteAddress, headers: { "x-forwarded-proto": "https" } }))
      .headers;
  assert.equal((await headersFrom("127.0.0.1"))["strict-transport-security"], "max-age=31536000");
  assert.equal((await headersFrom("203.0.113.1"))["strict-transport-security"], undefined);
});

test("a key is changed: name, services, expiry and list; what is absent stays", async () => {
  const { json: made } = await app.inject({
    method: "POST",
    url: "/v1/api-keys",
    body: {
      name: "portal",
      services: ["retrieve"],
      allowedAddresses: ["10.1.2.3/8", "10.0.0.0/8", "::FFFF:192.0.2.9"],
    },
  });
  assert.deepEqual(made.allowedAddresses, ["10.0.0.0/8", "192.0.2.9"]);
  const patch = (body: object) => app.inject({ method: "PATCH", url: `/v1/api-keys/${made.id}`, body });
  const { key: _key, ...resource } = made;
  assert.deepEqual((await patch({})).json, resource);
  const { status, json } = await patch({ allowedAddresses: ["2001:DB8::/32"], services: ["groups", "import"] });
  assert.equal(status, 200);
  assert.deepEqual(json, { ...resource, allowedAddresses: ["2001:db8::/32"], services: ["import", "groups"] });
  assert.equal((await ask(app, made.key, "10.0.0.1")).status, 403);
  assert.equal((await patch({ name: "portal 2", allowedAddresses: [] })).json.name, "portal 2");
  assert.equal((await patch({ name: "portal 2" })).status, 200, "its own name is free to it");
  assert.equal((await patch({ name: "admin" })).json.code, "conflict");
  const later = new Date(app.dependencies.clock().getTime() + 1000).toISOString();
  assert.equal((await patch({ expiresAt: later })).json.expiresAt, later.replace("Z", "000Z"));
  assert.equal((await patch({ name: "portal 3" })).json.expiresAt, later.replace("Z", "000Z"));
  assert.equal((await patch({ expiresAt: null })).json.expiresAt, null);
  const { items } = (await app.inject({ url: "/v1/audit?action=api_key.changed&limit=1000" })).json;
  assert.deepEqual(items.at(-1).details.properties, ["services", "allowedAddresses"]);
  assert.equal(items.length, 5, "what changes nothing leaves no entry");
  await app.inject({ method: "DELETE", url: `/v1/api-keys/${made.id}` });
  assert.equal((await patch({ name: "portal 4" })).json.code, "conflict");
  assert.equal(
    (await app.inject({ method: "GET", url: "/v1/api-keys/0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a" })).status,
    404,
  );
});

test("an invalid list is refused, and so is a list that shuts out its sender", async () => {
  const create = (allowedAddresses: unknown) =>
    app.inject({ method: "POST", url: "/v1/api-keys", body: { name: "x", services: ["import"], allowedAddresses } });
  for (const list of [["campus"], ["10.0.0.1", "10.0.0.1/99"], "10.0.0.1", [7], Array(101).fill("10.0.0.1")]) {
    const { status, json } = await create(list);
    assert.deepEqual([status, json.code], [400, "request_invalid"], JSON.stringify(list));
    assert.match(json.errors[0].field, /^allowedAddresses/);
  }
  const { id } = (await app.inject({ url: "/v1/api-keys?limit=1" })).json.items[0];
  const patch = (allowedAddresses: string[]) =>
    app.inject({ method: "PATCH", url: `/v1/api-keys/${id}`, body: { allowedAddresses } });
  const refused = await patch(["192.0.2.1"]);
  assert.equal(refused.status, 400);
  assert.match(refused.json.detail, /from 127\.0\.0\.1, which is not on the list/);
  assert.equal((await patch(["127.0.0.0/8"])).status, 200);
  assert.equal((await patch([])).status, 200);
});
