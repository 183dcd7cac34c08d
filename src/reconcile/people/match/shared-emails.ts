import sql, { empty, type Sql } from "sql-template-tag";
import { literal } from "../../../store/sql.ts";
import type { MatchingContext } from "../../setup/context.ts";

/**
 * Warns of new people whom their e-mail alone would have made one with somebody else (file formats, section 4.2): those who
 * have no other identifier, if anybody else has the e-mail, and those whom it might have linked to somebody stored. Reads
 * `people`, before people who return get their old ids.
 */
export const warnOfSharedEmails = (c: MatchingContext): Sql => sql`
  with newcomer as materialized (
    select person, first_row, email, email_normalized, database_id, username_normalized,
      database_id is null and username_normalized is null as has_only_email
    from people where is_new and email_normalized is not null
  ), in_file as (
    select s.email_normalized, r.person, min(s.line) as line
    from row_persons r join staged_rows s on s.row = r.row
    where s.email_normalized in (select email_normalized from newcomer where has_only_email)
      and (r.person <= ${c.lastUserId} or exists (select from people p where p.person = r.person))
    group by 1, 2
  ), ranked as (
    select email_normalized, person, count(*) over (partition by email_normalized) - 1 as others,
      case when row_number() over first = 1 then lead(line) over first else first_value(line) over first end as line
    from in_file window first as (partition by email_normalized order by line, person)
  )${c.knowsNobody ? empty : storedHolders(c)}
  insert into row_issues (row, code, field, details, failure)
  select n.first_row, 'email_shared', 'email',
    jsonb_strip_nulls(jsonb_build_object('email', n.email, 'line', ranked.line, 'others', ranked.others)), false
  from newcomer n left join ranked on ranked.person = n.person and ranked.email_normalized = n.email_normalized
  where (n.has_only_email and ranked.others > 0) ${c.knowsNobody ? empty : orStoredHolder}`;

const orStoredHolder = sql`
  or exists (
    select from stored where stored.email_normalized = n.email_normalized and (n.has_only_email
      or stored.is_open and not (stored.has_username and n.username_normalized is not null)
        and not (stored.has_database_id and n.database_id is not null)))`;

/** Few rows for each address, because thousands of people may share one. */
const storedHolders = (c: MatchingContext) => sql`, stored as materialized (
    select distinct u.email_normalized, u.username_normalized is not null as has_username,
      us.database_id is not null as has_database_id,
      not exists (select from row_persons r where r.person = u.id) as is_open
    from users u
    left join user_sources us
      on us.organization_id = ${c.organization} and us.source = ${c.source} and us.user_id = u.id
    where u.organization_id = ${c.organization} and u.email_normalized in (select email_normalized from newcomer)
  )`;

/** More people than a family are hardly the owners of one address. */
export const manyPeople = literal(10);

/**
 * Warns of addresses that are probably nobody's own, such as a placeholder: a new person has one, and so have more people
 * than a family. Each address has one note, on the first new person's row. Reads `people`, before people who return get
 * their old ids.
 */
export const warnOfEmailsOfMany = (c: MatchingContext): Sql => sql`
  with newcomers as materialized (
    select email_normalized, min(first_row) as first_row, count(*) as people
    from people where is_new and email_normalized is not null group by email_normalized
  ), stored as (
    ${c.knowsNobody ? sql`select null as email_normalized, 0 as people where false` : storedOwners(c)}
  )
  insert into row_issues (row, code, field, details, failure)
  select n.first_row, 'email_of_many', 'email', jsonb_build_object('email', p.email, 'people', owners), false
  from newcomers n left join stored using (email_normalized) join people p on p.first_row = n.first_row and p.is_new
  cross join lateral (select n.people + coalesce(stored.people, 0) as owners) counted
  where owners > ${manyPeople}`;

const storedOwners = (c: MatchingContext) => sql`
  select email_normalized, count(*) as people from users
  where organization_id = ${c.organization} and email_normalized in (select email_normalized from newcomers)
  group by email_normalized`;
