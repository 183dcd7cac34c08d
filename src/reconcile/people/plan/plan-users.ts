import { locationNamePattern } from "../../../directory/locations.ts";
import { foldCase } from "../../../directory/text.ts";
import type { Transaction } from "../../../store/database.ts";
import type { ImportContext } from "../../setup/context.ts";
import { warnOfLinksByEmail } from "../match/by-email.ts";
import { runStatements } from "../run-statements.ts";
import { rowOf } from "../stage/tables.ts";
import { findAbsences, settleAbsences } from "./absences.ts";
import { joinNewGroups, keepLastAdministrators, losesAdministrator } from "./administrators.ts";
import { changeStatements } from "./changes.ts";
import { contactStatements } from "./contacts.ts";
import { deletionStatement } from "./deletions.ts";
import { createsGroup } from "./group-patterns.ts";
import {
  type GroupStyles,
  groupStatements,
  groupStyles,
  replaceDataInPurgeGroups,
  rosterStatements,
} from "./group-styles.ts";
import { groupOrderStatements, leaveNoGroup, membershipStatements, unknownGroups } from "./memberships.ts";
import { dropFailed, keepGroupsOfFailedRows, peopleStatements, takeNothingAway } from "./people.ts";
import { anyTombstone, findReturns, planReturnedContacts, planReturnedMemberships, planReturns } from "./returns.ts";
import { scalarStatements } from "./scalars.ts";
import { failContestedUsernames } from "./usernames.ts";

/** After so many rounds a chain of usernames that wait for each other is settled against all who wait. */
const usernameRounds = 8;

/**
 * Works out what the matched rows of a users import mean for what is stored. Writes temporary tables only; applying
 * them is another step. The caller holds the organization's lock, or a snapshot (dry run).
 */
export async function planUsers(client: Transaction, context: ImportContext): Promise<void> {
  const { holdsRemovals, knowsNobody } = context;
  // Nobody who was not known can be missing from the file.
  const hasAbsences = !holdsRemovals && !knowsNobody;
  await runStatements(client, [...groupStatements(context), ...peopleStatements(context)]);
  const { areRosters, purgeData } = await readGroupStyles(client);
  await runStatements(client, [
    ...(purgeData && !knowsNobody ? [replaceDataInPurgeGroups] : []),
    ...(holdsRemovals ? [takeNothingAway] : []),
    ...(knowsNobody ? [] : [deletionStatement(context)]),
    ...(holdsRemovals ? ["truncate planned_deletions"] : []),
  ]);
  for (let round = 1; round <= usernameRounds; round++) {
    const { rowCount } = await client.query(failContestedUsernames(context, round === usernameRounds));
    if (!rowCount) break;
    await client.query(dropFailed);
  }
  await planLocations(client, context);
  const hasReturns = await findReturning(client, context);
  if (context.rules.deletesAbsentPeople && hasAbsences) await planAbsences(client, context);
  const knowsSome = await knowsSomebody(client);
  const areAllNew = knowsNobody && (await client.query("select from merged_persons limit 1")).rowCount === 0;
  await runStatements(client, [
    ...(knowsSome ? [warnOfLinksByEmail(context).text, ...scalarStatements(context)] : []),
    ...contactStatements(context, areAllNew),
    ...(hasReturns ? planReturnedContacts(context) : []),
    ...groupOrderStatements(context, areAllNew),
    ...(holdsRemovals ? [leaveNoGroup] : []),
  ]);
  const createsGroups = await planGroups(client, context);
  await runStatements(client, membershipStatements(context));
  if (areRosters && hasAbsences) await runStatements(client, rosterStatements(context));
  if (hasReturns) await runStatements(client, planReturnedMemberships(context));
  if (createsGroups) await runStatements(client, joinNewGroups(context));
  const { rowCount: losesOne } = await client.query(losesAdministrator);
  if (losesOne) await client.query(keepLastAdministrators(context));
}

/**
 * Writes what the change log will say of the plan for known people.
 * @param sourceName the source's name, as documents show it
 */
export async function planChanges(client: Transaction, context: ImportContext, sourceName: string): Promise<void> {
  if (await knowsSomebody(client)) await runStatements(client, changeStatements(context), [sourceName]);
}

async function knowsSomebody(client: Transaction): Promise<boolean> {
  const { rowCount } = await client.query(
    "select from people where not is_new union all select from absences union all select from leavers limit 1",
  );
  return rowCount !== 0;
}

async function readGroupStyles(client: Transaction): Promise<GroupStyles> {
  const { rows } = await client.query<GroupStyles>(groupStyles);
  return rows[0]!;
}

/** Who of the new people was deleted before: they get their id back, and what was entered by hand. */
async function findReturning(client: Transaction, context: ImportContext): Promise<boolean> {
  const { rowCount: hasTombstones } = await client.query(anyTombstone(context));
  if (!hasTombstones) return false;
  const { rowCount: returning } = await client.query(findReturns(context));
  if (!returning) return false;
  await runStatements(client, planReturns(context));
  return true;
}

/** Whom a roster doesn't name any more (file formats, section 5). */
async function planAbsences(client: Transaction, context: ImportContext): Promise<void> {
  if (context.rules.replacesGroups) await client.query(keepGroupsOfFailedRows);
  const { rowCount } = await client.query(findAbsences(context));
  if (rowCount) await runStatements(client, settleAbsences(context));
}

/** Groups that the file names and the organization has imports create (file formats, section 3); whether there are any. */
async function planGroups(client: Transaction, { settings, organizationId }: ImportContext): Promise<boolean> {
  if (settings.createGroups.length === 0) return false;
  const { rows } = await client.query<{ groupId: string }>(unknownGroups);
  const wanted = rows.map(({ groupId }) => groupId).filter(createsGroup(settings.createGroups));
  const names = new Map(wanted.sort().map((groupId) => [foldCase(groupId), groupId]));
  const { rowCount: created } = await client.query(
    `insert into known_groups (group_id, style, joins_everybody, is_new, json)
     select group_id, null, false, true, to_json(group_id)::text
     from unnest($2::text[], $3::text[]) as wanted (name_normalized, group_id)
     where not exists (
       select from groups g where g.organization_id = $1 and g.name_normalized = wanted.name_normalized collate "C")`,
    [organizationId, [...names.keys()], [...names.values()]],
  );
  return created !== 0;
}

/** Locations that the file names: those that exist, and those that imports create. */
async function planLocations(client: Transaction, context: ImportContext): Promise<void> {
  await client.query(
    `insert into known_locations (name_normalized, name, is_new)
     select name_normalized, name, false from locations where organization_id = $1`,
    [context.organizationId],
  );
  if (context.settings.createLocations) {
    const { rows } = await client.query<{ location: string }>(
      `select location from people
       where location <> '' and applies
         and not exists (select from known_locations l where l.name_normalized = people.location_normalized)
       group by location order by min(first_row)`,
    );
    const wanted = rows.map(({ location }) => location).filter((name) => locationNamePattern.test(name));
    const names = new Map(wanted.reverse().map((name) => [foldCase(name), name]));
    await client.query(
      `insert into known_locations (name_normalized, name, is_new)
       select name_normalized, name, true from unnest($1::text[], $2::text[]) as wanted (name_normalized, name)`,
      [[...names.keys()], [...names.values()]],
    );
  }
  await client.query("analyze known_locations");
  await client.query(
    `insert into row_issues (row, code, field, details, failure)
     select ${rowOf("people", "'campusName'")}, 'location_unknown', 'campusName', jsonb_build_object('location', location), false
     from people
     where location <> '' and applies
       and not exists (select from known_locations l where l.name_normalized = people.location_normalized)`,
  );
}
