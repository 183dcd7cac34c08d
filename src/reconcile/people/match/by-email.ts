import sql, { empty, type Sql } from "sql-template-tag";
import type { MatchingContext } from "../../setup/context.ts";
import { isUnchanged, isUnresolved, lastPerson, linkOf } from "./expressions.ts";
import { bestHolders, bothNames, firstAndLast, lastSaid, namesOf, saidNames, withFoldedNames } from "./names.ts";

/**
 * Links new people to the stored person who has their primary e-mail and whose name agrees best, if that is one person
 * (file formats, section 4.2). They are the same person only if nothing speaks against it: another databaseID, another
 * userID, or somebody else who means the stored person as well. Orders to remove find nobody this way: repeated, they would
 * hit the next person who shares the address.
 */
export const linkNewPeopleByEmail = (c: MatchingContext): Sql => sql`
  with candidate as (
    select distinct r.person
    from row_persons r
    join staged_rows s on s.row = r.row
    where r.person > ${c.lastUserId} and exists (
      select from users u where u.organization_id = ${c.organization} and u.email_normalized = s.email_normalized)
  ), seeker as materialized (
    select person, min(s.email_normalized) as email_normalized, false as only_removes,
      bool_or(s.database_id is not null) as has_database_id,
      array_agg(distinct s.username_normalized) filter (where s.username_normalized is not null) as usernames,
      ${saidNames}
    from candidate join row_persons r using (person) join ${withFoldedNames(sql`staged_rows`)} s on s.row = r.row
    group by person having count(distinct s.email_normalized) = 1 and not bool_and(s.only_removes)
  ), holder as materialized (
    select email_normalized, id as person, ${firstAndLast}
    from ${withFoldedNames(sql`users`)} s
    where organization_id = ${c.organization} and email_normalized in (select email_normalized from seeker)
  ), ${bestHolders}, link as materialized (
    select best.*
    from (
      select *, count(*) over (partition by holder, agreement) as rivals, max(agreement) over (partition by holder) as most
      from best where people = 1
    ) best
    join users u on u.organization_id = ${c.organization} and u.id = best.holder
    where agreement = most and rivals = 1
      and not exists (select from row_persons r where r.person = best.holder)
      and (u.username_normalized is null or usernames is null or usernames = array[u.username_normalized])
      and not (has_database_id and exists (
        select from user_sources us
        where us.organization_id = ${c.organization} and us.source = ${c.source} and us.user_id = best.holder
          and us.database_id is not null))
  )
  update row_persons set person = link.holder, by_email = true from link where row_persons.person = link.person`;

/**
 * SQL: a common table expression of the people whom earlier statements matched. A subquery for each row would also pass
 * over every row that the statement itself has inserted so far.
 */
const matchedBefore = sql`
  matched_before as materialized (
    select distinct person from row_persons
  )`;

/**
 * Matches rows that have a name and an e-mail, but no databaseID and no userID. Rows of one e-mail are one person if their
 * first names agree, or both names in swapped order. That person is the one of the file or of the store who has the e-mail
 * and whose name agrees best, else a new one. If several agree equally, the rows fail. A holder takes those rows that agree
 * best; one without a name takes them only if they have one name between them.
 */
export const matchNamedEmails = (c: MatchingContext): Sql => sql`
  with fresh as materialized (
    select s.row, s.email, s.email_normalized, s.digest, s.only_removes, s.first_name, s.last_name
    from staged_rows s
    where s.database_id is null and s.username_normalized is null and s.email_normalized is not null
      and (s.first_name <> '' or s.last_name <> '') and ${isUnresolved}
  ), address as materialized (
    select distinct email_normalized from fresh
  ), holding as materialized (
    ${c.knowsNobody ? empty : storedHolders(c)}
    select s.email_normalized, r.person from staged_rows s join row_persons r on r.row = s.row
    where s.email_normalized in (select email_normalized from address)
  ), shared as materialized (
    select email_normalized from fresh group by email_normalized having count(*) > 1
    union
    select email_normalized from holding
  ), keyed as materialized (
    select *, first_value(first) over (
      partition by email_normalized, least(first, last), greatest(first, last) order by row) as key
    from (
      select row, email_normalized, only_removes, folded_first, folded_last, ${firstAndLast}
      from ${withFoldedNames(sql`fresh`)} s where email_normalized in (select email_normalized from shared)
    ) named where first <> ''
  ), seeker as materialized (
    select email_normalized, key, min(row) as first_row, bool_and(only_removes) as only_removes, ${saidNames}
    from keyed s group by email_normalized, key
  ), said as materialized (
    select r.person, ${lastSaid(sql`s.folded_first`)} as first, ${lastSaid(sql`s.folded_last`)} as last
    from row_persons r join ${withFoldedNames(sql`staged_rows`)} s on s.row = r.row
    where r.person in (select person from holding) and (r.person > ${c.lastUserId} or not s.only_removes)
    group by r.person
  ), holder as materialized (
    select holding.email_normalized, holding.person,
      ${namesOf(sql`coalesce(said.first, u.folded_first)`, sql`coalesce(said.last, u.folded_last)`)}
    from holding left join said using (person)
    left join ${withFoldedNames(sql`users`)} u on u.organization_id = ${c.organization} and u.id = holding.person
  ), ${bestHolders}, chosen as materialized (
    select *, coalesce(people = 1 and agreement = max(agreement) over (partition by email_normalized, holder)
      and (agreement = ${bothNames} or count(*) over (partition by email_normalized, holder, agreement) = 1), false)
      as is_linked
    from best
  ), numbered as (
    select email_normalized, key, ${lastPerson(c)} + row_number() over (order by first_row) as person
    from (
      select email_normalized, key, first_row from chosen where not is_linked and coalesce(people, 1) = 1
      union all
      select email_normalized, '', row from fresh where email_normalized not in (select email_normalized from shared)
    ) newcomers
  ), ${matchedBefore}, refused as (
    insert into row_issues (row, code, field, details, failure)
    select row, 'person_ambiguous', 'email', jsonb_build_object('value', 'the e-mail ' || fresh.email), true
    from fresh join keyed using (row) join chosen on chosen.email_normalized = keyed.email_normalized and chosen.key = keyed.key
    where chosen.people > 1
  )
  insert into row_persons (row, person, same, by_email)
  select s.row, coalesce(chosen.holder, numbered.person), ${isUnchanged(c)},
    chosen.holder is not null and matched_before.person is null
  from fresh s
  left join keyed using (row)
  left join chosen
    on chosen.email_normalized = keyed.email_normalized and chosen.key = keyed.key and chosen.is_linked
  left join numbered on numbered.email_normalized = s.email_normalized and numbered.key = coalesce(keyed.key, '')
  left join users u on u.organization_id = ${c.organization} and u.id = chosen.holder
  left join ${linkOf(c, sql`u.id`)}
  left join matched_before on matched_before.person = chosen.holder
  where chosen.holder is not null or numbered.person is not null`;

/** Matches rows that have nothing but an e-mail: with the one person who has it, stored or of the file, else a new one. */
export const matchEmailsAlone = (c: MatchingContext): Sql => sql`
  with fresh as materialized (
    select s.row, s.email, s.email_normalized, s.digest
    from staged_rows s
    where s.database_id is null and s.username_normalized is null and s.email_normalized is not null and ${isUnresolved}
  ), address as materialized (
    select distinct email_normalized from fresh
  ), holder as materialized (
    select email_normalized, min(person) as person, count(distinct person) as people
    from (
      ${c.knowsNobody ? empty : storedHolders(c)}
      select s.email_normalized, r.person from staged_rows s join row_persons r on r.row = s.row
      where s.email_normalized in (select email_normalized from address)
    ) either
    group by email_normalized
  ), numbered as (
    select email_normalized, ${lastPerson(c)} + row_number() over (order by min(row)) as person
    from fresh where not exists (select from holder where holder.email_normalized = fresh.email_normalized)
    group by email_normalized
  ), ${matchedBefore}, refused as (
    insert into row_issues (row, code, field, details, failure)
    select fresh.row, 'person_ambiguous', 'email', jsonb_build_object('value', 'the e-mail ' || fresh.email), true
    from fresh join holder using (email_normalized) where holder.people > 1
  )
  insert into row_persons (row, person, same, by_email)
  select s.row, coalesce(holder.person, numbered.person), ${isUnchanged(c)},
    matched_before.person is null
  from fresh s
  left join holder using (email_normalized)
  left join numbered using (email_normalized)
  left join users u on u.organization_id = ${c.organization} and u.id = holder.person
  left join ${linkOf(c, sql`u.id`)}
  left join matched_before on matched_before.person = holder.person
  where coalesce(holder.people, 1) = 1`;

const storedHolders = ({ organization }: MatchingContext) => sql`
  select email_normalized, id as person from users
  where organization_id = ${organization} and email_normalized in (select email_normalized from address)
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
