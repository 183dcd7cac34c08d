import sql, { join, raw, type Sql } from "sql-template-tag";
import { createdScalarsSql, phoneSql, quotedSql } from "../../../person/document-sql.ts";
import { scalarFields } from "../../../person/fields.ts";
import { identifier } from "../../../store/sql.ts";

/** SQL: a list of JSON texts as a JSON array. */
export const listOf = (json: Sql, order: Sql): Sql => sql`'[' || string_agg(${json}, ',' order by ${order}) || ']'`;

/** Select of the changes of memberships as JSON, by person. */
export const membershipsByPerson: Sql = sql`
  select person, ${listOf(
    sql`'{"groupId":' || g.json || ',"role":{"from":' || coalesce(role_from::text, 'null')
      || ',"to":' || coalesce(role_to::text, 'null') || '}}'`,
    sql`p.group_id`,
  )} as json
  from planned_memberships p join known_groups g on g.group_id = p.group_id
  where role_from is distinct from role_to group by person`;

const values = join(
  scalarFields.map(({ kind, column }) =>
    kind === "location" ? sql`l.name as ${identifier(column)}` : sql`p.${identifier(column)}`,
  ),
);

/**
 * Select of what the change log says about new people: their values that are not blank. The statement that appends uses it
 * directly. New people are by far the most, and nothing stored is needed for them.
 * @param sourceName SQL of the source's name
 */
export const createdEntries = (sourceName: Sql): Sql => sql`
  with emails as (
    select person, ${listOf(sql`to_json(email)::text`, sql`email_normalized`)} as json from planned_emails group by person
  ), phones as (
    select person, ${listOf(raw(phoneSql), sql`number, extension`)} as json from planned_phones group by person
  ), memberships as (${membershipsByPerson})
  select u.person, u.database_id, u.username,
    ('{' || concat_ws(',', ${raw(createdScalarsSql("u"))},
      case when u.email is not null then '"emails":{"from":null,"to":[' || ${raw(quotedSql("u.email"))}
        || coalesce(',' || substr(emails.json, 2), ']') || '}' end,
      '"phones":{"from":null,"to":' || phones.json || '}',
      '"sources":{"from":null,"to":[{"source":' || (select to_json(${sourceName})::text) || ',"databaseId":'
        || coalesce(${raw(quotedSql("u.database_id"))}, 'null') || '}]}') || '}') as changed,
    coalesce(memberships.json, '[]') as memberships
  from (
    select p.person, p.database_id, p.email, ${values}
    from people p left join known_locations l on l.name_normalized = p.location_normalized
    where p.is_new) u
  left join emails on emails.person = u.person
  left join phones on phones.person = u.person
  left join memberships on memberships.person = u.person`;
