import sql, { type Sql } from "sql-template-tag";
import { literal } from "../../../store/sql.ts";

/** SQL: a name as names are compared; '' for a missing one. Use it for few rows: it takes microseconds for each. */
export const foldedName = (name: Sql): Sql => sql`(coalesce(folded_name(${name}), '') collate "C")`;

/** SQL relation: a table of people or rows, with the columns folded_first and folded_last in addition. */
export const withFoldedNames = (table: Sql): Sql => sql`
  (select named.*, ${foldedName(sql`named.first_name`)} as folded_first, ${foldedName(sql`named.last_name`)} as folded_last
   from ${table} named)`;

/** SQL: the columns first and last, of folded names. A lone name counts as the first name. */
export const namesOf = (first: Sql, last: Sql) => sql`
  coalesce(nullif(${first}, ''), nullif(${last}, ''), '') as first,
  case when coalesce(${first}, '') = '' then '' else coalesce(${last}, '') end as last`;

/** SQL: the columns first and last of a relation `s` with folded names. */
export const firstAndLast = namesOf(sql`s.folded_first`, sql`s.folded_last`);

/** SQL: the last name of several rows `s` that is not blank. Rows that only remove count if no other row has one. */
export const lastSaid = (column: Sql) =>
  sql`(array_agg(${column} order by s.only_removes, s.row desc) filter (where ${column} <> ''))[1]`;

/** SQL: the columns first and last that several rows `s` with folded names together say. */
export const saidNames = namesOf(lastSaid(sql`s.folded_first`), lastSaid(sql`s.folded_last`));

/** Degrees of agreement of names, as the SQL function `name_agreement` returns them. */
export const bothNames = literal(3);
const firstName = literal(2);
const unnamed = literal(1);

/**
 * SQL: common table expressions that find for each row of `seeker` the rows of `holder` with the same e-mail whose names
 * agree best. Both relations have the columns email_normalized, first and last; `seeker` has only_removes, and `holder` has
 * person. The result `best` has the columns of `seeker` and holder (one of those people), people (their number) and
 * agreement; they are null if no name agrees. Orders to remove that have a name find nobody without one: repeated, they
 * would hit somebody else. No seeker is compared with every holder, because thousands may share an address.
 */
export const bestHolders: Sql = sql`
  alike as materialized (
    select email_normalized, least(first, last) as one, greatest(first, last) as other, min(person) as person,
      count(*) as people
    from holder where first <> '' group by 1, 2, 3
  ), namesake as materialized (
    select email_normalized, first, min(person) as person, count(*) as people from holder where first <> '' group by 1, 2
  ), nameless as materialized (
    select email_normalized, min(person) as person, count(*) as people from holder where first = '' group by 1
  ), anybody as materialized (
    select email_normalized, min(person) as person, count(*) as people from holder group by 1
  ), best as materialized (
    select seeker.*, found.*
    from seeker
    left join alike on alike.email_normalized = seeker.email_normalized
      and alike.one = least(seeker.first, seeker.last) and alike.other = greatest(seeker.first, seeker.last)
    left join namesake on namesake.email_normalized = seeker.email_normalized and namesake.first = seeker.first
    left join nameless on nameless.email_normalized = seeker.email_normalized and seeker.first <> ''
      and not seeker.only_removes
    left join anybody on anybody.email_normalized = seeker.email_normalized and seeker.first = ''
    cross join lateral (
      select coalesce(alike.person, namesake.person, nameless.person, anybody.person) as holder,
        coalesce(alike.people, namesake.people, nameless.people, anybody.people) as people,
        case when alike.person is not null then ${bothNames} when namesake.person is not null then ${firstName}
          when coalesce(nameless.person, anybody.person) is not null then ${unnamed} end as agreement
    ) found
  )`;
