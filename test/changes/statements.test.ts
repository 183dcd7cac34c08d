import assert from "node:assert/strict";
import { after, test } from "node:test";
import { recordStatement } from "../../src/changes/record.ts";
import { createTestDatabase } from "../support/database.ts";
import { refusedStatements } from "../support/statements.ts";

const { owner } = await createTestDatabase({ after });

test("PostgreSQL accepts every statement of the change log", async () => {
  const entries = [{ type: "user", action: "created", id: "1", changed: {} }] as const;
  const refused = await refusedStatements(owner, {
    "record by hand": recordStatement(1, { actor: "test" }, entries),
    "record of an import": recordStatement(1, { actor: "test", importId: crypto.randomUUID(), source: 3 }, entries),
  });
  assert.deepEqual(refused, []);
});
