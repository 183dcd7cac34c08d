import sql, { type Sql } from "sql-template-tag";
import type { MatchingContext } from "../../setup/context.ts";
import { isUnresolved } from "./expressions.ts";
import { manyPeople } from "./shared-emails.ts";

/** SQL condition: one text is what is left of the other one after letters were lost. */
const isDamageOf = (one: Sql, other: Sql) => sql`(damages_text(${one}, ${other}) or damages_text(${other}, ${one}))`;

/**
 * Matches rows that have nothing but a name and an e-mail, if letters of the first name were lost on the way, now or when the
 * person was stored: `Zo?` and `Zoë` with one e-mail are one person, if nobody else can be meant (file formats,
 * section 4.2). Without this step each such row would add a second person. Addresses of many people are nobody's own.
 */
export const matchLostNames = (c: MatchingContext): Sql => sql`
  with fresh as materialized (
    select s.row, s.email_normalized, coalesce(s.first_name, '') as first_name, coalesce(s.last_name, '') as last_name
    from staged_rows s
    where s.database_id is null and s.username_normalized is null and s.email_normalized is not null
      and not s.only_removes and s.first_name ~ '[?\\u0080-\\uffff]' and ${isUnresolved}
  ), holder as materialized (
    select * from (
      select id, email_normalized, first_name, last_name, count(*) over (partition by email_normalized) as people
      from users where organization_id = ${c.organization} and email_normalized in (select email_normalized from fresh)
    ) counted where people <= ${manyPeople}
  ), meant as (
    select fresh.row, min(holder.id) filter (where is_damaged) as person
    from fresh join holder using (email_normalized)
    cross join lateral (
      select name_agreement(fresh.first_name, fresh.last_name, holder.first_name, holder.last_name) > 0 as agrees,
        ${isDamageOf(sql`holder.first_name`, sql`fresh.first_name`)} and (fresh.last_name in ('', holder.last_name)
          or ${isDamageOf(sql`holder.last_name`, sql`fresh.last_name`)}) as is_damaged) compared
    group by fresh.row having not bool_or(agrees) and count(*) filter (where is_damaged) = 1
  ), matched_before as materialized (
    select distinct person from row_persons
  )
  insert into row_persons (row, person, same, by_email)
  select meant.row, meant.person, false, matched_before.person is null
  from meant left join matched_before using (person)`;
