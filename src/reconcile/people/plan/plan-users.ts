import sql, { type Sql } from "sql-template-tag";
import type { Transaction } from "../../../store/database.ts";
import { inSets, runStatements } from "../../../store/sql.ts";
import type { ImportContext } from "../../setup/context.ts";
import { warnOfLinksByEmail } from "../match/by-email.ts";
import { warnOfRecycledPeople } from "../match/recycled.ts";
import { warnOfEmailsOfMany, warnOfSharedEmails } from "../match/shared-emails.ts";
import { findAbsences, settleAbsences } from "./absences.ts";
import { joinNewGroups, keepLastAdministrators, losesAdministrator } from "./administrators.ts";
import { planKnownChanges } from "./changes.ts";
import { planContacts } from "./contacts.ts";
import { planOrderedDeletions } from "./deletions.ts";
import { leaveNoGroup, listGroupOrders, reportUnknownGroups } from "./group-orders.ts";
import { listGroups, readGroupStyles, replaceDataInPurgeGroups } from "./group-styles.ts";
import { listLeavers } from "./leavers.ts";
import { planMemberships } from "./memberships.ts";
import { planNamedGroups } from "./named-groups.ts";
import { planNamedLocations } from "./named-locations.ts";
import { dropFailedPeople, keepGroupsOfFailedRows, listPeople, takeNothingAway } from "./people.ts";
import { planReturnedContacts, planReturnedMemberships } from "./returned-lists.ts";
import { anyTombstone, findReturns, planReturns } from "./returns.ts";
import { leaveRosterGroups } from "./roster-groups.ts";
import { planScalars } from "./scalars.ts";
import { failContestedUsernames } from "./usernames.ts";

/** After so many rounds, people who wait for each other's usernames all fail. */
const usernameRounds = 8;

/**
 * Works out what the matched rows of a file of users mean for the stored people. It writes temporary tables only; applying
 * them is another step. The caller holds the organization's lock, or a snapshot (dry run).
 */
export async function planUsers(transaction: Transaction, context: ImportContext): Promise<void> {
  const { holdsRemovals, knowsNobody, rules } = context;
  // An organization without people has nobody who can be absent from the file.
  const hasAbsences = !holdsRemovals && !knowsNobody;
  const { areRosters } = await planPeople(transaction, context);
  const hasReturns = await planReturningPeople(transaction, context);
  if (rules.deletesAbsentPeople && hasAbsences) await planAbsences(transaction, context);
  const areAllNew = knowsNobody && (await transaction.query(anyMergedPerson)).rowCount === 0;
  await runStatements(transaction, [
    ...((await knowsSomebody(transaction))
      ? [...inSets([warnOfLinksByEmail(context)]), warnOfRecycledPeople(context), ...planScalars(context)]
      : []),
    ...planContacts(context, areAllNew),
    ...(hasReturns ? planReturnedContacts(context) : []),
    ...listGroupOrders(context, areAllNew),
    ...(holdsRemovals ? [leaveNoGroup] : []),
  ]);
  const createsGroups = await planNamedGroups(transaction, context);
  await runStatements(transaction, [
    ...reportUnknownGroups,
    ...planMemberships(context),
    ...(areRosters && hasAbsences ? leaveRosterGroups(context) : []),
    ...(knowsNobody ? [] : [listLeavers]),
    ...(hasReturns ? planReturnedMemberships(context) : []),
    ...(createsGroups ? joinNewGroups(context) : []),
  ]);
  const { rowCount: losesOne } = await transaction.query(losesAdministrator);
  if (losesOne) await transaction.query(keepLastAdministrators(context));
}

/**
 * Writes what the change log will say about the plan for known people.
 * @param sourceName the source's name, as documents show it
 */
export async function planChanges(transaction: Transaction, context: ImportContext, sourceName: string): Promise<void> {
  if (await knowsSomebody(transaction)) await runStatements(transaction, planKnownChanges(context, sourceName));
}

export const anyMergedPerson: Sql = sql`select from merged_persons limit 1`;

export const anyKnownPerson: Sql = sql`
  select from people where not is_new union all select from absences union all select from leavers limit 1`;

async function knowsSomebody(transaction: Transaction): Promise<boolean> {
  return (await transaction.query(anyKnownPerson)).rowCount !== 0;
}

/** Lists the people of the file and what it says about each, without people who fail or go. */
async function planPeople(
  transaction: Transaction,
  context: ImportContext,
): Promise<{ /** Some groups are rosters of their own. */ readonly areRosters: boolean }> {
  const { holdsRemovals, knowsNobody } = context;
  await runStatements(transaction, [...listGroups(context), ...listPeople(context)]);
  const { areRosters, purgeData } = await readGroupStyles(transaction);
  await runStatements(transaction, [
    ...(purgeData && !knowsNobody ? [replaceDataInPurgeGroups] : []),
    ...(holdsRemovals ? [takeNothingAway] : []),
    ...(knowsNobody ? [] : [planOrderedDeletions(context)]),
    ...(holdsRemovals ? [sql`truncate planned_deletions`] : []),
  ]);
  for (let round = 1; round <= usernameRounds; round++) {
    const { rowCount } = await transaction.query(failContestedUsernames(context, round === usernameRounds));
    if (!rowCount) break;
    await transaction.query(dropFailedPeople);
  }
  await runStatements(transaction, [...inSets([warnOfSharedEmails(context)]), warnOfEmailsOfMany(context)]);
  await planNamedLocations(transaction, context);
  return { areRosters };
}

/** Plans that new people who were deleted before return, with the values that were entered by hand; true if there are any. */
async function planReturningPeople(transaction: Transaction, context: ImportContext): Promise<boolean> {
  const { rowCount: tombstones } = await transaction.query(anyTombstone(context));
  if (!tombstones) return false;
  const { rowCount: returning } = await transaction.query(findReturns(context));
  if (!returning) return false;
  await runStatements(transaction, planReturns(context));
  return true;
}

/** Plans the absence of people whom a roster no longer names (file formats, section 5.1). */
async function planAbsences(transaction: Transaction, context: ImportContext): Promise<void> {
  if (context.rules.replacesGroups) await transaction.query(keepGroupsOfFailedRows);
  const { rowCount } = await transaction.query(findAbsences(context));
  if (rowCount) await runStatements(transaction, settleAbsences(context));
}
