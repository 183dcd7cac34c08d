import type { ImportContext } from "../../setup/context.ts";
import { endedMemberships } from "../report/report.ts";

/** Most examples of a reason. */
const most = 10;

/** The first of a select with the column `example`, as a list. */
const examples = (select: string) =>
  `(select coalesce(json_agg(example), '[]') from (select example from (${select}) found limit ${most}) first)`;

/** SQL: a person for a person: identifier and name. `u`: users, `us`: the link to the source. */
const shownPerson = `concat_ws(' ', coalesce(us.database_id, u.username, u.email), nullif(u.first_name, ''), nullif(u.last_name, ''))`;

/** The people of a select with the column `person`, as examples. */
const shownPeople = (c: ImportContext, people: string) =>
  examples(`
    select ${shownPerson} as example
    from (${people}) chosen
    join users u on u.organization_id = ${c.organizationId} and u.id = chosen.person
    left join user_sources us on us.organization_id = ${c.organizationId} and us.source = ${c.source.text} and us.user_id = u.id
    order by 1`);

const losingContacts = `
  select distinct person from (
    select person from planned_emails where action = 'remove' union all select person from planned_phones where action = 'remove') loss`;

const failedRows = "select distinct row from row_issues where failure";
const unidentifiedRows = `
  select row, line from staged_rows
  where failed and database_id is null and username_normalized is null and email_normalized is null`;
const unknownGroups = `
  select details ->> 'groupId' as group_id, count(*) as people from row_issues where code = 'group_unknown' group by 1`;

/** What can be counted in the plan alone. One row. */
export const planFigures = (c: ImportContext): string => `
  select
    greatest((select count(*) from staged_rows), (select count(*) from staged_digests))::integer as rows,
    -- only the rows of people of several are sorted
    ((select count(*) from row_persons) - (select count(*) - count(distinct person) from row_persons join merged_persons using (person))
      -- somebody is in the file although the row failed before it was known who
      + (select count(*) from (${failedRows}) failed where not exists (select from row_persons r where r.row = failed.row)))::integer
      as "peopleInFile",
    (select count(*) from people)::integer as "peopleLookedAt",
    (select count(*) from planned_deletions)::integer as "peopleRemoved",
    ${endedMemberships(c)} as "membershipsRemoved",
    (select count(*) from (${losingContacts}) losing)::integer as "contactsRemoved",
    (select count(*) from (${failedRows}) failed)::integer as "rowsFailed",
    (select count(*) from (${unidentifiedRows}) unidentified)::integer as "rowsUnidentified",
    (select coalesce(sum(people), 0) from (${unknownGroups}) unknown)::integer as "groupsUnknown",
    (select count(*) from people where is_new)::integer as "peopleNew",
    (select count(*) from planned_scalars s join users u on u.organization_id = ${c.organizationId} and u.id = s.person
     where s.username_changes and u.username is not null)::integer as "usernamesChanged"`;

/** How many people, or memberships, the source claims before the import. One row with the column `count`. */
export const claimed = (c: ImportContext, table: "users" | "memberships"): string => `
  select count(*)::integer as count from ${table} where organization_id = ${c.organizationId} and claims & ${c.claim.text} <> 0`;

/** The memberships that the file names: those of unchanged rows as they are stored. One row. */
export const namedGroups = (c: ImportContext): string => `
  select (
    (select count(*) from row_persons r join memberships m on m.organization_id = ${c.organizationId} and m.user_id = r.person
       and m.claims & ${c.claim.text} <> 0 where r.same)
    + (select count(*) from file_joins)
    + (select count(*) from planned_memberships p where action = 'add' and claims & ${c.claim.text} <> 0
         and not exists (select from file_joins j where j.person = p.person and j.group_id = p.group_id))
    + (select count(*) from row_issues where code = 'group_unknown'))::integer as "groupsNamed"`;

/** People in the last roster of the source that was applied, whole or in part. At most one row. */
export const lastRoster = (c: Pick<ImportContext, "organizationId" | "source">): string => `
  select (counts ->> 'people')::integer as people
  from imports
  where organization_id = ${c.organizationId} and source = ${c.source.text} and kind = 'users' and not dry_run
    and style in ('active-roster', 'purge') and status = 'applied'
  order by created_at desc limit 1`;

/**
 * Groups that lose members and that a limit could concern, those that lose the largest part first. Parameters: $1 members
 * from which on any group counts, $2 how many such a group has to lose at least.
 */
export const groupLosses = (c: ImportContext): string => `
  with lost as (
    select group_id, count(*) as lost from (
      select group_id from planned_memberships where role_from is not null and role_to is null
      union all
      select m.group_id from planned_deletions gone join memberships m
        on m.organization_id = ${c.organizationId} and m.user_id = gone.person) loss
    group by group_id
  )
  select lost.group_id as "groupId", members.count::integer as members, lost.lost::integer as lost,
    g.category = 12 or g.is_protected as "isProtected", g.guard_percent as "guardPercent"
  from lost join groups g on g.organization_id = ${c.organizationId} and g.group_id = lost.group_id
    and (lost.lost >= $2 or g.category = 12 or g.is_protected or g.guard_percent is not null)
  cross join lateral (
    select count(*) as count from memberships m where m.organization_id = ${c.organizationId} and m.group_id = lost.group_id) members
  where g.category = 12 or g.is_protected or g.guard_percent is not null or members.count >= $1
  order by lost.lost::real / greatest(members.count, 1) desc, lost.group_id`;

/** The group that most of the removed people are in, if the source keeps nobody in it. At most one row. */
export const emptiedGroup = (c: ImportContext): string => `
  with emptied as (
    select m.group_id, count(*) as people
    from planned_deletions gone
    join memberships m on m.organization_id = ${c.organizationId} and m.user_id = gone.person and m.claims & ${c.claim.text} <> 0
    where gone.first_row is null
    group by m.group_id order by count(*) desc limit 20
  )
  select group_id as "groupId", people::integer
  from emptied
  where people * 4 >= (select count(*) from planned_deletions)
    and not exists (
      select from memberships m
      where m.organization_id = ${c.organizationId} and m.group_id = emptied.group_id and m.claims & ${c.claim.text} <> 0
        and not exists (select from planned_deletions gone where gone.person = m.user_id))
    and not exists (select from file_joins j where j.group_id = emptied.group_id)
    and not exists (select from planned_memberships p where p.group_id = emptied.group_id and p.role_to is not null)
  order by people desc, group_id limit 1`;

/**
 * People of the source who arrive under another databaseID (whose old one the file no longer names) or another userID than
 * last time. They are known again by userID, by an e-mail that is one person's, or by a databaseID that differs in zeros in
 * front alone. One row.
 */
export const changedIdentifiers = (c: ImportContext): string => `
  with fresh as materialized (
    select s.row, s.line, s.database_id, s.username_normalized, s.email_normalized
    from staged_rows s
    where s.database_id is not null and not s.only_removes and not exists (
      select from user_sources us
      where us.organization_id = ${c.organizationId} and us.source = ${c.source.text} and us.database_id = s.database_id)
  ), stale as materialized (
    select us.user_id, us.database_id, u.username_normalized, u.email_normalized
    from user_sources us
    join users u on u.organization_id = ${c.organizationId} and u.id = us.user_id
    where us.organization_id = ${c.organizationId} and us.source = ${c.source.text} and us.database_id is not null
      and not exists (select from row_persons r where r.person = us.user_id)
      and us.database_id not in (select database_id from staged_rows where database_id is not null)
  ), address as (
    select email_normalized from stale where email_normalized is not null group by 1 having count(*) = 1
  ), renumbered as (
    select distinct on (stale.user_id) stale.user_id as person, stale.database_id as before, fresh.database_id as after, fresh.line
    from (
      select fresh.row, stale.user_id from fresh join stale on stale.username_normalized = fresh.username_normalized
      union
      select fresh.row, stale.user_id from fresh join stale on stale.email_normalized = fresh.email_normalized
      where stale.email_normalized in (select email_normalized from address)
      union
      select fresh.row, stale.user_id from fresh join stale on ltrim(stale.database_id, '0') = ltrim(fresh.database_id, '0')
    ) again
    join fresh on fresh.row = again.row join stale on stale.user_id = again.user_id
    order by stale.user_id, fresh.row
  ), changed as (
    select person, before, after, line,
      before <> after and length(before) > length(after) and ltrim(before, '0') = ltrim(after, '0') as lost_zeros
    from renumbered
    union all
    select s.person, u.username, s.username, (select min(line) from staged_rows join row_persons using (row)
      where row_persons.person = s.person), false
    from planned_scalars s join users u on u.organization_id = ${c.organizationId} and u.id = s.person
    where s.username_changes and u.username is not null
  )
  select count(distinct person)::integer as count, count(*) filter (where lost_zeros)::integer as "zerosLost",
    (select format('\`%s\` → \`%s\` (line %s)', before, after, line) from changed where lost_zeros order by line limit 1) as "lostZero",
    ${examples("select format('%s → %s (line %s)', before, after, line) as example from changed order by line, before")} as examples
  from changed`;

/** New people, or people new in this source, whom another source knows: those of the source that knows most. At most one row. */
export const peopleOfAnotherSource = (c: ImportContext): string => `
  with arriving as materialized (
    select p.person, p.is_new, p.database_id from people p
    where p.applies and not exists (
      select from user_sources us
      where us.organization_id = ${c.organizationId} and us.source = ${c.source.text} and us.user_id = p.person)
  ), known as (
    select us.source, arriving.person from arriving join user_sources us
      on us.organization_id = ${c.organizationId} and us.user_id = arriving.person and us.source <> ${c.source.text}
    union
    select us.source, arriving.person from arriving join user_sources us
      on us.organization_id = ${c.organizationId} and us.source <> ${c.source.text} and us.database_id = arriving.database_id
  )
  select sources.name as source, count(*)::integer as count,
    ${examples("select coalesce(database_id, '') as example from arriving where database_id is not null order by database_id")} as examples
  from known join sources on sources.organization_id = ${c.organizationId} and sources.number = known.source
  group by sources.name order by count(*) desc limit 1`;

/** Examples of one figure: a statement whose one row has the column `examples`. */
export const figureExamples = {
  peopleRemoved: (c: ImportContext) => `select ${shownPeople(c, "select person from planned_deletions")} as examples`,
  contactsRemoved: (c: ImportContext) => `select ${shownPeople(c, losingContacts)} as examples`,
  rowsFailed: () =>
    `select ${examples(`select format('line %s: %s', s.line, min(i.code)) as example
      from row_issues i join staged_rows s using (row) where i.failure group by s.row, s.line order by s.row`)} as examples`,
  rowsUnidentified: () =>
    `select ${examples(`select format('line %s', line) as example from (${unidentifiedRows}) found order by row`)} as examples`,
  groupsUnknown: () =>
    `select ${examples(`select format('%s: %s', group_id, people) as example from (${unknownGroups}) found order by people desc, group_id`)} as examples`,
};

/** What waits, counted: of the plan of a hold. One row. */
export const waitingCounts = (c: ImportContext): string => `
  select
    (select count(*) from planned_deletions)::integer as "peopleRemoved",
    (select count(*) from absences where fate = 'withdraw')::integer as "peopleWithdrawn",
    ${endedMemberships(c)} as "membershipsRemoved",
    (select count(*) from (${losingContacts}) losing)::integer as "contactsRemoved"`;
