import assert from "node:assert/strict";
import { after, test } from "node:test";
import { mostNotes } from "../../src/reconcile/people/report/report.ts";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const headers = { "content-type": "text/csv", accept: "application/json" };

const database = await createTestDatabase({ after });

/** A file that is applied in several parts, with 20 wrong addresses in each row. */
const rows = 6_100;
const wrongInRow = 20;
const file = `firstName,databaseID,email\n${Array.from(
  { length: rows },
  (_, row) =>
    `P,U${row},p${row}@example.edu;${Array.from({ length: wrongInRow }, (_, number) => `x${number}`).join(";")}`,
).join("\n")}\n`;

test("of a file with too many notes, the first ones are kept, and the counts include all", async () => {
  const app = await startTestApp(database);
  const { status, json, body } = await app.inject({ method: "POST", url: "/v1/imports/users", headers, body: file });
  assert.equal(status, 201, body);
  assert.equal(json.counts.rows, rows);
  assert.equal(json.counts.warnings, rows);
  const kept = await database.owner.query("select count(*)::integer as notes, max(row) as last from import_rows");
  assert.deepEqual(kept.rows, [{ notes: mostNotes, last: mostNotes / wrongInRow }]);
});

test("a file with more rows than IMPORT_MAX_ROWS is refused", async () => {
  const limited = await startTestApp(database, { importRows: 2 });
  const send = (count: number) =>
    limited.inject({
      method: "POST",
      url: "/v1/imports/users",
      headers,
      body: `email\n${"p@example.edu\n".repeat(count)}`,
    });
  assert.equal((await send(2)).status, 201);
  const { status, json } = await send(3);
  assert.deepEqual([status, json.code], [413, "body_too_large"]);
  assert.match(json.detail, /more than 2 rows\. .* raise IMPORT_MAX_ROWS/);
});
