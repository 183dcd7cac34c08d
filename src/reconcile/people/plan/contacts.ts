import sql from "sql-template-tag";
import { type ImportContext, ownerIn } from "../../setup/context.ts";
import { items, part } from "../stage/tables.ts";

/**
 * Plans further e-mails and phones: what the file adds, claims, and no longer says (file formats, section 5).
 * @param areAllNew all people are new, and of one row
 */
export function contactStatements(c: ImportContext, areAllNew: boolean): string[] {
  const others = areAllNew ? [] : [emails(c), phones(c)];
  return [newEmails, newPhones, ...others, "analyze planned_emails", "analyze planned_phones"];
}

/** New people of one row: nothing is stored of them, and intake has told the items of a row apart. */
const newPeople = "people p join staged_rows s on s.row = p.first_row";
const isOfOneRow = "p.is_new and p.applies and p.value_rows is null";

const newEmails = `
  insert into planned_emails (person, email_normalized, email, action)
  select p.person, ${part("item", 1)}, ${part("item", 2)}, 'add'
  from ${newPeople} cross join unnest(${items("s.emails")}) item
  where ${isOfOneRow} and position(chr(31) in s.emails) > 0 and ${part("item", 1)} <> p.email_normalized`;

const newPhones = `
  insert into planned_phones (person, number, extension, message_type, label, carrier, action)
  select p.person, ${part("item", 1)}, ${part("item", 2)}, ${part("item", 3)}::smallint, ${part("item", 4)}, ${part("item", 5)}, 'add'
  from ${newPeople} cross join unnest(${items("s.phones")}) item
  where ${isOfOneRow} and s.phones <> ''`;

const emails = (c: ImportContext) => `
  with sent as materialized (
    select distinct on (r.person, address.normalized) r.person, address.normalized, address.email
    from row_persons r
    join staged_rows s on s.row = r.row
    join people p on p.person = r.person
    left join users u on u.organization_id = ${c.organizationId} and u.id = p.person
    cross join lateral (select ${part("item", 1)} as normalized, ${part("item", 2)} as email
      from unnest(${items("s.emails")}) item) address
    where not (${isOfOneRow}) and p.applies and s.emails <> ''
      and (position(chr(31) in s.emails) > 0 or s.email_normalized <> coalesce(u.email_normalized, p.email_normalized))
      and address.normalized <> coalesce(u.email_normalized, p.email_normalized)
    order by r.person, address.normalized, r.row desc
  ), withdrawn as (
    insert into planned_emails (person, email_normalized, email, action)
    select p.person, e.email_normalized, e.email, case when e.claims = ${c.claim.text} then 'remove' else 'withdraw' end
    from people p
    join user_emails e on e.organization_id = ${c.organizationId} and e.user_id = p.person
    where not p.is_new and p.applies and p.emails_replaced and e.claims & ${c.claim.text} <> 0
      and not exists (select from sent where sent.person = p.person and sent.normalized = e.email_normalized)
  )
  insert into planned_emails (person, email_normalized, email, action)
  select sent.person, sent.normalized, sent.email, case when e.user_id is null then 'add' else 'claim' end
  from sent
  left join user_emails e
    on e.organization_id = ${c.organizationId} and e.user_id = sent.person and e.email_normalized = sent.normalized
  where e.user_id is null or e.claims & ${c.claim.text} = 0`;

const phones = (c: ImportContext) => `
  with sent as materialized (
    select distinct on (r.person, phone.number, phone.extension) r.person, phone.*
    from row_persons r
    join staged_rows s on s.row = r.row
    join people p on p.person = r.person
    cross join lateral (
      select ${part("item", 1)} as number, ${part("item", 2)} as extension, ${part("item", 3)}::smallint as message_type,
        ${part("item", 4)} as label, ${part("item", 5)} as carrier
      from unnest(${items("s.phones")}) item) phone
    where not (${isOfOneRow}) and p.applies and s.phones <> ''
    order by r.person, phone.number, phone.extension, r.row desc
  ), withdrawn as (
    insert into planned_phones (person, number, extension, action)
    select p.person, h.number, h.extension, case when h.claims = ${c.claim.text} then 'remove' else 'withdraw' end
    from people p
    join user_phones h on h.organization_id = ${c.organizationId} and h.user_id = p.person
    where p.phones_replaced and not p.is_new and p.applies and h.claims & ${c.claim.text} <> 0
      and not exists (select from sent where sent.person = p.person and sent.number = h.number and sent.extension = h.extension)
  )
  insert into planned_phones (person, number, extension, message_type, label, carrier, action)
  select sent.person, sent.number, sent.extension, sent.message_type, sent.label, sent.carrier, decision.action
  from sent
  join people p on p.person = sent.person
  left join user_phones h
    on h.organization_id = ${c.organizationId} and h.user_id = sent.person and h.number = sent.number and h.extension = sent.extension
  cross join lateral (select case
    when h.user_id is null then 'add'
    when p.replaces and not ${ownerIn(sql`h.owner`, c.outranking).text}
      and (h.message_type, h.label, h.carrier) is distinct from (sent.message_type, sent.label, sent.carrier) then 'update'
    when p.replaces and ${ownerIn(sql`h.owner`, c.outranked).text} then 'own'
    when h.claims & ${c.claim.text} = 0 then 'claim' end as action) decision
  where decision.action is not null`;
