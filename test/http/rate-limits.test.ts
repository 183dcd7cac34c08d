import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestApp, type TestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const app = await startTestApp(await createTestDatabase({ after }), { requestsPerMinute: 10, failuresPerMinute: 5 });
const url = "/v1/sources";

async function ask(one: TestApp, options: { key?: string; url?: string; from?: string; headers?: object }) {
  const { key, url: address = url, from = "127.0.0.1", headers = {} } = options;
  const authorization = key === undefined ? {} : { authorization: `Bearer ${key}` };
  return one.app.inject({ url: address, remoteAddress: from, headers: { ...authorization, ...headers } });
}
const statusOf = async (options: Parameters<typeof ask>[1]) => (await ask(app, options)).statusCode;
const later = () => app.advanceClock(60_000);

test("a key may send so many requests a minute, is told how many are left, and when to come again", async () => {
  const key = await app.keyWith(["retrieve"], { name: "busy" });
  for (let count = 1; count <= 10; count += 1) {
    const { statusCode, headers } = await ask(app, { key });
    assert.equal(statusCode, 200);
    assert.equal(headers["ratelimit-policy"], '"minute";q=10;w=60');
    assert.equal(headers.ratelimit, `"minute";r=${10 - count};t=${count * 6}`);
  }
  const refused = await ask(app, { key });
  assert.equal(refused.statusCode, 429);
  assert.equal(refused.headers["retry-after"], "6");
  assert.equal(refused.headers.ratelimit, '"minute";r=0;t=60');
  assert.match(String(refused.headers["content-type"]), /^application\/problem\+json/);
  assert.equal(refused.json().code, "too_many_requests");
  assert.match(refused.json().detail, /^More than 10 requests a minute\. Nothing was done; try again in 6 s\.$/);
  app.advanceClock(6000);
  assert.equal(await statusOf({ key }), 200);
  assert.equal(await statusOf({ key }), 429);
});

test("what is refused is XML to those who ask for XML, and on the old addresses", async () => {
  const key = await app.keyWith(["retrieve"], { name: "xml" });
  while ((await statusOf({ key })) === 200);
  for (const options of [{ headers: { accept: "application/xml" } }, { url: `/api/v2/users?api_key=${key}` }]) {
    const { statusCode, headers, body } = await ask(app, { key, ...options });
    assert.equal(statusCode, 429);
    assert.match(String(headers["content-type"]), /^application\/problem\+xml/);
    assert.match(body, /<code>too_many_requests<\/code>/);
    assert.equal(headers["retry-after"], "6");
  }
});

test("keys do not count for each other; what a key may not do counts as well", async () => {
  const [one, other] = [
    await app.keyWith(["retrieve"], { name: "one" }),
    await app.keyWith(["retrieve"], { name: "two" }),
  ];
  while ((await statusOf({ key: one, url: "/v1/audit" })) === 403);
  assert.equal(await statusOf({ key: one }), 429);
  assert.equal(await statusOf({ key: other }), 200);
});

test("addresses that need no key take so many requests of an address, whatever it claims to be", async () => {
  later();
  const from = "203.0.113.7";
  const statuses = new Set<number>();
  for (let count = 1; count <= 11; count += 1) {
    const headers = { "x-forwarded-for": `192.0.2.${count}`, authorization: `Bearer ${count}` };
    statuses.clear();
    statuses.add(await statusOf({ from, url: "/healthz", headers }));
  }
  assert.deepEqual([...statuses], [429]);
  for (const address of ["/readyz", "/metrics", "/openapi.json", "/docs", "/none"]) {
    assert.equal(await statusOf({ from, url: address }), 429, address);
  }
  assert.equal(await statusOf({ from: "203.0.113.8", url: "/healthz" }), 200);
  const network = (host: string) => statusOf({ from: `2001:db8:1:2::${host}`, url: "/healthz" });
  for (let count = 1; count <= 10; count += 1) assert.equal(await network(String(count)), 200);
  assert.equal(await network("ffff"), 429, "64 bits of IPv6 are one client");
  assert.equal(await statusOf({ from: "2001:db8:1:3::1", url: "/healthz" }), 200);
});

test("who tries keys is stopped, by every way of sending one; valid keys of the same address go on", async () => {
  later();
  const from = "203.0.113.9";
  const known = await app.keyWith(["retrieve"], { name: "known" });
  const unused = await app.keyWith(["retrieve"], { name: "unused" });
  assert.equal(await statusOf({ from, key: known }), 200);
  for (let count = 1; count <= 5; count += 1) assert.equal(await statusOf({ from, key: `muster_wrong${count}` }), 401);
  const refused = await ask(app, { from, key: "muster_wrong6" });
  assert.deepEqual([refused.statusCode, refused.headers["retry-after"]], [429, "12"]);
  assert.equal(await statusOf({ from, key: known }), 200, "a key that was valid before");
  assert.equal(await statusOf({ from, key: unused }), 429, "nobody learns whether a key is valid");
  assert.equal(await statusOf({ from, url: "/api/v2/users?api_key=muster_wrong7" }), 429);
  assert.equal(await statusOf({ from, headers: { authorization: `Basic ${btoa("muster_wrong8:x")}` } }), 429);
  assert.equal(await statusOf({ from: "203.0.113.10", key: "muster_wrong9" }), 401, "another address");
  app.advanceClock(12_000);
  assert.equal(await statusOf({ from, key: unused }), 200);
});

test("who tries the operator's key is stopped as well", async () => {
  later();
  const from = "203.0.113.12";
  const operators = (key: string) => statusOf({ from, key, url: "/v1/organizations" });
  for (let count = 1; count <= 5; count += 1) assert.equal(await operators(`muster_wrong${count}`), 401);
  assert.equal(await operators("muster_wrong6"), 429);
});

test("a key counts as tried where it may not be used; from where it is valid it goes on", async () => {
  later();
  const from = "203.0.113.13";
  const home = "192.0.2.1";
  const key = await app.keyWith(["retrieve"], { name: "listed", allowedAddresses: [home] });
  assert.equal(await statusOf({ from: home, key }), 200);
  for (let count = 1; count <= 5; count += 1) assert.equal(await statusOf({ from, key }), 403);
  assert.equal(await statusOf({ from, key }), 429);
  assert.equal(await statusOf({ from: home, key }), 200);
});

test("a key that was valid once and is revoked is stopped like one that never was", async () => {
  later();
  const from = "203.0.113.14";
  const key = await app.keyWith(["retrieve"], { name: "leaver" });
  assert.equal(await statusOf({ from, key }), 200);
  const { items } = (await app.inject({ url: "/v1/api-keys" })).json;
  const { id } = items.find(({ name }: { name: string }) => name === "leaver");
  assert.equal((await app.inject({ method: "DELETE", url: `/v1/api-keys/${id}` })).status, 204);
  const statuses = [];
  for (let count = 1; count <= 7; count += 1) statuses.push(await statusOf({ from, key }));
  assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429]);
});

test("requests without any key count for their address", async () => {
  later();
  const from = "203.0.113.11";
  const statuses = [];
  for (let count = 1; count <= 12; count += 1) statuses.push(await statusOf({ from }));
  assert.deepEqual(statuses.slice(-3), [401, 429, 429]);
});

test("without a limit there are neither refusals nor headers", async () => {
  const free = await startTestApp(await createTestDatabase({ after }));
  for (let count = 1; count <= 200; count += 1) assert.equal((await ask(free, { key: "wrong" })).statusCode, 401);
  const { statusCode, headers } = await ask(free, { key: free.key });
  assert.deepEqual([statusCode, headers.ratelimit, headers["ratelimit-policy"]], [200, undefined, undefined]);
});
