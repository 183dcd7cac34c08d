import assert from "node:assert/strict";
import { after, test } from "node:test";
import { access, accessRule, operatorAddresses } from "../../src/http/contract/access.ts";
import { services } from "../../src/organizations/services.ts";
import { startTestApp, type TestRequest } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const app = await startTestApp(await createTestDatabase({ after }));

const parameters: Readonly<Record<string, string>> = {
  id: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a",
  groupId: "NONE",
  userId: "4711",
  name: "none",
};
const addresses = Object.keys(access).map((address) => {
  const [method = "", pattern = ""] = address.split(" ");
  const { services: allowed, people } = accessRule(method, pattern)!;
  const url = pattern.replaceAll(/:(\w+)/g, (_, name: string) => parameters[name] ?? "x");
  return { request: { method, url } as TestRequest, allowed, people, address };
});

test("without a key, or with one that is unknown, nothing under /v1 answers", async () => {
  for (const { request, address } of [...addresses, { request: { url: "/v1/none" }, address: "an unknown address" }]) {
    for (const key of [null, "muster_unknown", `${app.key}x`, "x".repeat(1000)]) {
      const { status, json, headers } = await app.inject({ ...request, key, headers: { accept: "application/json" } });
      assert.equal(status, 401, address);
      assert.equal(json.code, "unauthenticated");
      assert.match(String(headers["www-authenticate"]), /^Bearer .*Basic /);
    }
  }
});

test("each address takes the services that the table names, and no other", async () => {
  for (const service of services) {
    const key = await app.keyWith([service], { name: `only ${service}` });
    for (const { request, allowed, address } of addresses) {
      const { status, json } = await app.inject({ ...request, key, headers: { accept: "application/json" } });
      const isAllowed = allowed.length > 0 && (service === "admin" || allowed.includes(service));
      assert.equal(json?.code === "forbidden", !isAllowed, `${service}: ${address} answered ${status}`);
      assert(status < 500, `${address} answered ${status}`);
    }
  }
});

test("each address of the tables is served, and every address under /v1 and /api is in one of the tables", async () => {
  const { json } = await app.inject({ url: "/openapi.json" });
  const served = Object.entries(json.paths as Record<string, object>)
    .filter(([path]) => /^\/(?:v1|api)\//.test(path))
    .flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`),
    );
  assert.deepEqual(served.sort(), [...Object.keys(access), ...operatorAddresses].sort());
});

test("a key may be sent as bearer token, or as user name or password of Basic", async () => {
  const url = "/v1/organization";
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString("base64")}`;
  const good = [
    `Bearer ${app.key}`,
    `bearer  ${app.key}`,
    basic(`${app.key}:`),
    basic(`x:${app.key}`),
    basic(`${app.key}:x`),
    basic(app.key),
  ];
  for (const authorization of good) {
    assert.equal((await app.inject({ url, key: null, headers: { authorization } })).status, 200, authorization);
  }
  const bad = [
    "",
    "Bearer",
    "Bearer ",
    app.key,
    `Digest ${app.key}`,
    `Bearer ${app.key} x`,
    "Basic",
    "Basic :::",
    basic(":"),
    basic("x:y"),
    "Bearer \u00e9",
  ];
  for (const authorization of bad) {
    assert.equal((await app.inject({ url, key: null, headers: { authorization } })).status, 401, authorization);
  }
  assert.equal((await app.inject({ url: `${url}?api_key=${app.key}`, key: null })).status, 401, "not in the address");
});

test("what those who run the service ask needs no key and tells nothing about the organization", async () => {
  for (const url of ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"]) {
    const { status, body } = await app.inject({ url, key: null });
    assert.equal(status, 200, url);
    assert(!body.includes("Test University"), url);
  }
});
