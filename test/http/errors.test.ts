import assert from "node:assert/strict";
import { test } from "node:test";
import { DatabaseError } from "pg";
import { MusterError, type ProblemCode, problems } from "../../src/errors.ts";
import { explain } from "../../src/http/contract/errors.ts";
import { problemDetails } from "../../src/http/contract/problems.ts";

const context = { takes: "application/json", bodyLimit: 1024 * 1024 };
const databaseError = (code: string) =>
  Object.assign(new DatabaseError(`value "jane@example.edu" is bad`, 1, "error"), { code, detail: "jane@example.edu" });

test("errors of the database are what they mean for the sender, and quote nothing", () => {
  const expected: Record<string, ProblemCode> = {
    "22021": "request_invalid",
    "22P05": "request_invalid",
    "22003": "request_invalid",
    "23505": "conflict",
    "40001": "organization_busy",
    "40P01": "organization_busy",
    "57P01": "database_unavailable",
    "53300": "database_unavailable",
    "08006": "database_unavailable",
    "42601": "internal",
    "23514": "internal",
  };
  for (const [code, problem] of Object.entries(expected)) {
    const explained = explain(databaseError(code), context);
    assert.equal(explained.code, problem, code);
    assert(!explained.detail.includes("jane"), code);
  }
});

test("a lost connection to the database is not a lost client, and the other way round", () => {
  const reset = (message: string) => Object.assign(new Error(message), { code: "ECONNRESET" });
  assert.equal(explain(reset("aborted"), context).code, "body_incomplete");
  assert.equal(explain(reset("read ECONNRESET"), context).code, "database_unavailable");
  assert.equal(explain(new Error("Connection terminated unexpectedly"), context).code, "database_unavailable");
});

test("whatever is thrown becomes a problem, and what is not known tells nothing", () => {
  for (const thrown of [
    new TypeError("secret"),
    "secret",
    null,
    undefined,
    7,
    { message: "secret", statusCode: 500 },
  ]) {
    const { code, detail } = explain(thrown, context);
    assert.equal(code, "internal", String(thrown));
    assert(!detail.includes("secret"));
  }
  const own = new MusterError("not_found", "There is no such user.");
  assert.equal(explain(own, context), own);
});

test("problem details contain the known parts of the place, in a fixed order", () => {
  const place = {
    errors: [{ field: "a", message: "b" }],
    field: "a",
    column: 3,
    line: 2,
    retryAfter: 5,
    importId: "i",
  };
  const details = problemDetails("xml_cut_off", "It ends too early.", "r", place);
  const members = [
    "type",
    "title",
    "status",
    "detail",
    "code",
    "line",
    "column",
    "field",
    "errors",
    "importId",
    "requestId",
  ];
  assert.deepEqual(Object.keys(details), members);
  assert.equal(details.status, problems.xml_cut_off.status);
  assert.deepEqual(Object.keys(problemDetails("internal", "", "r")), [
    "type",
    "title",
    "status",
    "detail",
    "code",
    "requestId",
  ]);
});
