import sql, { type Sql } from "sql-template-tag";
import type { ImportContext } from "../../setup/context.ts";

/** Carries out the plan for further e-mails and phones. */
export const applyContacts = (c: ImportContext): Sql[] =>
  c.knowsNobody
    ? [addEmails(c), addPhones(c)]
    : [removeEmails(c), claimEmails(c), addEmails(c), removePhones(c), changePhones(c), addPhones(c)];

const removeEmails = ({ organization }: ImportContext) => sql`
  delete from user_emails e using planned_emails p
  where e.organization_id = ${organization} and e.user_id = p.person and e.email_normalized = p.email_normalized
    and p.action = 'remove'`;

const claimEmails = ({ organization, claim }: ImportContext) => sql`
  update user_emails e
  set claims = case p.action when 'claim' then e.claims | ${claim} else e.claims & ~${claim} end
  from planned_emails p
  where e.organization_id = ${organization} and e.user_id = p.person and e.email_normalized = p.email_normalized
    and p.action in ('claim', 'withdraw')`;

const addEmails = ({ organization, claim }: ImportContext) => sql`
  insert into user_emails (organization_id, user_id, email_normalized, email, claims)
  select ${organization}, person, email_normalized, email, coalesce(claims, ${claim})
  from planned_emails where action = 'add'
  order by person, email_normalized`;

const removePhones = ({ organization }: ImportContext) => sql`
  delete from user_phones h using planned_phones p
  where h.organization_id = ${organization} and h.user_id = p.person and h.number = p.number
    and h.extension = p.extension and p.action = 'remove'`;

const changePhones = ({ organization, source, claim }: ImportContext) => sql`
  update user_phones h
  set claims = case p.action when 'withdraw' then h.claims & ~${claim} else h.claims | ${claim} end,
    message_type = case p.action when 'update' then p.message_type else h.message_type end,
    label = case p.action when 'update' then p.label else h.label end,
    carrier = case p.action when 'update' then p.carrier else h.carrier end,
    owner = case when p.action in ('update', 'own') then ${source} else h.owner end
  from planned_phones p
  where h.organization_id = ${organization} and h.user_id = p.person and h.number = p.number
    and h.extension = p.extension and p.action in ('claim', 'withdraw', 'update', 'own')`;

const addPhones = ({ organization, source, claim }: ImportContext) => sql`
  insert into user_phones (organization_id, user_id, number, extension, message_type, label, carrier, owner, claims)
  select ${organization}, person, number, extension, message_type, label, carrier, coalesce(owner, ${source}),
    coalesce(claims, ${claim})
  from planned_phones where action = 'add'
  order by person, number, extension`;
