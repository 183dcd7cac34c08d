import { byDefault, manual, selfRegistered } from "../../../directory/claims.ts";
import type { ImportContext } from "../../setup/context.ts";
import { hasFailed } from "../stage/tables.ts";
import { deletionObstacle, grantedByNobodysFeed } from "./protection.ts";
import { ownerColumns, scalarColumns } from "./scalars.ts";

const bit = (number: number) => 1 << number;

/**
 * Finds the people whom a roster should name and doesn't: those whom its source claims (file formats, sections 4 and 5).
 * Whoever is named by any row, failed ones included, is in the file. The statements have to run in this order; the later
 * ones are needed only when the first found somebody.
 */
export const findAbsences = (c: ImportContext): string => `
  insert into absences (person)
  select u.id from users u
  where u.organization_id = ${c.organizationId} and u.claims & ${ownClaims(c)} <> 0
    and not exists (select from row_persons r where r.person = u.id)
    and (u.claims & ${c.claim.text} <> 0 or not ${isOthers(c, "u.claims")})
    ${c.rules.sparesPeopleWithoutGroups ? `and ${inAGroup(c)}` : ""}`;

/** What a roster's source counts as its own: its claim, and what the organization does not protect from `default`. */
function ownClaims({ claim, isDefaultSource, settings }: ImportContext): string {
  const spared = [
    ...(settings.protectManual ? [] : [bit(manual)]),
    ...(settings.protectSelfRegistered ? [] : [bit(selfRegistered)]),
  ];
  return isDefaultSource && spared.length > 0 ? `(${[claim.text, ...spared].join(" | ")})` : claim.text;
}

/** Whether anybody else claims the person; who registered themself follows the feed as soon as there is one. */
const isOthers = (c: ImportContext, claims: string) =>
  `(${claims} & ~(${ownClaims(c)} | ${bit(selfRegistered)} | ${bit(byDefault)}) <> 0)`;

/** Purge lets people be who are in no group; memberships that everybody gets don't count. */
const inAGroup = ({ organizationId }: ImportContext) => `exists (
  select from memberships m
  where m.organization_id = ${organizationId} and m.user_id = u.id and m.claims & ~${bit(byDefault)}::bigint <> 0)`;

export const settleAbsences = (c: ImportContext): string[] => [
  `delete from absences a using user_sources us
   where us.organization_id = ${c.organizationId} and us.source = ${c.source.text} and us.user_id = a.person
     and us.database_id in (select database_id from staged_rows)`,
  `delete from absences a using users u
   where u.organization_id = ${c.organizationId} and u.id = a.person
     and u.username_normalized in (select username_normalized from staged_rows)`,
  // A row that was applied is the person's it was found to be, whoever else has its address: or nobody who shares one with
  // somebody of the file could ever leave. A row that failed counts for all whom it could mean.
  `delete from absences a using users u
   where u.organization_id = ${c.organizationId} and u.id = a.person
     and u.email_normalized in (
       select s.email_normalized from staged_rows s
       where ${hasFailed})`,
  `update absences a set
     fate = case
       when ${isOthers(c, "u.claims")} then 'withdraw'
       when obstacle.reason is not null then 'keep'
       else 'delete' end,
     reason = obstacle.reason
   from users u cross join lateral (select ${deletionObstacle(c.organizationId, "u.id", leaving)} as reason) obstacle
   where u.organization_id = ${c.organizationId} and u.id = a.person`,
  "analyze absences",
  "insert into planned_deletions (person) select person from absences where fate = 'delete'",
  ...withdrawals(c),
];

const leaving = "select person from planned_deletions union all select person from absences";

/** Plans that the source lets go of people whom others claim; what nobody else claims goes. */
function withdrawals(c: ImportContext): string[] {
  const removeOrWithdraw = (claims: string) =>
    `case when ${claims} = ${c.claim.text} then 'remove' else 'withdraw' end`;
  return [
    `insert into planned_scalars (person, ${scalarColumns.join(", ")}, username_changes, changed)
     select u.id, ${scalarColumns.map((column) => (ownerColumns.includes(column) ? `nullif(u.${column}, ${c.source.text})` : `u.${column}`)).join(", ")}, false, ''
     from absences a join users u on u.organization_id = ${c.organizationId} and u.id = a.person
     where a.fate = 'withdraw' and ${c.source.text} in (${ownerColumns.map((column) => `u.${column}`).join(", ")})`,
    `insert into planned_emails (person, email_normalized, email, action)
     select a.person, e.email_normalized, e.email, ${removeOrWithdraw("e.claims")}
     from absences a join user_emails e on e.organization_id = ${c.organizationId} and e.user_id = a.person
     where a.fate = 'withdraw' and e.claims & ${c.claim.text} <> 0`,
    `insert into planned_phones (person, number, extension, action)
     select a.person, h.number, h.extension, ${removeOrWithdraw("h.claims")}
     from absences a join user_phones h on h.organization_id = ${c.organizationId} and h.user_id = a.person
     where a.fate = 'withdraw' and h.claims & ${c.claim.text} <> 0`,
    `insert into planned_memberships (person, group_id, role_from, role_to, role_owner, claims, action)
     select a.person, m.group_id, m.role, after.*
     from absences a join memberships m on m.organization_id = ${c.organizationId} and m.user_id = a.person
     join groups g on g.organization_id = ${c.organizationId} and g.group_id = m.group_id
     cross join lateral (${withdrawnMembership(c, "m")}) after
     where a.fate = 'withdraw' and ${followsImport("g")} and m.claims & ${c.claim.text} <> 0 and not (m.claims = ${c.claim.text} and ${isKept("m", "g")})`,
  ];
}

/** SQL: whether the import's own style decides what its silence means for a group (file formats, section 5). */
export const followsImport = (group: string): string => `(${group}.style is null or ${group}.style = 'static')`;

/** SQL: whether a feed's silence does not end a membership (file formats, section 5). */
export const isKept = (membership: string, group: string): string =>
  `(coalesce(${group}.style, '') = 'static' or (${membership}.role > 0 and ${grantedByNobodysFeed(`${membership}.role_owner`)}))`;

/**
 * SQL: the select of what becomes of a membership that the source no longer claims: role, owner, claims and action. A
 * role that the source granted goes with its claim.
 */
export const withdrawnMembership = (c: ImportContext, m: string): string => `
  select
    case when ${m}.claims = ${c.claim.text} then null when ${m}.role_owner = ${c.source.text} then 0::smallint else ${m}.role end as role_to,
    case when ${m}.role_owner = ${c.source.text}
      then (select min(number) from generate_series(0, 62) number where (${m}.claims & ~${c.claim.text}) & (1::bigint << number) <> 0)::smallint
      else ${m}.role_owner end as role_owner,
    ${m}.claims & ~${c.claim.text} as claims,
    case when ${m}.claims = ${c.claim.text} then 'remove' else 'change' end as action`;
