import type { MatchingContext } from "../../setup/context.ts";
import { intakeIssues } from "../report/report.ts";

/**
 * Which row is who (file formats, section 4). Fills row_persons; rows that are nobody's get an issue instead.
 * People get the id that they will have, so that known and new ones are alike from here on.
 */
export function matchStatements(c: MatchingContext): string[] {
  return [
    "analyze staged_rows (row, database_id, username_normalized, email_normalized)",
    intakeIssues,
    ...(c.knowsNobody ? [] : [byDatabaseId(c), byUsername(c), byUsernameAlone(c)]),
    newByDatabaseId(c),
    mergeByUsername(c),
    ...(c.knowsNobody ? [] : [linkByEmail(c)]),
    byEmailAlone(c),
    "insert into merged_persons select person from row_persons group by person having count(*) > 1",
    differentDatabaseIds,
    deletedAndAdded,
    "delete from row_persons using row_issues where row_issues.row = row_persons.row and row_issues.failure",
    "analyze row_persons",
  ];
}

/** Rows that can be applied and nobody has been found for. */
const unresolved = `
  not s.failed and not s.plain
  and not exists (select from row_persons r where r.row = s.row)
  and not exists (select from row_issues i where i.row = s.row and i.failure)`;

/** Whether a row is what its last import left: then nothing about it can have changed (docs/decisions/009). */
const same = (c: MatchingContext) => `
  coalesce(us.digest = s.digest and us.rules_epoch = ${c.rulesEpoch.text} and us.style = ${c.style.text}
    and us.user_version = u.version, false)`;

/** Whether the source has left any digest: one row, or none. */
export const anyDigest = (c: MatchingContext): string => `
  select from user_sources
  where organization_id = ${c.organizationId} and source = ${c.source.text} and digest is not null limit 1`;

/**
 * Rows that were not parsed, as they are what their last import left: each is its person's.
 * @param areSomeParsed some rows are staged
 */
export const insertSameRows = (c: MatchingContext, areSomeParsed: boolean): string => `
  insert into row_persons (row, person, same)
  select s.row, u.id, true
  from staged_digests s
  join user_sources us
    on us.organization_id = ${c.organizationId} and us.source = ${c.source.text} and us.digest = s.digest
  join users u on u.organization_id = ${c.organizationId} and u.id = us.user_id
  where ${same(c)} ${areSomeParsed ? "and not exists (select from staged_rows parsed where parsed.row = s.row)" : ""}`;

/** Rows that are neither parsed nor known to be what their last import left. */
export const missingRows = `
  select row from staged_digests d
  where not exists (select from row_persons r where r.row = d.row) and not exists (select from staged_rows s where s.row = d.row)
  order by row`;

/** Rows that were not parsed, of people whom another row of the file claims, too: those merge. */
export const sameRowsOfSharedPersons = `
  select r.row from row_persons r join merged_persons using (person)
  where not exists (select from staged_rows s where s.row = r.row)
  order by r.row`;

const byDatabaseId = (c: MatchingContext) => `
  insert into row_persons (row, person, same)
  select s.row, u.id, ${same(c)}
  from staged_rows s
  join user_sources us
    on us.organization_id = ${c.organizationId} and us.source = ${c.source.text} and us.database_id = s.database_id
  join users u on u.organization_id = ${c.organizationId} and u.id = us.user_id
  where not s.failed`;

/**
 * Rows whose databaseID is new here, by the userID of any row that carries it. Whoever this source knows under another
 * databaseID is somebody else; who may have that userID is decided later, when it is known who gives one up. Orders to
 * remove go by the databaseID alone: repeated, they would hit whoever else has the userID.
 */
const byUsername = (c: MatchingContext) => `
  with fresh as materialized (
    select s.row, s.database_id, s.only_removes, case when us.database_id is null then u.id end as id
    from staged_rows s
    left join users u on u.organization_id = ${c.organizationId} and u.username_normalized = s.username_normalized
    left join user_sources us
      on us.organization_id = ${c.organizationId} and us.source = ${c.source.text} and us.user_id = u.id
    where s.database_id is not null and ${unresolved}
  ), holder as materialized (
    select database_id, min(id) as id, count(distinct id) as people
    from fresh group by database_id having count(id) > 0 and not bool_and(only_removes)
  ), refused as (
    insert into row_issues (row, code, field, details, failure)
    select row, 'person_ambiguous', 'userID', jsonb_build_object('value', 'one of the userIDs of this databaseID'), true
    from fresh join holder using (database_id) where holder.people > 1
  )
  insert into row_persons (row, person, same)
  select fresh.row, holder.id, false from fresh join holder using (database_id) where holder.people = 1`;

/** Rows without databaseID, by userID. */
const byUsernameAlone = (c: MatchingContext) => `
  insert into row_persons (row, person, same)
  select s.row, u.id, ${same(c)}
  from staged_rows s
  join users u on u.organization_id = ${c.organizationId} and u.username_normalized = s.username_normalized
  left join user_sources us
    on us.organization_id = ${c.organizationId} and us.source = ${c.source.text} and us.user_id = u.id
  where s.database_id is null and s.username_normalized is not null and ${unresolved}`;

const newByDatabaseId = (c: MatchingContext) => `
  with fresh as materialized (
    select s.row, s.database_id from staged_rows s where s.database_id is not null and ${unresolved}
  ), numbered as (
    select database_id, ${c.lastUserId.text} + row_number() over (order by min(row)) as person from fresh group by database_id
  )
  insert into row_persons (row, person, same)
  select fresh.row, numbered.person, false from fresh join numbered using (database_id)`;

const nextPerson = (c: MatchingContext) =>
  `(select greatest(${c.lastUserId.text}, coalesce(max(person), 0)) from row_persons)`;

/** Rows without databaseID whose userID nobody has yet: others of the file may have it. */
const mergeByUsername = (c: MatchingContext) => `
  with fresh as materialized (
    select s.row, s.username, s.username_normalized
    from staged_rows s
    where s.database_id is null and s.username_normalized is not null and ${unresolved}
  ), holder as materialized (
    select s.username_normalized, min(r.person) as person, count(distinct r.person) as people
    from staged_rows s join row_persons r on r.row = s.row
    where s.database_id is not null and s.username_normalized in (select username_normalized from fresh)
    group by s.username_normalized
  ), numbered as (
    select username_normalized, ${nextPerson(c)} + row_number() over (order by min(row)) as person
    from fresh where not exists (select from holder where holder.username_normalized = fresh.username_normalized)
    group by username_normalized
  ), refused as (
    insert into row_issues (row, code, field, details, failure)
    select fresh.row, 'person_ambiguous', 'userID', jsonb_build_object('value', fresh.username), true
    from fresh join holder using (username_normalized) where holder.people > 1
  )
  insert into row_persons (row, person, same)
  select fresh.row, coalesce(holder.person, numbered.person), false
  from fresh left join holder using (username_normalized) left join numbered using (username_normalized)
  where coalesce(holder.people, 1) = 1`;

/**
 * New people who have the primary e-mail of exactly one stored person. They are the same only if nothing speaks
 * against it: another databaseID, another userID, or anybody else who wants that person. Orders to remove find nobody
 * this way: repeated, they would hit whoever shares the address.
 */
const linkByEmail = (c: MatchingContext) => `
  with candidate as (
    select distinct r.person
    from row_persons r
    join staged_rows s on s.row = r.row
    join users u on u.organization_id = ${c.organizationId} and u.email_normalized = s.email_normalized
    where r.person > ${c.lastUserId.text}
  ), wanting as (
    select person, min(s.email_normalized) as email_normalized,
      bool_or(s.database_id is not null) as has_database_id,
      array_agg(distinct s.username_normalized) filter (where s.username_normalized is not null) as usernames
    from candidate join row_persons r using (person) join staged_rows s on s.row = r.row
    group by person having count(distinct s.email_normalized) = 1 and not bool_and(s.only_removes)
  ), holder as (
    select email_normalized, min(id) as id
    from users
    where organization_id = ${c.organizationId} and email_normalized in (select email_normalized from wanting)
    group by email_normalized having count(*) = 1
  ), link as materialized (
    select wanting.*, holder.id
    from wanting join holder using (email_normalized) join users u on u.organization_id = ${c.organizationId} and u.id = holder.id
    where not exists (select from wanting other where other.email_normalized = wanting.email_normalized and other.person <> wanting.person)
      and not exists (select from row_persons r where r.person = holder.id)
      and (u.username_normalized is null or wanting.usernames is null or wanting.usernames = array[u.username_normalized])
      and not (wanting.has_database_id and exists (
        select from user_sources us where us.organization_id = ${c.organizationId} and us.source = ${c.source.text}
          and us.user_id = holder.id and us.database_id is not null))
  )
  update row_persons set person = link.id, by_email = true from link where row_persons.person = link.person`;

/** Rows that have nothing but an e-mail, which is somebody's only if it is one person's. */
const byEmailAlone = (c: MatchingContext) => `
  with fresh as materialized (
    select s.row, s.email, s.email_normalized, s.digest
    from staged_rows s
    where s.database_id is null and s.username_normalized is null and s.email_normalized is not null and ${unresolved}
  ), holder as materialized (
    select email_normalized, min(person) as person, count(distinct person) as people
    from (
      select email_normalized, id as person from users
      where organization_id = ${c.organizationId} and ${!c.knowsNobody} and email_normalized in (select email_normalized from fresh)
      union
      select s.email_normalized, r.person from staged_rows s join row_persons r on r.row = s.row
      where s.email_normalized in (select email_normalized from fresh)
    ) either
    group by email_normalized
  ), numbered as (
    select email_normalized, ${nextPerson(c)} + row_number() over (order by min(row)) as person
    from fresh where not exists (select from holder where holder.email_normalized = fresh.email_normalized)
    group by email_normalized
  ), refused as (
    insert into row_issues (row, code, field, details, failure)
    select fresh.row, 'person_ambiguous', 'email', jsonb_build_object('value', 'the e-mail ' || fresh.email), true
    from fresh join holder using (email_normalized) where holder.people > 1
  )
  insert into row_persons (row, person, same, by_email)
  select s.row, coalesce(holder.person, numbered.person), ${same(c)},
    not exists (select from row_persons r where r.person = holder.person)
  from fresh s
  left join holder using (email_normalized)
  left join numbered using (email_normalized)
  left join users u on u.organization_id = ${c.organizationId} and u.id = holder.person
  left join user_sources us on us.organization_id = ${c.organizationId} and us.source = ${c.source.text} and us.user_id = u.id
  where coalesce(holder.people, 1) = 1`;

/** Fails every row of the people in `persons (person, details)`. */
export const failPersons = (code: string, field: string, persons: string): string => `
  insert into row_issues (row, code, field, details, failure)
  select r.row, '${code}', ${field}, failing.details, true
  from (${persons}) failing join row_persons r on r.person = failing.person`;

const differentDatabaseIds = failPersons(
  "database_ids_conflict",
  "'databaseID'",
  `select r.person, jsonb_build_object('databaseIds', string_agg(distinct s.database_id, ', ')) as details
   from merged_persons join row_persons r using (person) join staged_rows s on s.row = r.row
   group by r.person having count(distinct s.database_id) > 1`,
);

const deletedAndAdded = failPersons(
  "delete_contradicted",
  "'groupID'",
  `select r.person, '{}'::jsonb as details
   from merged_persons join row_persons r using (person) join staged_rows s on s.row = r.row
   where not exists (select from row_issues i where i.row = r.row and i.failure)
   group by r.person having bool_or(s.delete_person) and not bool_and(s.delete_person)`,
);

/** Tells of links to people of other sources that nothing but an e-mail speaks for (file formats, section 4). */
export const linkedByEmail = (c: MatchingContext): string => `
  insert into row_issues (row, code, field, details, failure)
  select p.first_row, 'person_linked_by_email', 'email', jsonb_build_object('email', p.email), false
  from people p
  where not p.is_new
    and exists (select from row_persons r where r.person = p.person and r.by_email)
    and exists (select from user_sources us where us.organization_id = ${c.organizationId} and us.user_id = p.person)
    and not exists (select from user_sources us where us.organization_id = ${c.organizationId}
      and us.user_id = p.person and us.source = ${c.source.text})`;
