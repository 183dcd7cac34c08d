import type { ImportContext } from "../../setup/context.ts";

/** Carries out the plan for further e-mails and phones. */
export function applyContacts(c: ImportContext): string[] {
  const addEmails = `
    insert into user_emails (organization_id, user_id, email_normalized, email, claims)
    select ${c.organizationId}, person, email_normalized, email, coalesce(claims, ${c.claim.text}) from planned_emails where action = 'add'
    order by person, email_normalized`;
  const addPhones = `
    insert into user_phones (organization_id, user_id, number, extension, message_type, label, carrier, owner, claims)
    select ${c.organizationId}, person, number, extension, message_type, label, carrier, coalesce(owner, ${c.source.text}),
      coalesce(claims, ${c.claim.text})
    from planned_phones where action = 'add'
    order by person, number, extension`;
  if (c.knowsNobody) return [addEmails, addPhones];
  return [
    `delete from user_emails e using planned_emails p
     where e.organization_id = ${c.organizationId} and e.user_id = p.person and e.email_normalized = p.email_normalized
       and p.action = 'remove'`,
    `update user_emails e
     set claims = case p.action when 'claim' then e.claims | ${c.claim.text} else e.claims & ~${c.claim.text} end
     from planned_emails p
     where e.organization_id = ${c.organizationId} and e.user_id = p.person and e.email_normalized = p.email_normalized
       and p.action in ('claim', 'withdraw')`,
    addEmails,
    `delete from user_phones h using planned_phones p
     where h.organization_id = ${c.organizationId} and h.user_id = p.person and h.number = p.number
       and h.extension = p.extension and p.action = 'remove'`,
    `update user_phones h
     set claims = case p.action when 'withdraw' then h.claims & ~${c.claim.text} else h.claims | ${c.claim.text} end,
       message_type = case p.action when 'update' then p.message_type else h.message_type end,
       label = case p.action when 'update' then p.label else h.label end,
       carrier = case p.action when 'update' then p.carrier else h.carrier end,
       owner = case when p.action in ('update', 'own') then ${c.source.text} else h.owner end
     from planned_phones p
     where h.organization_id = ${c.organizationId} and h.user_id = p.person and h.number = p.number
       and h.extension = p.extension and p.action in ('claim', 'withdraw', 'update', 'own')`,
    addPhones,
  ];
}
