import assert from "node:assert/strict";
import { after, test } from "node:test";
import { problems } from "../../src/errors.ts";
import { startTestApp, type TestRequest } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { exchange } from "../support/raw-http.ts";

const app = await startTestApp(await createTestDatabase({ after }), { bodyWhole: 300, bodyPause: 300 });
const authorization = `Authorization: Bearer ${app.key}`;
const json = { "content-type": "application/json" };

/** Every refusal is a problem that the closed list knows, and none is a fault of the service. */
function assertProblem(status: number, body: string, label: string): string {
  const problem = JSON.parse(body);
  assert(Object.hasOwn(problems, problem.code), `${label}: ${body}`);
  assert.equal(problem.status, problems[problem.code as keyof typeof problems].status, label);
  assert.equal(problem.status, status, label);
  assert.equal(problem.type, `/problems/${problem.code}`);
  assert(status < 500, `${label} answered ${status}: ${body}`);
  assert.match(problem.requestId, /^[0-9a-f-]{36}$/);
  return problem.code;
}

async function refuse(request: TestRequest, expected: keyof typeof problems): Promise<void> {
  const { status, body, headers } = await app.inject(request);
  const label = `${request.method ?? "GET"} ${request.url.slice(0, 100)} ${String(request.body).slice(0, 60)}`;
  assert.equal(assertProblem(status, body, label), expected, `${label}: ${body}`);
  assert.match(String(headers["content-type"]), /^application\/problem\+json/, label);
}

/** The body of a raw answer. */
const bodyOf = (text: string) => text.slice(text.indexOf("\r\n\r\n") + 4);

async function refuseRaw(request: string, expected: keyof typeof problems): Promise<void> {
  const { status, text } = await exchange(app.url, request);
  assert.equal(assertProblem(status, bodyOf(text), request.slice(0, 100)), expected, text);
}

test("parameters that an address does not know are refused, whatever they are called", async () => {
  const names = ["x", "__proto__", "constructor", "toString", "limit[]", "LIMIT", "%F0%9F%98%80", "a".repeat(3000), ""];
  for (const name of names) await refuse({ url: `/v1/imports?${name}=1` }, "request_invalid");
  for (const query of [
    "limit=1&limit=2",
    "limit=1;limit=2",
    "cursor=x",
    "status=x",
    "cursor=",
    `cursor=${"A".repeat(2000)}`,
  ]) {
    await refuse({ url: `/v1/imports?${query}` }, "request_invalid");
  }
  await refuse({ url: "/v1/organization?x=1" }, "request_invalid");
  await refuse({ url: "/healthz?x=1", key: null }, "request_invalid");
  const many = Array.from({ length: 1000 }, (_, index) => `p${index}=1`).join("&");
  const { json: problem } = await app.inject({ url: `/v1/imports?${many}` });
  assert(problem.errors.length <= 20, "the list of errors is bounded");
});

test("addresses that do not exist, or cannot be read, are refused", async () => {
  const unknown = [
    "/v1",
    "/v1/",
    "/v1/none",
    "/v2/users",
    "//v1/imports",
    "/v1//imports",
    "/v1/imports/x/y",
    "/V1/imports",
    "/favicon.ico",
  ];
  for (const url of unknown) await refuse({ url }, "not_found");
  const paths = [
    "/docs/../../etc/passwd",
    "/docs/static/..%2f..%2f..%2fpackage.json",
    "/docs/static/%2e%2e/%2e%2e/index.js",
    "/..%5c..%5cpackage.json",
  ];
  for (const url of paths) {
    const { status, text } = await exchange(app.url, `GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`);
    assertProblem(status, bodyOf(text), url);
    assert(!text.includes("root:") && !text.includes("dependencies"), url);
  }
  for (const url of ["/v1/%ff", "/v1/imports/%", "/v1/imports/%zz", "/%c3%28"])
    await refuse({ url }, "request_invalid");
  for (const url of ["/v1/imports/%00", "/v1/users?query=a%00b", "/%00"]) await refuse({ url }, "request_invalid");
  await refuse({ url: `/v1/imports/${"a".repeat(1001)}` }, "request_invalid");
  await refuse({ url: `/v1/imports/${"a".repeat(999)}` }, "request_invalid");
});

test("a method that an address does not take gets 405 and is told which it does", async () => {
  for (const method of ["PUT", "DELETE", "PATCH", "POST", "OPTIONS"] as const) {
    const { status, headers, json: problem } = await app.inject({ method, url: "/v1/imports" });
    assert.equal(status, 405, method);
    assert.equal(problem.code, "method_not_allowed");
    assert.equal(headers.allow, "GET, HEAD");
  }
  await refuse({ method: "GET", url: "/v1/imports/users" }, "request_invalid");
  await refuse({ method: "DELETE", url: "/v1/imports/users" }, "method_not_allowed");
  await refuse({ method: "POST", url: "/healthz", key: null }, "method_not_allowed");
  for (const method of ["TRACE", "PROPFIND", "PURGE"]) {
    await refuseRaw(`${method} /v1/imports HTTP/1.1\r\nHost: x\r\n${authorization}\r\n\r\n`, "method_not_allowed");
  }
  assert.equal((await app.inject({ method: "HEAD", url: "/v1/imports" })).status, 200);
});

test("bodies that are no valid JSON are refused", async () => {
  const request = { method: "PATCH", url: "/v1/organization", headers: json } as const;
  const broken = [
    "{",
    "{'a':1}",
    "nul",
    '{"settings":{}',
    "\u0000",
    "[]".repeat(2),
    '{"a":1}x',
    "\uFEFF\uFEFF{}",
    "undefined",
    "NaN",
  ];
  for (const body of broken) await refuse({ ...request, body }, "request_invalid");
  for (const body of ["[]", "null", "1", '"x"', "{}"]) await refuse({ ...request, body }, "request_invalid");
  await refuse({ ...request, body: "" }, "body_missing");
  await refuse({ ...request, body: '{"__proto__":{"settings":{}}}' }, "request_invalid");
  await refuse({ ...request, body: '{"settings":{"__proto__":{"style":"purge"}}}' }, "request_invalid");
  await refuse({ ...request, body: '{"constructor":{"prototype":{"x":1}}}' }, "request_invalid");
  await refuse({ ...request, body: '{"settings":{"customFields":["a\\u0000b"]}}' }, "request_invalid");
  await refuse({ ...request, body: `${"[".repeat(200_000)}${"]".repeat(200_000)}` }, "request_invalid");
  await refuse({ ...request, body: `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}` }, "request_invalid");
  await refuse({ ...request, body: `"${"x".repeat(1024 * 1024)}"` }, "body_too_large");
  assert.equal(({} as { style?: string }).style, undefined, "no prototype was touched");
});

test("a backslash before u0000 is text, not a NUL character", async () => {
  const body = '{"settings":{"customFields":["a\\\\u0000b"]}}';
  const { status, json: organization } = await app.inject({
    method: "PATCH",
    url: "/v1/organization",
    headers: json,
    body,
  });
  assert.equal(status, 200);
  assert.deepEqual(organization.settings.customFields, ["a\\u0000b"]);
});

test("lone surrogates, which no database can store, are no fault of the service", async () => {
  const body = '{"settings":{"customFields":["a\\ud800b"]}}';
  const { status } = await app.inject({ method: "PATCH", url: "/v1/organization", headers: json, body });
  assert(status < 500, String(status));
});

test("other content types get 415 and are told what is taken", async () => {
  const types = [
    "text/plain",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "x",
    ";",
    "application/json/x",
  ];
  for (const contentType of types) {
    const request = {
      method: "PATCH",
      url: "/v1/organization",
      body: "x",
      headers: { "content-type": contentType, accept: "application/json" },
    } as const;
    const { status, json: problem } = await app.inject(request);
    assert.equal(status, 415, contentType);
    assert.match(problem.detail, /application\/json/);
  }
  const { json: problem } = await app.inject({
    method: "POST",
    url: "/v1/imports/users",
    body: "{}",
    headers: { ...json, "content-type": "image/png" },
  });
  assert.equal(problem.code, "media_type_unsupported");
  assert.match(
    problem.detail,
    /is image\/png, which is not a type of rosters.*text\/csv, application\/xml.*--data-binary/,
  );
});

test("what is no number, or no id, is told so in words for people", async () => {
  const detail = async (url: string) => (await app.inject({ url })).json.detail;
  assert.match(await detail("/v1/users?limit=abc"), /: limit: is to be a whole number from 1 to 1000\.$/);
  assert.match(await detail("/v1/changes?wait=abc"), /: wait: is no number\.$/);
  assert.match(await detail("/v1/imports/abc"), /: id: is no id, such as /);
});

test("problems are XML to those who ask for it", async () => {
  const { status, headers, body } = await app.inject({ url: "/v1/none", headers: { accept: "application/xml" } });
  assert.equal(status, 404);
  assert.match(String(headers["content-type"]), /^application\/problem\+xml/);
  assert.match(body, /<code>not_found<\/code>/);
});

test("every answer carries the headers that browsers heed, and its request's id", async () => {
  for (const url of ["/v1/organization", "/v1/none", "/docs", "/healthz"]) {
    const { headers } = await app.inject({ url });
    assert.equal(headers["x-content-type-options"], "nosniff", url);
    assert.equal(headers["x-frame-options"], "DENY", url);
    assert.match(String(headers["content-security-policy"]), /^default-src 'none'/, url);
    assert.match(String(headers["request-id"]), /^[0-9a-f-]{36}$/, url);
    for (const part of ["resource", "opener"]) assert.equal(headers[`cross-origin-${part}-policy`], "same-origin", url);
    assert.equal(headers["cross-origin-embedder-policy"], "require-corp", url);
    assert.match(String(headers["permissions-policy"]), /geolocation=\(\)/, url);
    assert.equal(headers["referrer-policy"], "no-referrer", url);
    assert.equal(headers["strict-transport-security"], undefined, "over HTTP it means nothing");
  }
  for (const url of ["/v1/organization", "/v1/none", "/healthz", "/openapi.json", "/api/v2/users"]) {
    assert.equal((await app.inject({ url })).headers["cache-control"], "no-store", url);
  }
});

test("after all that, the service works and has logged no fault of its own", async () => {
  assert.equal((await app.inject({ url: "/v1/organization" })).status, 200);
  const faults = app.log.filter(({ level }) => level === "error" || level === "fatal");
  assert.deepEqual(faults, []);
});
