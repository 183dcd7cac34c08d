import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sql } from "sql-template-tag";
import { listEarlierChanges } from "../../../src/reconcile/people/guard/earlier-changes.ts";
import { exampleStatements } from "../../../src/reconcile/people/guard/examples.ts";
import {
  changedIdentifiersStatement,
  peopleOfAnotherSourceStatement,
} from "../../../src/reconcile/people/guard/identity-figures.ts";
import {
  emptiedGroupStatement,
  groupLossesStatement,
  locationLossesStatement,
} from "../../../src/reconcile/people/guard/losses.ts";
import {
  claimedStatement,
  lastRosterStatement,
  namedGroupsStatement,
  planFiguresStatement,
  waitingStatement,
} from "../../../src/reconcile/people/guard/plan-figures.ts";
import { recentRemovalsStatement } from "../../../src/reconcile/people/guard/recent-removals.ts";
import { valueFiguresStatement } from "../../../src/reconcile/people/guard/value-figures.ts";
import { warnOfEmailsOfMany } from "../../../src/reconcile/people/match/shared-emails.ts";
import { findAbsences, settleAbsences } from "../../../src/reconcile/people/plan/absences.ts";
import {
  joinNewGroups,
  keepLastAdministrators,
  losesAdministrator,
} from "../../../src/reconcile/people/plan/administrators.ts";
import { planKnownChanges } from "../../../src/reconcile/people/plan/changes.ts";
import { planContacts } from "../../../src/reconcile/people/plan/contacts.ts";
import { planOrderedDeletions } from "../../../src/reconcile/people/plan/deletions.ts";
import {
  leaveNoGroup,
  listGroupOrders,
  reportUnknownGroups,
  unknownGroups,
} from "../../../src/reconcile/people/plan/group-orders.ts";
import {
  groupStylesStatement,
  listGroups,
  replaceDataInPurgeGroups,
  storedGroups,
} from "../../../src/reconcile/people/plan/group-styles.ts";
import { listLeavers } from "../../../src/reconcile/people/plan/leavers.ts";
import { planMemberships } from "../../../src/reconcile/people/plan/memberships.ts";
import { planGroups } from "../../../src/reconcile/people/plan/named-groups.ts";
import {
  listLocations,
  planLocations,
  reportUnknownLocations,
  unknownLocations,
} from "../../../src/reconcile/people/plan/named-locations.ts";
import {
  dropFailedPeople,
  keepGroupsOfFailedRows,
  listPeople,
  takeNothingAway,
} from "../../../src/reconcile/people/plan/people.ts";
import { anyKnownPerson, anyMergedPerson } from "../../../src/reconcile/people/plan/plan-users.ts";
import { planReturnedContacts, planReturnedMemberships } from "../../../src/reconcile/people/plan/returned-lists.ts";
import { anyTombstone, findReturns, planReturns } from "../../../src/reconcile/people/plan/returns.ts";
import { leaveRosterGroups, rosterLoss } from "../../../src/reconcile/people/plan/roster-groups.ts";
import { planScalars } from "../../../src/reconcile/people/plan/scalars.ts";
import { failContestedUsernames } from "../../../src/reconcile/people/plan/usernames.ts";
import { countStatement, outcomesStatement } from "../../../src/reconcile/people/report/describe-plan.ts";
import { insertPlanItems } from "../../../src/reconcile/people/report/plan-items.ts";
import { insertImportRows, insertKeptPeople } from "../../../src/reconcile/people/report/report.ts";
import { stagingTables } from "../../../src/reconcile/people/stage/tables.ts";
import type { ImportContext } from "../../../src/reconcile/setup/context.ts";
import { importContexts, importRun } from "../../support/import-contexts.ts";
import { statementDatabase } from "../../support/statement-database.ts";
import { refusedStatements } from "../../support/statements.ts";

const { owner } = statementDatabase;

const planStatements = (c: ImportContext): Sql[] => [
  ...listGroups(c),
  ...listPeople(c),
  groupStylesStatement,
  storedGroups(c.organizationId),
  replaceDataInPurgeGroups,
  takeNothingAway,
  dropFailedPeople,
  planOrderedDeletions(c),
  failContestedUsernames(c, false),
  failContestedUsernames(c, true),
  warnOfEmailsOfMany(c),
  listLocations(c),
  unknownLocations,
  planLocations(new Map([["main", "Main"]])),
  reportUnknownLocations,
  anyTombstone(c),
  findReturns(c),
  ...planReturns(c),
  keepGroupsOfFailedRows,
  findAbsences(c),
  ...settleAbsences(c),
  anyMergedPerson,
  anyKnownPerson,
  ...planScalars(c),
  ...planContacts(c, false),
  ...planContacts(c, true),
  ...planReturnedContacts(c),
  ...listGroupOrders(c, false),
  ...listGroupOrders(c, true),
  leaveNoGroup,
  unknownGroups,
  planGroups(c, new Map([["club", "CLUB"]])),
  ...reportUnknownGroups,
  ...planMemberships(c),
  ...leaveRosterGroups(c),
  listLeavers,
  ...planReturnedMemberships(c),
  ...joinNewGroups(c),
  losesAdministrator,
  keepLastAdministrators(c),
  ...planKnownChanges(c, "students"),
];

const guardStatements = (c: ImportContext): Sql[] => [
  planFiguresStatement(c),
  claimedStatement(c, "users"),
  claimedStatement(c, "memberships"),
  namedGroupsStatement(c),
  lastRosterStatement(c),
  waitingStatement(c),
  rosterLoss,
  groupLossesStatement(c, { sizes: [] }),
  groupLossesStatement(c, {
    sizes: [
      { from: 1_000, percent: 25 },
      { from: 3, percent: 50 },
    ],
  }),
  locationLossesStatement(c),
  emptiedGroupStatement(c),
  changedIdentifiersStatement(c),
  peopleOfAnotherSourceStatement(c),
  valueFiguresStatement(c),
  ...listEarlierChanges(c),
  recentRemovalsStatement(c, new Date(0)),
  ...Object.values(exampleStatements).map((statement) => statement(c)),
];

const reportStatements = (c: ImportContext): Sql[] => [
  countStatement(c),
  outcomesStatement(c),
  insertImportRows(c, importRun.id),
  insertKeptPeople(c, importRun.id),
  insertPlanItems(c, importRun.id, importRun.sourceName),
];

for (const [purpose, build] of [
  ["plans a file of users", planStatements],
  ["gathers the figures of the guard", guardStatements],
  ["reports on a file of users", reportStatements],
] as const) {
  test(`PostgreSQL accepts every statement that ${purpose}`, async () => {
    const statements = importContexts().flatMap(([description, context]) =>
      build(context).map((statement, index) => [`statement ${index + 1} of ${description}`, statement] as const),
    );
    const refused = await refusedStatements(owner, Object.fromEntries(statements), (client) =>
      client.query(stagingTables.text),
    );
    assert.deepEqual(refused, []);
  });
}
