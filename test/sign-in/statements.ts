import assert from "node:assert/strict";
import { test } from "node:test";
import { dueSources } from "../../src/announcements/overdue.ts";
import { peopleNamed } from "../../src/sign-in/token-person.ts";
import { statementDatabase } from "../support/statement-database.ts";
import { refusedStatements } from "../support/statements.ts";

const { owner } = statementDatabase;

test("PostgreSQL accepts the statements that find a token's person, and the statements of the rhythm of sources", async () => {
  const named = Object.entries(peopleNamed).map(([match, statement]) => [match, statement(1, "Jane")] as const);
  assert.equal(named.length, 3);
  assert.deepEqual(await refusedStatements(owner, { ...Object.fromEntries(named), dueSources }), []);
});
