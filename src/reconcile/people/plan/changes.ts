import sql, { join, raw, type Sql } from "sql-template-tag";
import { recordedProperties } from "../../../directory/user-changes.ts";
import { userDocuments } from "../../../directory/user-document.ts";
import { phoneSql } from "../../../person/document-sql.ts";
import type { ImportContext } from "../../setup/context.ts";
import { membershipsByPerson } from "./created-entries.ts";

/**
 * Writes what the change log will say about known people. This happens before anything is applied, while the earlier state
 * can still be read. The values equal the values in the API's document.
 * @param sourceName the source's name, as documents show it
 */
export const planKnownChanges = (c: ImportContext, sourceName: string): Sql[] => [
  planLinks(c),
  updatedChanges(c, sourceName),
  deletedChanges(c),
];

const planLinks = (c: ImportContext) => sql`
  insert into planned_links (person, database_id, is_visible, departs)
  select p.person, coalesce(us.database_id, p.database_id),
    us.user_id is null or (us.database_id is null and p.database_id is not null), false
  from people p
  left join user_sources us
    on us.organization_id = ${c.organization} and us.source = ${c.source} and us.user_id = p.person
  where not p.is_new and p.applies
  union all
  select person, null, true, true from absences where fate = 'withdraw'
  union all
  select l.person, us.database_id, false, false
  from leavers l join user_sources us
    on us.organization_id = ${c.organization} and us.source = ${c.source} and us.user_id = l.person`;

/** SQL: two JSON arrays of the rows of a list, before and after the import. */
const beforeAndAfter = (json: Sql, order: Sql) => sql`
  coalesce('[' || string_agg(${json}, ',' order by ${order}) filter (where before) || ']', '[]') as before,
  coalesce('[' || string_agg(${json}, ',' order by ${order}) filter (where after) || ']', '[]') as after`;

/** Common table expressions: known people, with their primary e-mail before and after. */
const known = (c: ImportContext) => sql`
  known as materialized (
    select p.person, p.first_row, s.changed, coalesce(s.username, u.username) as username, u.email as email_from,
      coalesce(s.email, u.email) as email_to, coalesce(s.email, u.email) is distinct from u.email as email_changes
    from (
      select person, first_row from people where not is_new and applies
      union all
      select person, null from absences where fate = 'withdraw'
      union all
      select person, first_row from leavers) p
    join users u on u.organization_id = ${c.organization} and u.id = p.person
    left join planned_scalars s on s.person = p.person
  )`;

/** Common table expressions: the `emails` of people whose e-mails change. The primary address comes first. */
const emails = (c: ImportContext) => sql`
  emails_of as (
    select person from planned_emails where action in ('add', 'remove') union select person from known where email_changes
  ), address as (
    select k.person, 0 as rank, '' as email_normalized, k.email_from as email, true as before, false as after
    from emails_of join known k using (person) where k.email_from is not null
    union all
    select k.person, 0, '', k.email_to, false, true from emails_of join known k using (person) where k.email_to is not null
    union all
    select e.user_id, 1, e.email_normalized, e.email, true,
      not exists (select from planned_emails p where p.person = e.user_id and p.email_normalized = e.email_normalized and p.action = 'remove')
    from emails_of join user_emails e on e.organization_id = ${c.organization} and e.user_id = emails_of.person
    union all
    select person, 1, email_normalized, email, false, true from emails_of join planned_emails using (person) where action = 'add'
  ), emails as (
    select person, ${beforeAndAfter(sql`to_json(email)::text`, sql`rank, email_normalized`)}
    from address group by person
  )`;

/** Common table expressions: the `phones` of people whose phones change. */
const phones = (c: ImportContext) => sql`
  phones_of as (
    select distinct person from planned_phones where action in ('add', 'update', 'remove')
  ), phone as (
    select h.user_id as person, h.number, h.extension, h.message_type, h.label, h.carrier, true as before,
      not exists (select from planned_phones p where p.person = h.user_id and p.number = h.number
        and p.extension = h.extension and p.action in ('update', 'remove')) as after
    from phones_of join user_phones h on h.organization_id = ${c.organization} and h.user_id = phones_of.person
    union all
    select person, number, extension, message_type, label, carrier, false, true
    from planned_phones where action in ('add', 'update')
  ), phones as (
    select person, ${beforeAndAfter(raw(phoneSql), sql`number, extension`)}
    from phone group by person
  )`;

/** Common table expressions: the `links` to sources of people whose links change. */
const links = (c: ImportContext, sourceName: string) => sql`
  link as (
    select us.user_id as person, sources.name, us.database_id, true as before, us.source <> ${c.source} as after
    from planned_links l
    join user_sources us on us.organization_id = ${c.organization} and us.user_id = l.person
    join sources on sources.organization_id = ${c.organization} and sources.number = us.source
    where l.is_visible
    union all
    select person, ${sourceName}::text collate "C", database_id, false, true
    from planned_links where is_visible and not departs
  ), links as (
    select person, ${beforeAndAfter(sql`json_build_object('source', name, 'databaseId', database_id)::text`, sql`name`)}
    from link group by person
  )`;

/** Common table expression: the databaseID of the source of the highest rank that knows the person by one. */
const bestIdentifier = (c: ImportContext) => sql`
  identifier as (
    select distinct on (person) person, database_id
    from (
      select us.user_id as person, us.source, us.database_id
      from known join user_sources us on us.organization_id = ${c.organization} and us.user_id = known.person
      where us.source <> ${c.source}
      union all
      select person, ${c.source}, database_id from planned_links where not departs
    ) named
    join sources on sources.organization_id = ${c.organization} and sources.number = named.source
    where named.database_id is not null
    order by person, sources.rank
  )`;

const updatedChanges = (c: ImportContext, sourceName: string) => sql`
  with ${join([known(c), emails(c), phones(c), links(c, sourceName), bestIdentifier(c)], ",\n")},
  memberships as (${membershipsByPerson}),
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
  )
  insert into planned_changes (person, first_row, action, database_id, username, changed, memberships)
  select combined.person, first_row, 'updated', identifier.database_id, username, '{' || members || '}',
    coalesce(memberships, '[]')
  from combined left join identifier on identifier.person = combined.person
  where members <> '' or memberships is not null`;

const recorded = join(recordedProperties.map((property) => sql`'${raw(property)}'`));

/** The log tells every value of a deleted person that is not blank. */
const deletedChanges = (c: ImportContext) => sql`
  insert into planned_changes (person, first_row, action, database_id, username, changed, memberships)
  select gone.person, gone.first_row, 'deleted', (
      select us.database_id
      from user_sources us
      join sources on sources.organization_id = us.organization_id and sources.number = us.source
      where us.organization_id = ${c.organization} and us.user_id = gone.person and us.database_id is not null
      order by sources.rank limit 1),
    documents.document::json ->> 'username', told.changed, told.memberships
  from planned_deletions gone
  join (${userDocuments(c.organization, sql`select person as id from planned_deletions`)}) documents
    on documents.id = gone.person
  cross join lateral (
    select
      (select coalesce(json_object_agg(key, json_build_object('from', value, 'to', null)), '{}')
       from json_each(documents.document::json)
       where key in (${recorded}) and value::text not in ('""', 'null', '[]', 'false')) as changed,
      (select coalesce(json_agg(json_build_object('groupId', membership -> 'groupId',
         'role', json_build_object('from', membership -> 'role', 'to', null))), '[]')
       from json_array_elements(documents.document::json -> 'memberships') membership) as memberships
  ) told`;
