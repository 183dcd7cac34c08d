import sql, { raw, type Sql } from "sql-template-tag";
import { manual } from "../../../directory/claims.ts";
import { identifier, literal } from "../../../store/sql.ts";
import type { ImportContext } from "../../setup/context.ts";

const byHand = sql`${literal(1 << manual)}::bigint`;
const hand = literal(manual);

/** SQL relation: the rows `s` of one list of the tombstones `t` of the people who return, `r`. */
function formerRows(c: ImportContext, list: "emails" | "phones" | "memberships", table: string): Sql {
  return sql`
    returns r
    join user_tombstones t on t.organization_id = ${c.organization} and t.user_id = r.user_id
    cross join lateral jsonb_populate_recordset(null::${identifier(table)}, t.state -> '${raw(list)}') s`;
}

/** Plans the further e-mails and phones of people who return that were entered by hand. The file's values come first. */
export const planReturnedContacts = (c: ImportContext): Sql[] => [
  sql`update planned_emails p set claims = ${c.claim} | ${byHand}
   from ${formerRows(c, "emails", "user_emails")}
   where p.person = r.user_id and p.email_normalized = s.email_normalized and s.claims & ${byHand} <> 0`,
  sql`insert into planned_emails (person, email_normalized, email, action, claims)
   select r.user_id, s.email_normalized, s.email, 'add', ${byHand}
   from ${formerRows(c, "emails", "user_emails")} join people p on p.person = r.user_id
   where s.claims & ${byHand} <> 0 and s.email_normalized <> p.email_normalized
     and not exists (select from planned_emails e where e.person = r.user_id and e.email_normalized = s.email_normalized)`,
  sql`update planned_phones p set claims = ${c.claim} | ${byHand},
     owner = case when s.owner = ${hand} then ${hand} else ${c.source} end,
     message_type = case when s.owner = ${hand} then s.message_type else p.message_type end,
     label = case when s.owner = ${hand} then s.label else p.label end,
     carrier = case when s.owner = ${hand} then s.carrier else p.carrier end
   from ${formerRows(c, "phones", "user_phones")}
   where p.person = r.user_id and p.number = s.number and p.extension = s.extension and s.claims & ${byHand} <> 0`,
  sql`insert into planned_phones (person, number, extension, message_type, label, carrier, action, claims, owner)
   select r.user_id, s.number, s.extension, s.message_type, s.label, s.carrier, 'add', ${byHand}, ${hand}
   from ${formerRows(c, "phones", "user_phones")}
   where s.claims & ${byHand} <> 0
     and not exists (select from planned_phones h where h.person = r.user_id and h.number = s.number and h.extension = s.extension)`,
];

/**
 * Plans the memberships of people who return that were given by hand, in groups that exist. The file's memberships come first.
 * The people are members: a role above that is granted by a person, or by the file itself.
 */
export const planReturnedMemberships = (c: ImportContext): Sql[] => [
  sql`update planned_memberships p set claims = p.claims | ${byHand}
   from ${formerRows(c, "memberships", "memberships")}
   where p.person = r.user_id and p.group_id = s.group_id and s.claims & ${byHand} <> 0`,
  sql`insert into planned_memberships (person, group_id, role_to, role_owner, claims, action, row)
   select r.user_id, s.group_id, 0, ${hand}, ${byHand}, 'add', p.first_row
   from ${formerRows(c, "memberships", "memberships")} join people p on p.person = r.user_id
   join known_groups g on g.group_id = s.group_id
   where s.claims & ${byHand} <> 0
     and not exists (select from planned_memberships m where m.person = r.user_id and m.group_id = s.group_id)`,
];
