/**
 * PostgreSQL parses every statement that the code can build, against the migrated database. The folders' own modules
 * prepare the statements that depend on styles, filters and settings. A visit of all addresses sends the statements
 * of single requests. The last test compares what was sent with every template of the source.
 */
import "../changes/statements.ts";
import "../directory/statements.ts";
import "../moderation/statements.ts";
import "../reconcile/attempts/statements.ts";
import "../reconcile/people/plan-statements.ts";
import "../reconcile/people/statements.ts";
import "../sign-in/statements.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { fragmentsOf, listSqlFragments, missingFragments, recordStatements } from "../support/sql-fragments.ts";
import { requestOf, visit } from "../tenancy/walk.ts";
import { buildWorld } from "../tenancy/world.ts";
import { doOwnWork } from "./own-work.ts";
import { sendFilters } from "./requests-with-filters.ts";

const sent = recordStatements();

/** Fragments that other tests send, since they need a server set up in a special way. */
const elsewhere: Readonly<Record<string, string>> = {
  "alter database ": "test/silence/server-log.test.ts, on a server with other settings",
  "grant ": "test/store/prepare.test.ts, as a user that may not act as the service's role yet",
};

/** Operations that work on whole files or on many people: PostgreSQL plans those statements with their values. */
const isPlannedWithValues =
  /^(import|approve|decide|renumber|retire|preview|listUsers|exportUsers|getReach|getGroupReach|listChanges|deleteLocation|updateLocation)/;
/** Statements by which a test reads and restores tables. */
const isOfTest = (text: string) => /row_to_json\(one\)|confrelid/.test(text);

test("PostgreSQL accepts the statements of every address, of filters, and of the service's own work", async (t) => {
  const database = await createTestDatabase(t);
  const app = await startTestApp(database);
  const world = await buildWorld(app, database.owner, (part, operation) =>
    app.inject(requestOf(part, operation, { places: [] }, "own")),
  );
  const unnamed: string[] = [];
  sent.takeUnnamed();
  for await (const { operation } of visit(app, database.owner, world)) {
    const texts = sent.takeUnnamed().filter((text) => !isOfTest(text));
    if (!isPlannedWithValues.test(operation.id))
      unnamed.push(...texts.map((text) => `${operation.id}: ${text.slice(0, 200)}`));
  }
  assert.deepEqual(unnamed, [], "a statement of a single request is prepared");
  await sendFilters(app, world.caller);
  await doOwnWork(t, app, database);
});

test("fragments are found within each other, and are missing until a statement contains all their pieces", () => {
  const value = "$".concat("{b ? sql`x = $", "{1} or` : empty}");
  const source = `  // sql\`a comment\`\nconst a = sql\`select ${value} from "}" \`;`;
  const found = fragmentsOf("a.ts", source);
  assert.deepEqual(found, [
    { place: "a.ts:2", pieces: ["select ", ' from "}" '] },
    { place: "a.ts:2", pieces: ["x = ", " or"] },
  ]);
  assert.deepEqual(missingFragments(found, new Set(['select 1 from "}" '])), found.slice(1));
  assert.deepEqual(missingFragments(found, new Set(['select x = $1 or from "}" '])), []);
});

test("PostgreSQL has parsed every template of SQL in the source", () => {
  const fragments = listSqlFragments(fileURLToPath(new URL("../..", import.meta.url)));
  assert(fragments.length > 800, `${fragments.length} templates`);
  const missing = missingFragments(fragments, sent.texts).filter(({ pieces }) => elsewhere[pieces[0]!] === undefined);
  assert.deepEqual(
    missing.map(({ place }) => place),
    [],
  );
});
