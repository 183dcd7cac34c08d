/** Requests as common clients, scripts and proxies send them. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { ifMatchVersions, isKnown, requireVersion } from "../../src/http/contract/etags.ts";
import { impossibleTime } from "../../src/http/contract/times.ts";
import { hashKey } from "../../src/organizations/api-keys.ts";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);
const json = { "content-type": "application/json" };
await app.inject({ method: "POST", url: "/v1/groups", headers: json, body: '{"groupId":"G1","name":"Group 1"}' });

describe("a body that is not UTF-8", () => {
  const latin1 = Buffer.from('{"groupId":"LATIN","name":"B\u00fccher"}', "latin1");

  test("is refused on every JSON address, and nothing is stored", async () => {
    for (const [method, url, body] of [
      ["POST", "/v1/groups", latin1],
      ["POST", "/v1/users", latin1],
      ["PATCH", "/v1/groups/G1", Buffer.from('{"description":"caf\xc3"}', "latin1")],
      ["PATCH", "/v1/organization", latin1],
      ["POST", "/v1/api-keys", latin1],
      ["PUT", "/v1/sources/one", latin1],
      ["POST", "/api/v2/pending/0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a/approve", latin1],
    ] as const) {
      const answer = await app.inject({ method, url, headers: json, body });
      assert.equal(answer.status, 400, url);
      assert.match(answer.body, /encoding_invalid/, url);
    }
    assert.equal((await app.inject({ url: "/v1/groups/LATIN" })).status, 404);
    assert.equal((await app.inject({ url: "/v1/groups/G1" })).json.description, "");
  });

  test("is refused by the name of its charset", async () => {
    const headers = { "content-type": "application/json; charset=ISO-8859-1" };
    const answer = await app.inject({ method: "POST", url: "/v1/groups", headers, body: latin1 });
    assert.deepEqual([answer.status, answer.json.code], [415, "encoding_unsupported"]);
  });

  test("UTF-8 with a declared charset or a byte order mark is accepted", async () => {
    const headers = { "content-type": 'application/json; charset="UTF-8"' };
    const body = '\ufeff{"groupId":"BOM","name":"B\u00fccher"}';
    assert.equal((await app.inject({ method: "POST", url: "/v1/groups", headers, body })).status, 201);
    assert.equal((await app.inject({ url: "/v1/groups/BOM" })).json.name, "B\u00fccher");
  });
});

test("a content type without a body is not a body", async () => {
  const user = await app.inject({
    method: "POST",
    url: "/v1/users",
    headers: json,
    body: '{"firstName":"Ann","username":"ann","emails":["ann@example.edu"]}',
  });
  for (const type of ["application/json", "application/x-www-form-urlencoded", "text/xml", "text/plain"]) {
    const headers = { "content-type": type };
    const member = `/v1/groups/G1/members/${user.json.id}`;
    assert.equal((await app.inject({ method: "PUT", url: member, headers })).status, 201, type);
    assert.equal((await app.inject({ method: "DELETE", url: member, headers })).status, 204, type);
    assert.equal((await app.inject({ method: "POST", url: "/v1/groups/G1/purge", headers })).status, 200, type);
    const missing = await app.inject({ method: "POST", url: "/v1/groups", headers });
    assert.equal(missing.status, 400, type);
    assert.match(missing.body, /body_missing/, type);
  }
});

describe("an impossible date", () => {
  test("is refused with the name of its parameter", async () => {
    for (const address of ["/v1/changes", "/v1/audit", "/api/v2/users"]) {
      for (const name of ["since", "until"]) {
        for (const time of ["2026-02-30T00:00:00Z", "2026-11-31T24:00:00Z", "0000-01-01T00:00:00Z"]) {
          const headers = { accept: "application/json" };
          const answer = await app.inject({ url: `${address}?${name}=${time}`, headers });
          assert.deepEqual([answer.status, answer.json.field], [400, name], `${address} ${time}`);
          assert.match(answer.json.detail, /there is no such day/);
        }
      }
    }
    assert.equal((await app.inject({ url: "/api/v2/users?since=2026-02-29" })).status, 400);
  });

  test("is told from one that exists", () => {
    for (const time of ["2024-02-29", "2026-12-31T23:59:60Z", "0001-01-01T00:00:00+15:59"]) {
      assert.equal(impossibleTime(time), undefined, time);
    }
    for (const time of ["2026-02-29", "2026-13-01", "2026-00-10", "2026-04-31T00:00:00Z"]) {
      assert.equal(impossibleTime(time), "there is no such day", time);
    }
    for (const time of ["2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:00+16:00"]) {
      assert.equal(impossibleTime(time), "there is no such time", time);
    }
  });
});

test("an entity tag that a compressing proxy changed still names its version", () => {
  for (const tag of ['W/"4"', '"4-gzip"', 'W/"4-gzip"', '"4--gzip"', '"4;gzip"', '"4-br"', '"3", W/"4"']) {
    assert.doesNotThrow(() => requireVersion(ifMatchVersions(tag), 4), tag);
    assert(isKnown(tag, '"4"'), tag);
  }
  for (const tag of ['W/"5"', '"4-other"', '"44-gzip"', '"gzip"']) {
    assert.throws(() => requireVersion(ifMatchVersions(tag), 4), tag);
    assert(!isKnown(tag, '"4"'), tag);
  }
});

test("an address may end in a slash, and one of version 2 in .xml, .json or .csv, which names the answer", async () => {
  assert.equal((await app.inject({ url: "/v1/groups/" })).json.items.length, 2);
  assert.equal((await app.inject({ url: "/v1/groups/G1/" })).json.groupId, "G1");
  for (const path of ["groups/", "groups.xml", "users.xml", "users/", "pending.xml", "permissions/"]) {
    const answer = await app.inject({ url: `/api/v2/${path}?api_key=${app.key}`, key: null });
    assert.equal(answer.status, 200, path);
  }
  const person = { firstName: "Suf", email: "suffix@example.edu", groupID: "G1", databaseID: "suffix" };
  const body = JSON.stringify({ users: [person] });
  for (const [suffix, type, read] of [
    ["json", /^application\/json/, /^application\/json/],
    ["xml", /^application\/xml/, /^application\/xml/],
    ["csv/", /^application\/xml/, /^text\/csv/],
  ] as const) {
    const url = `/api/v2/users.${suffix}?api_key=${app.key}`;
    const headers = { "content-type": "text/plain", accept: "*/*" };
    const sent = await app.inject({ method: "POST", url, key: null, headers, body });
    const listed = await app.inject({ url, key: null });
    assert.deepEqual([sent.status, listed.status], [200, 200], suffix);
    assert.match(String(sent.headers["content-type"]), type);
    assert.match(String(listed.headers["content-type"]), read);
  }
});

test("an address that does not exist is not found, whatever is sent to it", async () => {
  for (const path of ["users.txt", "Users", "users//"]) {
    const url = `/api/v2/${path}?api_key=${app.key}`;
    const headers = { "content-type": "application/xml" };
    const answer = await app.inject({ method: "POST", url, key: null, headers, body: "<users/>" });
    assert.equal(answer.status, 404, path);
  }
});

test("/api/v2 refuses parameters that /v1 knows, instead of ignoring them", async () => {
  const body =
    '<users type="array"><user><firstName>Dry</firstName><email>dry@example.edu</email><groupID>G1</groupID></user></users>';
  for (const parameter of ["dryRun=true", "dry_run=1", "DRYRUN=false", "style=purge", "source=students"]) {
    for (const [method, path] of [
      ["POST", "users"],
      ["POST", "groups"],
      ["POST", "groups/G1/purge"],
      ["DELETE", "groups/G1"],
      ["GET", "users"],
    ] as const) {
      const url = `/api/v2/${path}?${parameter}`;
      const request = method === "POST" ? { headers: { "content-type": "text/xml" }, body } : {};
      const answer = await app.inject({ method, url, ...request });
      assert.equal(answer.status, 400, url);
      assert.match(answer.body, /\/api\/v2 does not support/, url);
    }
  }
  assert.equal((await app.inject({ url: "/v1/groups/G1" })).status, 200);
  assert.deepEqual((await app.inject({ url: "/v1/users?email=dry@example.edu" })).json.items, []);
});

test("a + in the key of an address may be sent as it is", async () => {
  const key = "Qm9i+c2VjcmV0/a2V5+Zm9y=bXVzdGVy==";
  const name = "with plus signs";
  await app.keyWith(["retrieve"], { name });
  await database.owner.query("update api_keys set key_hash = $1 where name = $2", [hashKey(key), name]);
  for (const text of [key, encodeURIComponent(key)]) {
    const answer = await app.inject({ url: `/api/v2/groups?api_key=${text}`, key: null });
    assert.equal(answer.status, 200, text);
  }
});

describe("conditions", () => {
  test("a read answers 304 to the tag that the client has, and a compressed form of it", async () => {
    for (const url of ["/v1/groups/G1", "/v1/organization"]) {
      const { headers } = await app.inject({ url });
      const tag = String(headers.etag);
      for (const condition of [tag, `W/${tag}`, `"0", ${tag}`, "*"]) {
        const answer = await app.inject({ url, headers: { "if-none-match": condition } });
        assert.deepEqual([answer.status, answer.body, answer.headers.etag], [304, "", tag], `${url} ${condition}`);
      }
      assert.equal((await app.inject({ url, headers: { "if-none-match": '"other"' } })).status, 200);
    }
    const missing = await app.inject({ url: "/v1/groups/NONE", headers: { "if-none-match": "*" } });
    assert.equal(missing.status, 404);
  });

  test("an API key changes only if it is as the client read it; using it is not a change", async () => {
    const created = await app.inject({
      method: "POST",
      url: "/v1/api-keys",
      body: { name: "conditional", services: ["retrieve"] },
    });
    const url = `/v1/api-keys/${created.json.id}`;
    const change = (tag: string, body: object) =>
      app.inject({ method: "PATCH", url, headers: { "if-match": tag }, body });
    const tag = String(created.headers.etag);
    await app.inject({ url: "/v1/groups", key: created.json.key });
    assert.equal((await app.inject({ url })).headers.etag, tag);
    assert.equal((await change('"99"', { services: ["groups"] })).status, 412);
    const changed = await change(tag, { services: ["groups"] });
    assert.equal(changed.status, 200, changed.body);
    assert.equal((await change(tag, { services: ["retrieve"] })).status, 412);
    const stale = { "if-match": tag };
    assert.equal((await app.inject({ method: "DELETE", url, headers: stale })).status, 412);
    assert.equal((await app.inject({ method: "POST", url: `${url}/rotate`, headers: stale })).status, 412);
    const fresh = { "if-match": String(changed.headers.etag) };
    assert.equal((await app.inject({ method: "DELETE", url, headers: fresh })).status, 204);
  });

  test("a write that has no tag to compare refuses If-Match instead of ignoring it", async () => {
    const headers = { "if-match": '"1"' };
    for (const [method, url] of [
      ["DELETE", "/api/v2/groups/G1"],
      ["POST", "/v1/users"],
    ] as const) {
      const answer = await app.inject({ method, url, headers, ...(method === "POST" ? { body: {} } : {}) });
      assert.equal(answer.status, 412, url);
      assert.match(answer.body, /has no ETag that If-Match could name/, url);
    }
    assert.equal((await app.inject({ url: "/v1/groups/G1" })).status, 200);
  });
});
