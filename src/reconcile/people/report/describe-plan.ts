import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import type { Transaction } from "../../../store/database.ts";
import { selectRow } from "../../../store/sql.ts";
import type { Outcomes } from "../../attempts/outcomes.ts";
import type { PlanDescription } from "../../planned-file.ts";
import type { ImportContext } from "../../setup/context.ts";
import { firstAndLast, withFoldedNames } from "../match/names.ts";

/** SQL condition: a stored person `u` whom a row `s` may mean by its e-mail alone, if one more condition is true. */
const isStoredUnder = (c: ImportContext, condition: Sql) => sql`exists (
  select from ${withFoldedNames(sql`users`)} u
  where u.organization_id = ${c.organization} and u.email_normalized = s.email_normalized
    and s.database_id is null and s.username_normalized is null and ${condition})`;

/** SQL condition: the staged row `s` with folded names means nobody who is stored. */
const isNobodyStored = (c: ImportContext) =>
  c.knowsNobody
    ? sql`true`
    : sql`not exists (select from user_sources us
        where us.organization_id = ${c.organization} and us.source = ${c.source} and us.database_id = s.database_id)
      and not exists (select from users u
        where u.organization_id = ${c.organization} and u.username_normalized = s.username_normalized
          and s.database_id is null)
      and not ${isStoredUnder(c, sql`coalesce(nullif(u.folded_first, ''), u.folded_last) = s.first`)}
      and not ${isStoredUnder(c, sql`u.folded_last = s.first and u.folded_first = s.last`)}
      and not ${isStoredUnder(c, sql`s.first = ''`)}`;

/**
 * Failed rows whose people are unknown and were not added. The column `person` distinguishes these people: by their first
 * identifier, and by the name where the identifier is shared.
 */
const unknownRows = (c: ImportContext) => sql`
  select s.row,
    coalesce('d' || s.database_id, 'u' || s.username_normalized, 'e' || s.email_normalized, 'r' || s.row)
      || case when s.is_shared then ' ' || s.folded_first || ' ' || s.folded_last
        when s.database_id is null and s.username_normalized is null then ' ' || s.first else '' end as person
  from (
    select s.*, failed.is_shared, ${firstAndLast}
    from (select row, bool_or(code = 'identifier_shared') as is_shared from row_issues where failure group by row) failed
    join ${withFoldedNames(sql`staged_rows`)} s on s.row = failed.row
  ) s
  where ${isNobodyStored(c)}
    and not exists (select from people p where p.database_id = s.database_id)
    and not exists (select from people p
      where p.username_normalized = s.username_normalized and s.database_id is null)`;

/**
 * SQL of a select with one multirange of rows for each group of rows. It first joins adjacent rows: PostgreSQL takes five
 * times as long for ranges of one row each.
 * @param rows a relation with the columns `row` and `by`
 * @param by the column by which rows are grouped
 * @returns a select with the columns `by` and `ranges`
 */
export const rangesOf = (rows: Sql, by: Sql): Sql => sql`
  select ${by}, range_agg(range)::text as ranges
  from (
    select ${by}, int8range(min(row), max(row) + 1) as range
    from (select ${by}, row, row - row_number() over (partition by ${by} order by row) as stretch from ${rows}) placed
    group by ${by}, stretch) stretches
  group by ${by}`;

/**
 * Returns the rows of each outcome as a multirange of row numbers. Rows that are in no range are unchanged. `absent` has the
 * ids of the people whom a roster leaves out and who are deleted.
 */
export const outcomesStatement = (c: ImportContext): Sql => sql`
  with failed as (select distinct row from row_issues where failure),
  rows as (
    select r.row, case when changing.action = 'deleted' then 'removed' when p.is_new then 'added' else 'updated' end as outcome
    from row_persons r
    left join people p on p.person = r.person
    left join planned_changes changing on changing.person = r.person
    where (p.is_new or changing.action is not null) and not exists (select from failed where failed.row = r.row)
    union all
    select row, 'failed' from failed
    union all
    select row, 'notAdded' from (${unknownRows(c)}) unknown
    union all
    select person, 'absent' from absences where fate = 'delete'
  )
  select coalesce(jsonb_object_agg(outcome, ranges), '{}') as outcomes
  from (${rangesOf(sql`rows`, sql`outcome`)}) by_outcome`;

/** SQL: how many memberships end, including the memberships of deleted people. */
export const endedMemberships = (c: ImportContext): Sql =>
  c.knowsNobody
    ? sql`0`
    : sql`((select count(*) from planned_memberships where role_from is not null and role_to is null)
      + (select count(*) from planned_deletions gone join memberships m
         on m.organization_id = ${c.organization} and m.user_id = gone.person))::integer`;

const countsRow = z.object({
  rows: z.int(),
  people: z.int(),
  added: z.int(),
  updated: z.int(),
  unchanged: z.int(),
  removed: z.int(),
  withdrawn: z.int(),
  kept: z.int(),
  failed: z.int(),
  notAdded: z.int(),
  warnings: z.int(),
  merged: z.int(),
  returned: z.int(),
  membershipsAdded: z.int(),
  membershipsRemoved: z.int(),
  groupsCreated: z.int(),
  locationsCreated: z.int(),
});

/** Counts what the plan does. Rows that a first load adds without a plan are not included. */
export const countStatement = (c: ImportContext): Sql => sql`
  with failed as (select distinct row from row_issues where failure),
  unknown as (${unknownRows(c)}),
  person as materialized (
    select count(*) as rows, count(distinct person) as people from row_persons
  ), changes as (
    select (select count(*) from people where is_new) as added,
      count(*) filter (where action = 'updated' and first_row is not null) as updated
    from planned_changes
  ), removed as (
    select count(*) as removed, count(*) filter (where first_row is not null) as named from planned_deletions
  ), absent as (
    select count(*) filter (where fate = 'withdraw') as withdrawn, count(*) filter (where fate = 'keep') as kept
    from absences
  )
  select
    greatest((select count(*) from staged_rows where not plain), (select count(*) from staged_digests))::integer as rows,
    person.people::integer as people,
    changes.added::integer as added,
    changes.updated::integer as updated,
    (person.people - changes.added - changes.updated - removed.named)::integer as unchanged,
    removed.removed::integer as removed,
    absent.withdrawn::integer as withdrawn,
    absent.kept::integer as kept,
    (select count(*) from failed)::integer as failed,
    (select count(distinct person) from unknown)::integer as "notAdded",
    (select count(distinct row) from row_issues i
     where not exists (select from failed where failed.row = i.row))::integer as warnings,
    (person.rows - person.people)::integer as merged,
    (select count(*) from returns)::integer as returned,
    (select count(*) from planned_memberships where role_from is null and role_to is not null)::integer as "membershipsAdded",
    ${endedMemberships(c)} as "membershipsRemoved",
    (select count(*) from known_groups where is_new)::integer as "groupsCreated",
    (select count(*) from known_locations where is_new)::integer as "locationsCreated"
  from person, changes, removed, absent`;

const outcomesRow = z.object({ outcomes: z.custom<Outcomes>() });

/** Counts what the plan in the temporary tables does, and finds the outcome of each row. */
export async function describePlan(transaction: Transaction, context: ImportContext): Promise<PlanDescription> {
  const counts = await selectRow(transaction, countsRow, countStatement(context));
  const outcomes = await selectRow(transaction, outcomesRow, outcomesStatement(context));
  return { counts: counts!, outcomes: outcomes!.outcomes };
}
