import type { ImportContext } from "../../setup/context.ts";

const outcome = `case
  when exists (select from row_issues f where f.row = i.row and f.failure) then 'failed'
  when changing.action = 'deleted' then 'removed'
  when p.is_new then 'added'
  when changing.action = 'updated' then 'updated'
  else 'unchanged' end`;

/** Keeps the rows that are not plain success. Parameter: $1 the import. */
export const insertImportRows = (c: ImportContext): string => `
  insert into import_rows (organization_id, import_id, row, number, line, outcome, code, field, details)
  select ${c.organizationId}, $1, i.row,
    row_number() over (partition by i.row order by i.failure desc, i.code, i.field, i.details::text),
    s.line, ${outcome}, i.code, i.field, i.details
  from (select distinct * from row_issues) i
  join staged_rows s on s.row = i.row
  left join row_persons r on r.row = i.row
  left join people p on p.person = r.person
  left join planned_changes changing on changing.person = r.person`;

/** Most people whom the file does not name and that are told of by name. */
const mostKept = 1_000;

/** Keeps who is not in the file and was not deleted all the same, as notes on row 0. Parameter: $1 the import. */
export const insertKeptPeople = (c: ImportContext): string => `
  insert into import_rows (organization_id, import_id, row, number, line, outcome, code, field, details)
  select ${c.organizationId}, $1, 0, row_number() over (order by a.person), 0, 'unchanged', 'person_kept', null,
    jsonb_build_object('reason', a.reason, 'person',
      concat_ws(' ', coalesce(us.database_id, u.username, u.email), nullif(u.first_name, ''), nullif(u.last_name, '')))
  from absences a
  join users u on u.organization_id = ${c.organizationId} and u.id = a.person
  left join user_sources us on us.organization_id = ${c.organizationId} and us.source = ${c.source.text} and us.user_id = a.person
  where a.fate = 'keep' order by a.person limit ${mostKept}`;

/** Rows that failed and whose people are not known and were not added either; `person` tells the people apart. */
const unknownRows = (c: ImportContext) => `
  select s.row,
    coalesce('d' || s.database_id, 'u' || s.username_normalized, 'e' || s.email_normalized, 'r' || s.row) as person
  from (select distinct row from row_issues where failure) failed join staged_rows s on s.row = failed.row
  where ${c.knowsNobody ? "true" : areNotStored(c)}
    and not exists (select from people p where p.database_id = s.database_id)
    and not exists (select from people p
      where p.username_normalized = s.username_normalized and s.database_id is null)`;

const areNotStored = (c: ImportContext) => `
    not exists (select from user_sources us
      where us.organization_id = ${c.organizationId} and us.source = ${c.source.text} and us.database_id = s.database_id)
    and not exists (select from users u
      where u.organization_id = ${c.organizationId} and u.username_normalized = s.username_normalized
        and s.database_id is null)
    and not exists (select from users u
      where u.organization_id = ${c.organizationId} and u.email_normalized = s.email_normalized
        and s.database_id is null and s.username_normalized is null)`;

/**
 * SQL: rows as a multirange each of their groups, with the columns of `by` and `ranges`. Adjoining rows are put together
 * first: PostgreSQL takes five times as long for ranges of one row each.
 * @param rows a relation with the columns row and those of `by`
 */
export const rangesOf = (rows: string, by: string): string => `
  select ${by}, range_agg(range)::text as ranges
  from (
    select ${by}, int4range(min(row), max(row) + 1) as range
    from (select ${by}, row, row - row_number() over (partition by ${by} order by row) as stretch from ${rows}) placed
    group by ${by}, stretch) stretches
  group by ${by}`;

/**
 * Which rows had which outcome, as multiranges of row numbers; those that are in none are unchanged. One row with the
 * column `outcomes`.
 */
export const outcomesStatement = (c: ImportContext): string => `
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
  )
  select coalesce(jsonb_object_agg(outcome, ranges), '{}') as outcomes from (${rangesOf("rows", "outcome")}) by_outcome`;

/** SQL: how many memberships end, those of people who are deleted included. */
export const endedMemberships = (c: ImportContext): string =>
  c.knowsNobody
    ? "0"
    : `((select count(*) from planned_memberships where role_from is not null and role_to is null)
      + (select count(*) from planned_deletions gone join memberships m
         on m.organization_id = ${c.organizationId} and m.user_id = gone.person))::integer`;

/** What the import did, counted, but for plain rows. One row, its columns are those of ImportCounts. */
export const countStatement = (c: ImportContext): string => `
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
    (select count(*) from planned_memberships where role_from is null and role_to is not null)::integer as "membershipsAdded",
    ${endedMemberships(c)} as "membershipsRemoved",
    (select count(*) from known_groups where is_new)::integer as "groupsCreated",
    (select count(*) from known_locations where is_new)::integer as "locationsCreated"
  from person, changes, removed, absent`;
