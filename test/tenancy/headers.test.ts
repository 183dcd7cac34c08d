/** Every answer that a walk through all operations receives has only headers that the contract declares. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestApp, type TestAnswer } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import type { Operation } from "./contract.ts";
import { requestOf, visit } from "./walk.ts";
import { buildWorld } from "./world.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);
const { json: contract } = await app.inject({ url: "/openapi.json", key: null });
const world = await buildWorld(app, database.owner, (part, operation) =>
  app.inject(requestOf(part, operation, { places: [] }, "own")),
);

/** Headers of HTTP itself, which OpenAPI describes by the content of an answer or not at all. */
const ofHttp = ["content-type", "content-length", "date", "connection", "keep-alive", "transfer-encoding"];

/** The headers of every answer, which the introduction of the contract lists. */
const ofEveryAnswer = Object.keys((await app.inject({ url: "/healthz", key: null })).headers).filter((name) =>
  new RegExp(`\`${name}[:\`]`, "i").test(contract.info.description),
);

/** Returns a sentence for each header, or status, of an answer that the contract does not declare. */
function undeclared({ path, method, id }: Operation, { status, headers }: TestAnswer): string[] {
  const response = contract.paths[path][method.toLowerCase()].responses[status];
  if (response === undefined) return [`${id}: ${status} is not declared`];
  const declared = Object.keys(response.headers).map((name) => name.toLowerCase());
  return Object.keys(headers)
    .filter((name) => ![...ofHttp, ...ofEveryAnswer, ...declared].includes(name))
    .map((name) => `${id}: ${status} has ${name}`);
}

test("the introduction of the contract lists the headers that every answer has", () => {
  assert.deepEqual(ofEveryAnswer.sort(), [
    "cache-control",
    "content-security-policy",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
    "referrer-policy",
    "x-content-type-options",
    "x-frame-options",
  ]);
});

test("the contract declares every header of every answer", async () => {
  const findings = new Set<string>();
  const statuses = new Set<number>();
  const look = (operation: Operation, answer: TestAnswer) => {
    statuses.add(answer.status);
    for (const finding of undeclared(operation, answer)) findings.add(finding);
  };
  for await (const { operation, answer } of visit(app, database.owner, world)) {
    look(operation, answer);
    const request = requestOf(world, operation, { places: [] }, "own");
    look(operation, await app.inject({ ...request, key: null }));
    if (operation.method !== "GET") continue;
    look(operation, await app.inject({ ...request, headers: { accept: "application/xml" } }));
    look(operation, await app.inject({ ...request, headers: { accept: "text/csv" } }));
    look(operation, await app.inject({ ...request, headers: { ...request.headers, "if-none-match": "*" } }));
  }
  assert.deepEqual([...findings], []);
  for (const status of [200, 201, 204, 304, 401]) assert(statuses.has(status), `an answer with ${status}`);
});
