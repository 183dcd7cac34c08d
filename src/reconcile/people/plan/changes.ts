import { raw } from "sql-template-tag";
import { recordedProperties } from "../../../directory/user-changes.ts";
import { userDocuments } from "../../../directory/user-document.ts";
import { createdScalarsSql, phoneSql, quotedSql } from "../../../person/document-sql.ts";
import { scalarFields } from "../../../person/fields.ts";
import { literal } from "../../../store/sql.ts";
import type { ImportContext } from "../../setup/context.ts";

/**
 * Writes what the change log will say of known people, before anything is applied: what was is still there to be read.
 * The values are those of the API's document. Parameter: $1 name of the source.
 */
export function changeStatements(c: ImportContext): string[] {
  return [
    `insert into planned_links (person, database_id, is_visible, departs)
     select p.person, coalesce(us.database_id, p.database_id),
       us.user_id is null or (us.database_id is null and p.database_id is not null), false
     from people p
     left join user_sources us
       on us.organization_id = ${c.organizationId} and us.source = ${c.source.text} and us.user_id = p.person
     where not p.is_new and p.applies
     union all
     select person, null, true, true from absences where fate = 'withdraw'
     union all
     select l.person, us.database_id, false, false
     from leavers l join user_sources us
       on us.organization_id = ${c.organizationId} and us.source = ${c.source.text} and us.user_id = l.person`,
    updatedChanges(c),
    deletedChanges(c),
  ];
}

const listOf = (json: string, order: string) => `'[' || string_agg(${json}, ',' order by ${order}) || ']'`;

const membershipsByPerson = `
  select person, ${listOf(
    `'{"groupId":' || g.json || ',"role":{"from":' || coalesce(role_from::text, 'null')
      || ',"to":' || coalesce(role_to::text, 'null') || '}}'`,
    "p.group_id",
  )} as json
  from planned_memberships p join known_groups g on g.group_id = p.group_id
  where role_from is distinct from role_to group by person`;

/**
 * What the log says of new people: their values that are not blank. It is a select for the statement that appends, since
 * these are the most by far, and nothing stored is needed for them.
 * @param source SQL of the source's name
 */
export const createdEntries = (source: string): string => `
  with emails as (
    select person, ${listOf("to_json(email)::text", "email_normalized")} as json from planned_emails group by person
  ), phones as (
    select person, ${listOf(phoneSql, "number, extension")} as json from planned_phones group by person
  ), memberships as (${membershipsByPerson})
  select u.person, u.database_id, u.username,
    ('{' || concat_ws(',', ${createdScalarsSql("u")},
      case when u.email is not null then '"emails":{"from":null,"to":[' || ${quotedSql("u.email")}
        || coalesce(',' || substr(emails.json, 2), ']') || '}' end,
      '"phones":{"from":null,"to":' || phones.json || '}',
      '"sources":{"from":null,"to":[{"source":' || (select to_json(${source})::text) || ',"databaseId":'
        || coalesce(${quotedSql("u.database_id")}, 'null') || '}]}') || '}') as changed,
    coalesce(memberships.json, '[]') as memberships
  from (
    select p.person, p.database_id, p.email, ${scalarFields
      .map(({ kind, column }) => (kind === "location" ? `l.name as ${column}` : `p.${column}`))
      .join(", ")}
    from people p left join known_locations l on l.name_normalized = p.location_normalized
    where p.is_new) u
  left join emails on emails.person = u.person
  left join phones on phones.person = u.person
  left join memberships on memberships.person = u.person`;

const updatedChanges = (c: ImportContext) => `
  with known as materialized (
    select p.person, p.first_row, s.changed, coalesce(s.username, u.username) as username, u.email as email_from,
      coalesce(s.email, u.email) as email_to, coalesce(s.email, u.email) is distinct from u.email as email_changes
    from (
      select person, first_row from people where not is_new and applies
      union all
      select person, null from absences where fate = 'withdraw'
      union all
      select person, first_row from leavers) p
    join users u on u.organization_id = ${c.organizationId} and u.id = p.person
    left join planned_scalars s on s.person = p.person
  ), emails_of as (
    select person from planned_emails where action in ('add', 'remove') union select person from known where email_changes
  ), address as (
    select k.person, 0 as rank, '' as email_normalized, k.email_from as email, true as before, false as after
    from emails_of join known k using (person) where k.email_from is not null
    union all
    select k.person, 0, '', k.email_to, false, true from emails_of join known k using (person) where k.email_to is not null
    union all
    select e.user_id, 1, e.email_normalized, e.email, true,
      not exists (select from planned_emails p where p.person = e.user_id and p.email_normalized = e.email_normalized and p.action = 'remove')
    from emails_of join user_emails e on e.organization_id = ${c.organizationId} and e.user_id = emails_of.person
    union all
    select person, 1, email_normalized, email, false, true from emails_of join planned_emails using (person) where action = 'add'
  ), emails as (
    select person,
      coalesce('[' || string_agg(to_json(email)::text, ',' order by rank, email_normalized) filter (where before) || ']', '[]') as before,
      coalesce('[' || string_agg(to_json(email)::text, ',' order by rank, email_normalized) filter (where after) || ']', '[]') as after
    from address group by person
  ), phones_of as (
    select distinct person from planned_phones where action in ('add', 'update', 'remove')
  ), phone as (
    select h.user_id as person, h.number, h.extension, h.message_type, h.label, h.carrier, true as before,
      not exists (select from planned_phones p where p.person = h.user_id and p.number = h.number
        and p.extension = h.extension and p.action in ('update', 'remove')) as after
    from phones_of join user_phones h on h.organization_id = ${c.organizationId} and h.user_id = phones_of.person
    union all
    select person, number, extension, message_type, label, carrier, false, true
    from planned_phones where action in ('add', 'update')
  ), phones as (
    select person,
      coalesce('[' || string_agg(${phoneSql}, ',' order by number, extension) filter (where before) || ']', '[]') as before,
      coalesce('[' || string_agg(${phoneSql}, ',' order by number, extension) filter (where after) || ']', '[]') as after
    from phone group by person
  ), link as (
    select us.user_id as person, sources.name, us.database_id, true as before, us.source <> ${c.source.text} as after
    from planned_links l
    join user_sources us on us.organization_id = ${c.organizationId} and us.user_id = l.person
    join sources on sources.organization_id = ${c.organizationId} and sources.number = us.source
    where l.is_visible
    union all
    select person, $1::text collate "C", database_id, false, true from planned_links where is_visible and not departs
  ), links as (
    select person,
      coalesce('[' || string_agg(json_build_object('source', name, 'databaseId', database_id)::text, ',' order by name)
        filter (where before) || ']', '[]') as before,
      coalesce('[' || string_agg(json_build_object('source', name, 'databaseId', database_id)::text, ',' order by name)
        filter (where after) || ']', '[]') as after
    from link group by person
  ), memberships as (${membershipsByPerson}),
  combined as (
    select known.*, concat_ws(',', nullif(known.changed, ''),
        '"emails":{"from":' || emails.before || ',"to":' || emails.after || '}',
        '"phones":{"from":' || phones.before || ',"to":' || phones.after || '}',
        '"sources":{"from":' || links.before || ',"to":' || links.after || '}') as members,
      memberships.json as memberships
    from known
    left join emails on emails.person = known.person
    left join phones on phones.person = known.person
    left join links on links.person = known.person
    left join memberships on memberships.person = known.person
  ),
  identifier as (
    select distinct on (person) person, database_id
    from (
      select us.user_id as person, us.source, us.database_id
      from known join user_sources us on us.organization_id = ${c.organizationId} and us.user_id = known.person
      where us.source <> ${c.source.text}
      union all
      select person, ${c.source.text}, database_id from planned_links where not departs
    ) named
    join sources on sources.organization_id = ${c.organizationId} and sources.number = named.source
    where named.database_id is not null
    order by person, sources.rank
  )
  insert into planned_changes (person, first_row, action, database_id, username, changed, memberships)
  select combined.person, first_row, 'updated', identifier.database_id, username, '{' || members || '}',
    coalesce(memberships, '[]')
  from combined left join identifier on identifier.person = combined.person
  where members <> '' or memberships is not null`;

/** Of somebody who goes, the log tells whatever is not blank. */
const deletedChanges = (c: ImportContext) => `
  insert into planned_changes (person, first_row, action, database_id, username, changed, memberships)
  select gone.person, gone.first_row, 'deleted', (
      select us.database_id
      from user_sources us
      join sources on sources.organization_id = us.organization_id and sources.number = us.source
      where us.organization_id = ${c.organizationId} and us.user_id = gone.person and us.database_id is not null
      order by sources.rank limit 1),
    documents.document::json ->> 'username', told.changed, told.memberships
  from planned_deletions gone
  join (${userDocuments(literal(c.organizationId), raw("select person as id from planned_deletions")).text}) documents
    on documents.id = gone.person
  cross join lateral (
    select
      (select coalesce(json_object_agg(key, json_build_object('from', value, 'to', null)), '{}')
       from json_each(documents.document::json)
       where key in (${recordedProperties.map((property) => `'${property}'`).join(", ")})
         and value::text not in ('""', 'null', '[]', 'false')) as changed,
      (select coalesce(json_agg(json_build_object('groupId', membership -> 'groupId',
         'role', json_build_object('from', membership -> 'role', 'to', null))), '[]')
       from json_array_elements(documents.document::json -> 'memberships') membership) as memberships
  ) told`;
