import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const app = await startTestApp(await createTestDatabase({ after }));
const { json: contract, body: text } = await app.inject({ url: "/openapi.json", key: null });

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: string[];
  readonly security?: object[];
  readonly parameters?: { name: string; in: string; description?: string }[];
  readonly requestBody?: { content: Record<string, { schema: object; example?: unknown }> };
  readonly responses: Record<string, { description: string; content?: Record<string, unknown> }>;
}

const operations = Object.entries(contract.paths as Record<string, Record<string, Operation>>).flatMap(
  ([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, path, method, operation })),
);

test("the contract is OpenAPI 3.1, and each of its references leads somewhere", () => {
  assert.equal(contract.openapi, "3.1.0");
  const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference = ""]) => reference);
  assert(references.length > 50);
  for (const reference of new Set(references)) {
    const [, kind = "", name = ""] = /^#\/components\/(schemas|headers)\/([\w-]+)$/.exec(reference) ?? [];
    assert(Object.hasOwn(contract.components[kind] ?? {}, name), reference);
  }
});

test("every operation is described, with all its answers", () => {
  assert(operations.length > 12);
  for (const { name, path, method, operation } of operations) {
    for (const part of ["operationId", "summary", "description"] as const)
      assert((operation[part]?.length ?? 0) > 4, `${name}: ${part}`);
    assert(
      operation.tags.every((tag) => contract.tags.some((known: { name: string }) => known.name === tag)),
      name,
    );
    for (const parameter of operation.parameters ?? []) assert(parameter.description, `${name}: ${parameter.name}`);
    for (const [status, { description }] of Object.entries(operation.responses)) {
      assert(description.length > 3 && description !== "Default Response", `${name}: ${status}`);
    }
    if (/^\/v1\/organizations\b/.test(path)) {
      for (const status of ["400", "401", "404", "500", "503"])
        assert(operation.responses[status], `${name}: ${status}`);
      assert.match(operation.description, /Needs the operator's key/, name);
      assert.deepEqual(operation.security, [{ operator: [] }, { operatorBasic: [] }], name);
    } else if (/^\/(?:v1|api)\//.test(path)) {
      for (const status of ["400", "401", "403", "500", "503"])
        assert(operation.responses[status], `${name}: ${status}`);
      assert.match(operation.description, /(?:Needs a key with the service |Takes no API key)/, name);
      const sets: { [scheme: string]: string[] }[] = operation.security ?? contract.security;
      const schemes = sets.flatMap((set) => Object.keys(set));
      assert.equal(schemes.includes("bearer"), !/Takes no API key/.test(operation.description), name);
      assert.equal(schemes.includes("session"), !/Not for people/.test(operation.description), name);
    } else {
      assert.deepEqual(operation.security, [], `${name} needs no key`);
    }
    if (operation.requestBody) assert(operation.responses["413"] && operation.responses["415"], name);
    if (
      method === "post" &&
      ![
        "createApiKey",
        "createSignInLink",
        "rotateApiKey",
        "previewSource",
        "createOrganization",
        "issueAdminKey",
      ].includes(operation.operationId) &&
      path.startsWith("/v1/")
    ) {
      assert(
        operation.parameters?.some((parameter) => parameter.name === "idempotency-key"),
        name,
      );
    }
  }
  const ids = operations.map(({ operation }) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length, "operation ids are unique");
});

test("every named schema, and every body, has an example", () => {
  for (const [name, schema] of Object.entries(
    contract.components.schemas as Record<string, { examples?: unknown[] }>,
  )) {
    if (name !== "Problem") assert(schema.examples?.length, name);
  }
  for (const { name, operation } of operations) {
    for (const [type, media] of Object.entries(operation.requestBody?.content ?? {})) {
      // In a form the file itself is any of the others.
      const isOther = ["multipart/form-data", "application/octet-stream"].includes(type);
      assert(isOther || "$ref" in media.schema || media.example !== undefined, `${name}: ${type}`);
    }
  }
});

test("the documentation's page loads nothing from elsewhere, and its policy lets it work", async () => {
  const page = await app.inject({ url: "/docs", key: null });
  assert.equal(page.status, 200);
  const sources = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source = ""]) => source);
  assert(sources.length >= 4);
  assert(!/<script(?![^>]*src=)[^>]*>\s*\S/.test(page.body), "the page itself contains no script");
  for (const source of sources) {
    assert.match(source, /^\/docs\//);
    assert.equal((await app.inject({ url: source, key: null })).status, 200, source);
  }
  const policy = String(page.headers["content-security-policy"]);
  assert.match(policy, /script-src 'self'(;|$)/);
  assert.match(policy, /connect-src 'self'/);
  const start = await app.inject({ url: "/docs/static/swagger-initializer.js", key: null });
  assert.match(start.body, /"validatorUrl":\s*null/, "and asks no validator elsewhere");
});

test("patterns contain nothing that Python's regular expressions do not know", () => {
  const patterns = new Set(
    [...text.matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(([, json = ""]) => JSON.parse(json)),
  );
  assert(patterns.size > 10);
  for (const pattern of patterns) {
    assert.doesNotMatch(pattern, /\\[pP]\{|\\u\{|\(\?<[A-Za-z]|\(\?<[=!][^)]*[*+]|\\[cz]|\/[a-z]*$/, pattern);
    assert.doesNotThrow(() => new RegExp(pattern, "u"), pattern);
  }
});

test("every header of an answer is declared", async () => {
  const declared = (path: string, method: string, status: string) =>
    Object.keys(contract.paths[path][method].responses[status].headers).map((name) => name.toLowerCase());
  const general =
    /^(?:content-|date|connection|keep-alive|transfer-encoding|vary|cache-control|x-|referrer|cross-|permi)/;
  const group = { method: "POST", url: "/v1/groups", body: { groupId: "H1" } } as const;
  for (const [path, method, answer] of [
    ["/v1/groups", "post", await app.inject(group)],
    ["/v1/groups/{groupId}", "get", await app.inject({ url: "/v1/groups/H1" })],
    ["/v1/groups/{groupId}", "get", await app.inject({ url: "/v1/groups/H1", headers: { "if-none-match": "*" } })],
    ["/v1/groups", "get", await app.inject({ url: "/v1/groups", key: null })],
    ["/v1/changes", "get", await app.inject({ url: "/v1/changes" })],
    ["/api/v2/users", "get", await app.inject({ url: "/api/v2/users?since=2026-01-01" })],
    ["/v1/users/export", "get", await app.inject({ url: "/v1/users/export" })],
  ] as const) {
    const sent = Object.keys(answer.headers).filter((name) => !general.test(name));
    const missing = sent.filter((name) => !declared(path, method, String(answer.status)).includes(name));
    assert.deepEqual(missing, [], `${method} ${path} ${answer.status}`);
  }
});
