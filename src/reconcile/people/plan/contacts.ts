import sql, { empty, type Sql } from "sql-template-tag";
import { type ImportContext, ownerIn } from "../../setup/context.ts";
import { hasSeveralItems, items, part } from "../stage/lists.ts";

/**
 * Plans further e-mails and phones: those that the file adds or claims, and those that it no longer names
 * (file formats, section 5).
 * @param areAllNew all people are new, and each has one row
 */
export const planContacts = (c: ImportContext, areAllNew: boolean): Sql[] => [
  newEmails,
  newPhones,
  ...(areAllNew ? [] : [emails(c), phones(c)]),
  sql`analyze planned_emails`,
  sql`analyze planned_phones`,
];

/** SQL relation: the people `p` of one row each, with their rows `s`. Intake has removed repeated items from each row. */
const peopleOfOneRow = sql`people p join staged_rows s on s.row = p.first_row`;
const isNewAndOfOneRow = sql`p.is_new and p.applies and p.value_rows is null`;

const item = sql`item`;

/** SQL common table expression: what rows order to remove of whom (file formats, section 2). Held removals do not count. */
const orderedRemovals = (c: ImportContext, column: Sql) => sql`ordered as materialized (
    select r.person, item from row_persons r join staged_rows s on s.row = r.row
    cross join unnest(${items(column)}) item
    where ${column} is not null ${c.holdsRemovals ? sql`and false` : empty})`;

const newEmails = sql`
  insert into planned_emails (person, email_normalized, email, action)
  select p.person, ${part(item, 1)}, ${part(item, 2)}, 'add'
  from ${peopleOfOneRow} cross join unnest(${items(sql`s.emails`)}) item
  where ${isNewAndOfOneRow} and ${hasSeveralItems(sql`s.emails`)} and ${part(item, 1)} <> p.email_normalized`;

const newPhones = sql`
  insert into planned_phones (person, number, extension, message_type, label, carrier, action)
  select p.person, ${part(item, 1)}, ${part(item, 2)}, ${part(item, 3)}::smallint, ${part(item, 4)}, ${part(item, 5)}, 'add'
  from ${peopleOfOneRow} cross join unnest(${items(sql`s.phones`)}) item
  where ${isNewAndOfOneRow} and s.phones <> ''`;

/** SQL: the primary e-mail of the person `p` after the import. */
const primary = sql`coalesce(new_primary.email_normalized, u.email_normalized, p.email_normalized)`;

const emails = (c: ImportContext) => sql`
  with sent as materialized (
    select distinct on (r.person, address.normalized) r.person, address.normalized, address.email
    from row_persons r
    join staged_rows s on s.row = r.row
    join people p on p.person = r.person
    left join users u on u.organization_id = ${c.organization} and u.id = p.person
    left join primary_emails new_primary on new_primary.person = p.person
    cross join lateral (select ${part(item, 1)} as normalized, ${part(item, 2)} as email
      from unnest(${items(sql`s.emails`)}) item) address
    where not (${isNewAndOfOneRow}) and p.applies and not s.only_removes and s.emails <> ''
      and (${hasSeveralItems(sql`s.emails`)} or s.email_normalized <> ${primary})
      and address.normalized <> ${primary}
    order by r.person, address.normalized, r.row desc
  ), ${orderedRemovals(c, sql`s.email_removals`)}, withdrawn as (
    insert into planned_emails (person, email_normalized, email, action)
    select p.person, e.email_normalized, e.email,
      case when e.claims = ${c.claim} or becomes_primary then 'remove' else 'withdraw' end
    from people p
    join user_emails e on e.organization_id = ${c.organization} and e.user_id = p.person
    left join primary_emails new_primary on new_primary.person = p.person
    cross join lateral (select coalesce(new_primary.email_normalized = e.email_normalized, false) as becomes_primary) moved
    where not p.is_new and not p.delete_person and (becomes_primary or (
      e.claims & ${c.claim} <> 0
      and (p.applies and p.emails_replaced
        or exists (select from ordered o where o.person = p.person and o.item = e.email_normalized))
      and not exists (select from sent where sent.person = p.person and sent.normalized = e.email_normalized)))
  )
  insert into planned_emails (person, email_normalized, email, action)
  select sent.person, sent.normalized, sent.email, case when e.user_id is null then 'add' else 'claim' end
  from sent
  left join user_emails e
    on e.organization_id = ${c.organization} and e.user_id = sent.person and e.email_normalized = sent.normalized
  where e.user_id is null or e.claims & ${c.claim} = 0`;

const phones = (c: ImportContext) => sql`
  with sent as materialized (
    select distinct on (r.person, phone.number, phone.extension) r.person, phone.*
    from row_persons r
    join staged_rows s on s.row = r.row
    join people p on p.person = r.person
    cross join lateral (
      select ${part(item, 1)} as number, ${part(item, 2)} as extension, ${part(item, 3)}::smallint as message_type,
        ${part(item, 4)} as label, ${part(item, 5)} as carrier
      from unnest(${items(sql`s.phones`)}) item) phone
    where not (${isNewAndOfOneRow}) and p.applies and not s.only_removes and s.phones <> ''
    order by r.person, phone.number, phone.extension, r.row desc
  ), ${orderedRemovals(c, sql`s.phone_removals`)}, withdrawn as (
    insert into planned_phones (person, number, extension, action)
    select p.person, h.number, h.extension, case when h.claims = ${c.claim} then 'remove' else 'withdraw' end
    from people p
    join user_phones h on h.organization_id = ${c.organization} and h.user_id = p.person
    where not p.is_new and not p.delete_person and h.claims & ${c.claim} <> 0
      and (p.applies and p.phones_replaced or exists (select from ordered o
        where o.person = p.person and ${part(sql`o.item`, 1)} = h.number and ${part(sql`o.item`, 2)} = h.extension))
      and not exists (select from sent where sent.person = p.person and sent.number = h.number and sent.extension = h.extension)
  ), decided as materialized (
    select sent.person, p.first_row, sent.number, sent.extension, sent.message_type, sent.label, after.carrier,
      sent.carrier as file, case
        when h.user_id is null then 'add'
        when may_replace and (h.message_type, h.label, h.carrier) is distinct from (sent.message_type, sent.label, after.carrier)
          then 'update'
        when p.replaces and ${ownerIn(sql`h.owner`, c.outranked)} then 'own'
        when h.claims & ${c.claim} = 0 then 'claim' end as action
    from sent
    join people p on p.person = sent.person
    left join user_phones h
      on h.organization_id = ${c.organization} and h.user_id = sent.person and h.number = sent.number and h.extension = sent.extension
    cross join lateral (select p.replaces and not ${ownerIn(sql`h.owner`, c.outranking)} as may_replace) rule
    cross join lateral (select case when may_replace and h.carrier <> '' and sent.carrier <> h.carrier
      and damages_text(h.carrier, sent.carrier) then h.carrier else sent.carrier end as carrier) after
  ), told as (
    insert into row_issues (row, code, field, details, failure)
    select first_row, 'text_damaged', 'phone', jsonb_build_object('field', 'phone', 'kept', number || ' ' || carrier,
      'file', number || ' ' || file), false
    from decided where carrier <> file
  )
  insert into planned_phones (person, number, extension, message_type, label, carrier, action)
  select person, number, extension, message_type, label, carrier, action from decided where action is not null`;
