import sql, { empty, type Sql } from "sql-template-tag";
import type { MatchingContext } from "../../setup/context.ts";
import { isUnchanged, isUnresolved, lastPerson, linkOf } from "./expressions.ts";

/**
 * Links new people to the one stored person who has their primary e-mail. They are the same person only if nothing speaks
 * against it: another databaseID, another userID, or somebody else who means the stored person. Orders to remove find
 * nobody this way: repeated, they would hit the next person who shares the address.
 */
export const linkNewPeopleByEmail = (c: MatchingContext): Sql => sql`
  with candidate as (
    select distinct r.person
    from row_persons r
    join staged_rows s on s.row = r.row
    join users u on u.organization_id = ${c.organization} and u.email_normalized = s.email_normalized
    where r.person > ${c.lastUserId}
  ), wanting as (
    select person, min(s.email_normalized) as email_normalized,
      bool_or(s.database_id is not null) as has_database_id,
      array_agg(distinct s.username_normalized) filter (where s.username_normalized is not null) as usernames
    from candidate join row_persons r using (person) join staged_rows s on s.row = r.row
    group by person having count(distinct s.email_normalized) = 1 and not bool_and(s.only_removes)
  ), holder as (
    select email_normalized, min(id) as id
    from users
    where organization_id = ${c.organization} and email_normalized in (select email_normalized from wanting)
    group by email_normalized having count(*) = 1
  ), link as materialized (
    select wanting.*, holder.id
    from wanting
    join holder using (email_normalized)
    join users u on u.organization_id = ${c.organization} and u.id = holder.id
    where not exists (
        select from wanting other where other.email_normalized = wanting.email_normalized and other.person <> wanting.person)
      and not exists (select from row_persons r where r.person = holder.id)
      and (u.username_normalized is null or wanting.usernames is null or wanting.usernames = array[u.username_normalized])
      and not (wanting.has_database_id and exists (
        select from user_sources us
        where us.organization_id = ${c.organization} and us.source = ${c.source} and us.user_id = holder.id
          and us.database_id is not null))
  )
  update row_persons set person = link.id, by_email = true from link where row_persons.person = link.person`;

/** Matches rows that have nothing but an e-mail: with the one person who has it, stored or of the file, else a new one. */
export const matchEmailsAlone = (c: MatchingContext): Sql => sql`
  with fresh as materialized (
    select s.row, s.email, s.email_normalized, s.digest
    from staged_rows s
    where s.database_id is null and s.username_normalized is null and s.email_normalized is not null and ${isUnresolved}
  ), holder as materialized (
    select email_normalized, min(person) as person, count(distinct person) as people
    from (
      ${c.knowsNobody ? empty : storedHolders(c)}
      select s.email_normalized, r.person from staged_rows s join row_persons r on r.row = s.row
      where s.email_normalized in (select email_normalized from fresh)
    ) either
    group by email_normalized
  ), numbered as (
    select email_normalized, ${lastPerson(c)} + row_number() over (order by min(row)) as person
    from fresh where not exists (select from holder where holder.email_normalized = fresh.email_normalized)
    group by email_normalized
  ), refused as (
    insert into row_issues (row, code, field, details, failure)
    select fresh.row, 'person_ambiguous', 'email', jsonb_build_object('value', 'the e-mail ' || fresh.email), true
    from fresh join holder using (email_normalized) where holder.people > 1
  )
  insert into row_persons (row, person, same, by_email)
  select s.row, coalesce(holder.person, numbered.person), ${isUnchanged(c)},
    not exists (select from row_persons r where r.person = holder.person)
  from fresh s
  left join holder using (email_normalized)
  left join numbered using (email_normalized)
  left join users u on u.organization_id = ${c.organization} and u.id = holder.person
  left join ${linkOf(c, sql`u.id`)}
  where coalesce(holder.people, 1) = 1`;

const storedHolders = ({ organization }: MatchingContext) => sql`
  select email_normalized, id as person from users
  where organization_id = ${organization} and email_normalized in (select email_normalized from fresh)
  union`;

/** Warns of links to people of other sources that nothing but an e-mail speaks for (file formats, section 4). */
export const warnOfLinksByEmail = (c: MatchingContext): Sql => sql`
  insert into row_issues (row, code, field, details, failure)
  select p.first_row, 'person_linked_by_email', 'email', jsonb_build_object('email', p.email), false
  from people p
  where not p.is_new
    and exists (select from row_persons r where r.person = p.person and r.by_email)
    and exists (
      select from user_sources us where us.organization_id = ${c.organization} and us.user_id = p.person)
    and not exists (
      select from user_sources us
      where us.organization_id = ${c.organization} and us.user_id = p.person and us.source = ${c.source})`;
