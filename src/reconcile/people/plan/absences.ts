import sql, { empty, join, type Sql } from "sql-template-tag";
import { byDefault, manual, selfRegistered } from "../../../directory/claims.ts";
import { constant, identifier, identifiers, literal } from "../../../store/sql.ts";
import type { ImportContext } from "../../setup/context.ts";
import { hasFailed } from "../stage/row-issues.ts";
import { deletionObstacle, networkAdministratorRole } from "./protection.ts";
import { ownerColumns, scalarColumns } from "./scalars.ts";
import { followsImport, isKept, withdrawnMembership } from "./withdrawn-membership.ts";

const bit = (number: number) => literal(1 << number);

/**
 * Finds the people whom a roster should name and does not name: those whom its source claims (file formats, sections 4 and
 * 5). A person whom any row matches is in the file. `settleAbsences` takes out further people who are in the file.
 */
export const findAbsences = (c: ImportContext): Sql => sql`
  insert into absences (person)
  select u.id from users u
  where u.organization_id = ${c.organization} and u.claims & ${ownClaims(c)} <> 0
    and not exists (select from row_persons r where r.person = u.id)
    and (u.claims & ${c.claim} <> 0 or not ${isOthers(c, sql`u.claims`)})
    ${c.rules.sparesPeopleWithoutGroups ? sql`and ${inAGroup(c)}` : empty}`;

/** The claims that a roster counts as its own: its source's claim, and the claims that `default` may include. */
function ownClaims({ claim, isDefaultSource, settings }: ImportContext): Sql {
  const counted = [
    ...(settings.protectManual ? [] : [bit(manual)]),
    ...(settings.protectSelfRegistered ? [] : [bit(selfRegistered)]),
  ];
  return isDefaultSource && counted.length > 0 ? sql`(${join([claim, ...counted], " | ")})` : claim;
}

/** SQL condition: anybody else claims the person. People who registered themselves follow the first feed that knows them. */
const isOthers = (c: ImportContext, claims: Sql) =>
  sql`(${claims} & ~(${ownClaims(c)} | ${bit(selfRegistered)} | ${bit(byDefault)}) <> 0)`;

/** SQL condition: the person is in a group. Memberships that everybody gets do not count. */
const inAGroup = ({ organization }: ImportContext) => sql`exists (
  select from memberships m
  where m.organization_id = ${organization} and m.user_id = u.id and m.claims & ~${bit(byDefault)}::bigint <> 0)`;

/**
 * SQL condition: the source withdraws from the absent person `a`, who remains a network administrator. Such a person is no
 * longer absent from the next file, so that file must not find another administrator to be the last one.
 */
const remainsAdministrator = (c: ImportContext) => sql`exists (
  select from users u join memberships m on m.organization_id = ${c.organization} and m.user_id = u.id
  join groups g on g.organization_id = ${c.organization} and g.group_id = m.group_id
  where u.organization_id = ${c.organization} and u.id = a.person and ${isOthers(c, sql`u.claims`)}
    and m.role = ${networkAdministratorRole} and (g.style = 'normal' or ${followsImport(sql`g`)} and case
      when m.claims & ${c.claim} = 0 then true
      when m.claims = ${c.claim} then ${isKept(sql`m`, sql`g`)}
      else m.role_owner <> ${c.source} end))`;

/** Select of the people who go, or lose the role of a network administrator, unless something protects them. */
const leaving = (c: ImportContext) => sql`
  select person from planned_deletions union all select person from absences a where not ${remainsAdministrator(c)}`;

/** Decides what happens to the absent people, and plans it. Needed only if `findAbsences` found somebody. */
export const settleAbsences = (c: ImportContext): Sql[] => [
  sql`delete from absences a using user_sources us
   where us.organization_id = ${c.organization} and us.source = ${c.source} and us.user_id = a.person
     and us.database_id in (select database_id from staged_rows)`,
  sql`delete from absences a using users u
   where u.organization_id = ${c.organization} and u.id = a.person
     and u.username_normalized in (select username_normalized from staged_rows)`,
  // A row that was applied names only the person it matched, even if other people have its address. Otherwise nobody who shares an
  // address with somebody in the file could ever leave. A row that failed counts for everybody it could mean.
  sql`delete from absences a using users u
   where u.organization_id = ${c.organization} and u.id = a.person
     and u.email_normalized in (select s.email_normalized from staged_rows s where ${hasFailed})`,
  sql`update absences a set
     fate = case
       when ${isOthers(c, sql`u.claims`)} then 'withdraw'
       when obstacle.reason is not null then ${c.rules.retires ? sql`'withdraw'` : sql`'keep'`}
       else 'delete' end,
     reason = case when not ${isOthers(c, sql`u.claims`)} then obstacle.reason end
   from users u cross join lateral (select ${deletionObstacle(c, sql`u.id`, leaving(c))} as reason) obstacle
   where u.organization_id = ${c.organization} and u.id = a.person`,
  sql`analyze absences`,
  sql`insert into planned_deletions (person) select person from absences where fate = 'delete'`,
  ...withdrawals(c),
  ...(c.rules.retires ? [becomeManual(c)] : []),
];

const originsByHand = constant('"origins":{"from":[],"to":["manual"]}');

/**
 * Plans that protected people of a retired source stay as people entered by hand, with all their values, unless they
 * registered themselves.
 */
function becomeManual(c: ImportContext): Sql {
  const ownedByHand = scalarColumns.map((name) => {
    const column = sql`u.${identifier(name)}`;
    return ownerColumns.includes(name)
      ? sql`case when ${column} = ${c.source} then ${literal(manual)} else ${column} end`
      : column;
  });
  return sql`insert into planned_scalars (person, ${identifiers(scalarColumns)}, username_changes, changed)
     select u.id, ${join(ownedByHand, ", ")}, false, case when u.claims = ${c.claim} then ${originsByHand} else '' end
     from absences a join users u on u.organization_id = ${c.organization} and u.id = a.person
     where a.fate = 'withdraw' and a.reason is not null`;
}

/**
 * Plans that the source withdraws its claim to people whom others claim. Items that nobody else claims are removed. A
 * retired source also withdraws from people who are protected, for a reason; they keep everything (`endClaims`).
 */
function withdrawals(c: ImportContext): Sql[] {
  const removeOrWithdraw = (claims: Sql) => sql`case when ${claims} = ${c.claim} then 'remove' else 'withdraw' end`;
  const withoutOwner = scalarColumns.map((name) =>
    ownerColumns.includes(name) ? sql`nullif(u.${identifier(name)}, ${c.source})` : sql`u.${identifier(name)}`,
  );
  return [
    sql`insert into planned_scalars (person, ${identifiers(scalarColumns)}, username_changes, changed)
     select u.id, ${join(withoutOwner, ", ")}, false, ''
     from absences a join users u on u.organization_id = ${c.organization} and u.id = a.person
     where a.fate = 'withdraw' and a.reason is null and ${c.source} in (${join(ownerColumns.map((name) => sql`u.${identifier(name)}`))})`,
    sql`insert into planned_emails (person, email_normalized, email, action)
     select a.person, e.email_normalized, e.email, ${removeOrWithdraw(sql`e.claims`)}
     from absences a join user_emails e on e.organization_id = ${c.organization} and e.user_id = a.person
     where a.fate = 'withdraw' and a.reason is null and e.claims & ${c.claim} <> 0`,
    sql`insert into planned_phones (person, number, extension, action)
     select a.person, h.number, h.extension, ${removeOrWithdraw(sql`h.claims`)}
     from absences a join user_phones h on h.organization_id = ${c.organization} and h.user_id = a.person
     where a.fate = 'withdraw' and a.reason is null and h.claims & ${c.claim} <> 0`,
    sql`insert into planned_memberships (person, group_id, role_from, role_to, role_owner, claims, action)
     select a.person, m.group_id, m.role, after.*
     from absences a join memberships m on m.organization_id = ${c.organization} and m.user_id = a.person
     join groups g on g.organization_id = ${c.organization} and g.group_id = m.group_id
     cross join lateral (${withdrawnMembership(c, sql`m`)}) after
     where a.fate = 'withdraw' and a.reason is null ${c.rules.retires ? empty : sql`and ${followsImport(sql`g`)}`} and m.claims & ${c.claim} <> 0
       and not (m.claims = ${c.claim} and ${isKept(sql`m`, sql`g`)})`,
  ];
}
