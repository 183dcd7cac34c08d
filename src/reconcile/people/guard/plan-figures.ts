import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { identifier, selectRow } from "../../../store/sql.ts";
import type { Executor } from "../../../store/statement.ts";
import type { Waiting } from "../../guard/hold.ts";
import type { ImportContext } from "../../setup/context.ts";
import { endedMemberships } from "../report/describe-plan.ts";
import { restoresRole } from "./earlier-changes.ts";
import {
  failedRows,
  losingContacts,
  unexpectedDeletions,
  unexpectedLosses,
  unidentifiedRows,
  unknownGroups,
} from "./examples.ts";
import { gainingContacts, peopleOfLostLetters, possiblyRecycled } from "./value-figures.ts";

const planFiguresRow = z.object({
  rows: z.int(),
  peopleInFile: z.int(),
  peopleLookedAt: z.int(),
  peopleRemoved: z.int(),
  membershipsRemoved: z.int(),
  contactsRemoved: z.int(),
  rowsFailed: z.int(),
  rowsUnidentified: z.int(),
  groupsUnknown: z.int(),
  peopleNew: z.int(),
  usernamesChanged: z.int(),
  locationsTouched: z.int(),
  namesTouched: z.int(),
  identifiersRecycled: z.int(),
  contactsGained: z.int(),
  rolesTouched: z.int(),
  lettersLost: z.int(),
});

/** Figures that the plan alone contains. */
export type PlanFigures = z.infer<typeof planFiguresRow>;

/** Select of the number of memberships that end and that the source added last. */
const restoredMemberships = (c: ImportContext) => sql`
  select (count(*) + (select count(*) from planned_deletions gone join earlier_changes e on e.person = gone.person
      and e.action = 'created' join memberships m on m.organization_id = ${c.organization} and m.user_id = gone.person))::integer
  from planned_memberships p
  where role_from is not null and role_to is null and ${restoresRole(sql`p.person`, sql`p.group_id`, sql`null`)}`;

export const planFiguresStatement = (c: ImportContext): Sql => sql`
  select
    greatest((select count(*) from staged_rows), (select count(*) from staged_digests))::integer as rows,
    -- Only the rows of people with several rows need sorting.
    ((select count(*) from row_persons) - (select count(*) - count(distinct person) from row_persons join merged_persons using (person))
      -- A row that failed before matching still puts a person in the file.
      + (select count(*) from (${failedRows}) failed where not exists (select from row_persons r where r.row = failed.row)))::integer
      as "peopleInFile",
    (select count(*) from people)::integer as "peopleLookedAt",
    (select count(*) from (${unexpectedDeletions}) gone)::integer as "peopleRemoved",
    ${endedMemberships(c)} - (${restoredMemberships(c)}) as "membershipsRemoved",
    (select count(*) from (${unexpectedLosses}) losing)::integer as "contactsRemoved",
    (select count(*) from (${failedRows}) failed)::integer as "rowsFailed",
    (select count(*) from (${unidentifiedRows}) unidentified)::integer as "rowsUnidentified",
    (select coalesce(sum(people), 0) from (${unknownGroups}) unknown)::integer as "groupsUnknown",
    (select count(*) from people where is_new)::integer as "peopleNew",
    (select count(*) from planned_scalars s join users u on u.organization_id = ${c.organization} and u.id = s.person
     where s.username_changes and u.username is not null)::integer as "usernamesChanged",
    (select count(*) from planned_scalars where changed like '%"location":%')::integer as "locationsTouched",
    (select count(*) from planned_scalars where changed like '%"firstName":%' or changed like '%"lastName":%')::integer
      as "namesTouched",
    (select count(*) from (${possiblyRecycled}) recycled)::integer as "identifiersRecycled",
    (select count(*) from (${gainingContacts}) gaining)::integer as "contactsGained",
    (select count(distinct person) from planned_memberships
     where role_to > 0 and role_to is distinct from role_from and claims & ${c.claim} <> 0)::integer as "rolesTouched",
    (select count(*) from (${peopleOfLostLetters}) damaged)::integer as "lettersLost"`;

/** Reads the figures that the plan alone contains. */
export async function readPlanFigures(executor: Executor, context: ImportContext): Promise<PlanFigures> {
  return (await selectRow(executor, planFiguresRow, planFiguresStatement(context)))!;
}

const countRow = z.object({ count: z.int() });

export const claimedStatement = (c: ImportContext, table: "users" | "memberships"): Sql => sql`
  select count(*)::integer as count from ${identifier(table)}
  where organization_id = ${c.organization} and claims & ${c.claim} <> 0`;

/** Counts the people, or memberships, that the source claims before the import. */
export async function countClaimed(
  executor: Executor,
  context: ImportContext,
  table: "users" | "memberships",
): Promise<number> {
  return (await selectRow(executor, countRow, claimedStatement(context, table)))!.count;
}

export const namedGroupsStatement = (c: ImportContext): Sql => sql`
  select (
    (select count(*) from row_persons r join memberships m on m.organization_id = ${c.organization} and m.user_id = r.person
       and m.claims & ${c.claim} <> 0 where r.same)
    + (select count(*) from file_joins)
    + (select count(*) from planned_memberships p where action = 'add' and claims & ${c.claim} <> 0
         and not exists (select from file_joins j where j.person = p.person and j.group_id = p.group_id))
    + (select count(*) from row_issues where code = 'group_unknown'))::integer as count`;

/** Counts the memberships that the file names. Unchanged rows name the memberships that are stored. */
export async function countNamedMemberships(executor: Executor, context: ImportContext): Promise<number> {
  return (await selectRow(executor, countRow, namedGroupsStatement(context)))!.count;
}

const lastRosterRow = z.object({ people: z.int().nullable() });

export const lastRosterStatement = (c: Pick<ImportContext, "organization" | "source">): Sql => sql`
  select (counts ->> 'people')::integer as people
  from imports
  where organization_id = ${c.organization} and source = ${c.source} and kind = 'users' and not dry_run
    and style in ('active-roster', 'purge') and status = 'applied'
  order by created_at desc limit 1`;

/** Reads how many people the last applied roster of the source had; null if there is no such roster. */
export async function readLastRoster(
  executor: Executor,
  context: Pick<ImportContext, "organization" | "source">,
): Promise<number | null> {
  return (await selectRow(executor, lastRosterRow, lastRosterStatement(context)))?.people ?? null;
}

const waitingRow = z.object({
  peopleRemoved: z.int(),
  peopleWithdrawn: z.int(),
  membershipsRemoved: z.int(),
  contactsRemoved: z.int(),
});

export const waitingStatement = (c: ImportContext): Sql => sql`
  select
    (select count(*) from planned_deletions)::integer as "peopleRemoved",
    (select count(*) from absences where fate = 'withdraw')::integer as "peopleWithdrawn",
    ${endedMemberships(c)} as "membershipsRemoved",
    (select count(*) from (${losingContacts}) losing)::integer as "contactsRemoved"`;

/** Counts what the plan in the temporary tables takes away. */
export async function countWaiting(executor: Executor, context: ImportContext): Promise<Waiting> {
  return (await selectRow(executor, waitingRow, waitingStatement(context)))!;
}
