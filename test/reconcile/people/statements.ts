import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sql } from "sql-template-tag";
import { appendStatement } from "../../../src/changes/record.ts";
import { peopleEntries } from "../../../src/reconcile/people/apply/append-people.ts";
import { applyStatements } from "../../../src/reconcile/people/apply/apply-users.ts";
import { countRolesStatement, knowsAnybody } from "../../../src/reconcile/people/first-load/apply-in-parts.ts";
import { groupFigures } from "../../../src/reconcile/people/first-load/apply-part.ts";
import {
  joinDefaultGroups,
  joinNamedGroups,
  plainEntries,
  plainPeopleEntries,
  plainPeopleStatements,
  plainRanges,
} from "../../../src/reconcile/people/first-load/plain-people.ts";
import { storedLocations } from "../../../src/reconcile/people/first-load/read-plain-rules.ts";
import {
  anyAdministrator,
  anyEmailOfMany,
  looseRows,
  missingGroups,
  plannedGroups,
  relatedRows,
} from "../../../src/reconcile/people/first-load/related-parts.ts";
import {
  countPlainRows,
  dismissAllRows,
  dismissRelatedRows,
} from "../../../src/reconcile/people/first-load/sort-out-rows.ts";
import { warnOfLinksByEmail } from "../../../src/reconcile/people/match/by-email.ts";
import { lastUserIdStatement } from "../../../src/reconcile/people/match/last-user-id.ts";
import { matchStatements } from "../../../src/reconcile/people/match/match-rows.ts";
import { warnOfRecycledPeople } from "../../../src/reconcile/people/match/recycled.ts";
import { warnOfSharedEmails } from "../../../src/reconcile/people/match/shared-emails.ts";
import {
  anyDigest,
  matchUnchangedPeople,
  matchUnchangedRows,
  missingRows,
  reportedRows,
  unchangedRowsOfMergedPeople,
} from "../../../src/reconcile/people/match/unchanged-rows.ts";
import { stagingTables } from "../../../src/reconcile/people/stage/tables.ts";
import type { ImportContext } from "../../../src/reconcile/setup/context.ts";
import { importContexts, importRun } from "../../support/import-contexts.ts";
import { statementDatabase } from "../../support/statement-database.ts";
import { refusedStatements } from "../../support/statements.ts";

const { owner } = statementDatabase;

/** Has PostgreSQL check the statements of some contexts, each text once. */
function refused(
  contexts: readonly (readonly [string, ImportContext])[],
  build: (context: ImportContext) => Readonly<Record<string, Sql>>,
): Promise<string[]> {
  const statements = contexts.flatMap(([description, context]) =>
    Object.entries(build(context)).map(([name, statement]) => [`${name} of ${description}`, statement] as const),
  );
  return refusedStatements(owner, Object.fromEntries(statements), (client) => client.query(stagingTables.text));
}

/** Names statements by their position in a list. */
const numbered = (name: string, statements: readonly Sql[]) =>
  Object.fromEntries(statements.map((statement, index) => [`${name} ${index + 1}`, statement]));

const origin = { actor: "test", importId: importRun.id, source: 4 };

const kinds = [
  { table: "staged_digests", column: "byte_digest" },
  { table: "staged_values", column: "digest" },
] as const;

test("PostgreSQL accepts every statement that matches rows", async () => {
  const found = await refused(importContexts(), (context) => ({
    anyDigest: anyDigest(context),
    ...Object.fromEntries(
      kinds.flatMap((kind, index) =>
        [false, true].flatMap((isAgain) => [
          [`unchangedRows ${index} ${isAgain}`, matchUnchangedRows(context, kind, isAgain)],
          [`unchangedPeople ${index} ${isAgain}`, matchUnchangedPeople(context, kind, isAgain)],
        ]),
      ),
    ),
    reportedRows,
    missingRows,
    unchangedRowsOfMergedPeople,
    warnOfLinksByEmail: warnOfLinksByEmail(context),
    warnOfRecycledPeople: warnOfRecycledPeople(context),
    warnOfSharedEmails: warnOfSharedEmails(context),
    lastUserId: lastUserIdStatement(1),
    ...numbered("match", matchStatements(context)),
  }));
  assert.deepEqual(found, []);
});

test("PostgreSQL accepts every statement that applies a plan", async () => {
  const found = await refused(importContexts(), (context) => ({
    ...numbered("apply", applyStatements(context, importRun, false)),
    ...numbered("apply with returns", applyStatements(context, importRun, true)),
    append: appendStatement(1, origin, peopleEntries("students")),
  }));
  assert.deepEqual(found, []);
});

test("PostgreSQL accepts every statement of a first load", async () => {
  const rows = { plain: 3, others: 1, firstRow: 5 };
  const contexts = importContexts().filter(([, { knowsNobody }]) => knowsNobody);
  const found = await refused(contexts, (context) => {
    const people = { context, run: importRun, rows, offset: -2, joinedByEverybody: ["ALL"] };
    return {
      knowsAnybody: knowsAnybody(1),
      countRoles: countRolesStatement(1),
      storedLocations: storedLocations(1),
      countPlainRows,
      dismissRelatedRows,
      dismissAllRows,
      ...numbered("add plain people", plainPeopleStatements(people)),
      joinNamedGroups: joinNamedGroups(people),
      joinDefaultGroups: joinDefaultGroups(people),
      plainRanges,
      appendPlainPeople: appendStatement(1, origin, plainPeopleEntries(people)),
      appendAll: appendStatement(1, origin, peopleEntries("students", plainEntries(people))),
      groupFigures: groupFigures(context),
      looseRows: looseRows(2),
      relatedRows: relatedRows(context),
      missingGroups,
      plannedGroups,
      anyAdministrator: anyAdministrator(context),
      anyEmailOfMany: anyEmailOfMany(context.organizationId),
    };
  });
  assert.deepEqual(found, []);
});
