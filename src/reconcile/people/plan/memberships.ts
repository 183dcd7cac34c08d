import sql from "sql-template-tag";
import { byDefault } from "../../../directory/claims.ts";
import { rolesByPower } from "../../../intake/group-orders.ts";
import { type ImportContext, ownerIn } from "../../setup/context.ts";
import { items, part, rowOf } from "../stage/tables.ts";
import { followsImport, isKept, withdrawnMembership } from "./absences.ts";
import { grantedByNobodysFeed } from "./protection.ts";

/** Roles from the least to the most powerful; -1 is a token without a role. */
const roles = `array[-1, ${rolesByPower.join(", ")}]`;
const power = (role: string) => `array_position(${roles}, ${role}::integer)`;
const highestRole = (role: string) => `(${roles})[max(${power(role)})]`;

/** People of the file with their rows. */
export const fileRows = `staged_rows s join row_persons r on r.row = s.row join people p on p.person = r.person`;

/** The joins of some people. Intake has united what one row says; only rows that merge say a group several times. */
const joins = (people: string) => `
  select p.person, ${part("item", 1)}, ${part("item", 2)}::smallint, s.row
  from people p join staged_rows s on s.row = p.first_row cross join unnest(${items("s.joins")}) item
  where p.applies and s.joins is not null and p.value_rows is null and ${people}
  union all
  select r.person, ${part("item", 1)}, ${highestRole(`${part("item", 2)}::integer`)}, min(r.row)
  from ${fileRows} cross join unnest(${items("s.joins")}) item
  where p.applies and s.joins is not null and r.person in (select person from merged_persons) and ${people}
  group by 1, 2`;

/**
 * Lists what the file orders about groups.
 * @param areAllNew all people are new, and of one row
 */
export function groupOrderStatements(c: ImportContext, areAllNew: boolean): string[] {
  return [
    ...(areAllNew ? [] : [`insert into file_joins (person, group_id, role, row) ${joins("not p.is_new")}`]),
    // New people have no membership that a join could meet: it is the plan.
    `insert into planned_memberships (person, group_id, role_to, role_owner, claims, action, row)
     select person, group_id, greatest(role, 0), ${c.source.text}, ${c.claim.text}, 'add', row
     from (${joins("p.is_new")}) joins (person, group_id, role, row)`,
    `insert into file_leaves (person, group_id, row)
     select r.person, item, min(r.row)
     from ${fileRows} cross join unnest(${items("s.leaves")}) item
     where not p.delete_person and s.leaves is not null
     group by 1, 2`,
  ];
}

/** The same for orders to leave groups. */
export const leaveNoGroup =
  "delete from file_leaves using people p where p.person = file_leaves.person and not p.is_new";

const orders = `(
  select person, group_id, row from file_joins
  union all select person, group_id, row from planned_memberships
  union all select person, group_id, row from file_leaves) orders`;

const isUnknown = (table: string) => `not exists (select from known_groups g where g.group_id = ${table}.group_id)`;

/** The groups that somebody is to join and that don't exist. */
export const unknownGroups = `
  select group_id as "groupId" from file_joins where ${isUnknown("file_joins")}
  union select group_id from planned_memberships where ${isUnknown("planned_memberships")}`;

/** Plans memberships: removals before additions, then roles (file formats, sections 3 and 5). */
export function membershipStatements(c: ImportContext): string[] {
  return [
    `insert into row_issues (row, code, field, details, failure)
     select min(row), 'group_unknown', 'groupID', jsonb_build_object('groupId', group_id), false
     from ${orders}
     where ${isUnknown("orders")}
     group by person, group_id`,
    `delete from file_joins where ${isUnknown("file_joins")}`,
    `delete from planned_memberships where ${isUnknown("planned_memberships")}`,
    "analyze file_joins",
    knownMemberships(c),
    ...(c.rules.replacesGroups ? [withdrawnMemberships(c)] : []),
    newMemberships(c),
    joinedDefaults,
    defaultMemberships,
    "analyze planned_memberships",
  ];
}

const knownMemberships = (c: ImportContext) => `
  with stored as materialized (
    select m.user_id as person, m.group_id, m.role, m.role_owner, m.claims, p.replaces,
      j.role as sent, j.row as join_row, p.leave_all or l.person is not null as leaves, coalesce(l.row, ${rowOf("p", "'leaveAll'")}) as leave_row,
      case
        when g.style = 'static' then 'the group is static'
        when not p.applies then 'the person registered themself'
        when m.role > 0 and ${grantedByNobodysFeed("m.role_owner")} then 'role'
      end as kept,
      ${grantedByNobodysFeed("m.role_owner")} or ${ownerIn(sql`m.role_owner`, c.outranking).text} as role_is_others
    from people p
    join users u on u.organization_id = ${c.organizationId} and u.id = p.person
    join memberships m on m.organization_id = ${c.organizationId} and m.user_id = p.person
    join known_groups g on g.group_id = m.group_id
    left join file_joins j on j.person = p.person and j.group_id = m.group_id
    left join file_leaves l on l.person = p.person and l.group_id = m.group_id
    where not p.is_new and not p.delete_person and (p.leave_all or j.person is not null or l.person is not null)
  ), ruled as materialized (
    select stored.*,
      case
        when sent is null or sent = role then 'keep'
        when sent = -1 then case when replaces and role > 0 and not role_is_others then 'lower' else 'keep' end
        when role = 0 then 'take'
        when role_is_others then 'refuse'
        when replaces or ${power("sent")} > ${power("role")} then 'take'
        else 'refuse'
      end as rule
    from stored
  ), told as (
    insert into row_issues (row, code, field, details, failure)
    select leave_row, case kept when 'role' then 'role_kept' else 'membership_kept' end, 'groupID',
      case kept when 'role' then jsonb_build_object('groupId', group_id, 'kept', role, 'file', 'to leave')
        else jsonb_build_object('groupId', group_id, 'reason', kept) end, false
    from ruled where leaves and kept is not null and sent is null
    union all
    select join_row, 'role_kept', 'groupID', jsonb_build_object('groupId', group_id, 'kept', role, 'file', sent), false
    from ruled where sent is not null and rule = 'refuse' and not (leaves and kept is null)
  )
  insert into planned_memberships (person, group_id, role_from, role_to, role_owner, claims, action, row)
  select person, group_id, role, null, null, null, 'remove', leave_row from ruled where leaves and kept is null and sent is null
  union all
  select person, group_id, role, greatest(sent, 0), ${c.source.text}, ${c.claim.text}, 'change', join_row
  from ruled where leaves and kept is null and sent is not null
  union all
  select person, group_id, ruled.role, after.role, after.role_owner, claims | ${c.claim.text}, 'change', join_row
  from ruled
  cross join lateral (select
    case rule when 'take' then sent when 'lower' then 0 else role end as role,
    case
      when rule in ('take', 'lower') then ${c.source.text}
      when (sent = role or (sent = -1 and role = 0 and replaces)) and ${ownerIn(sql`role_owner`, c.outranked).text} then ${c.source.text}
      else role_owner
    end as role_owner) after
  where sent is not null and not (leaves and kept is null)
    and (after.role <> ruled.role or after.role_owner <> ruled.role_owner or claims & ${c.claim.text} = 0)`;

/** Under purge the groups of a person become those of the file: the source lets go of the others, but for those with a style of their own. */
const withdrawnMemberships = (c: ImportContext) => `
  with silent as materialized (
    select p.person, p.first_row, m.group_id, m.role, m.role_owner, m.claims, ${isKept("m", "g")} as kept,
      m.role > 0 and coalesce(g.style, '') <> 'static' as has_role
    from people p
    join memberships m on m.organization_id = ${c.organizationId} and m.user_id = p.person
    join known_groups g on g.group_id = m.group_id
    where p.groups_replaced and not p.is_new and p.applies and ${followsImport("g")} and m.claims & ${c.claim.text} <> 0 and not p.leave_all
      and not exists (select from file_joins j where j.person = p.person and j.group_id = m.group_id)
      and not exists (select from file_leaves l where l.person = p.person and l.group_id = m.group_id)
  ), told as (
    insert into row_issues (row, code, field, details, failure)
    select first_row, 'role_kept', 'groupID', jsonb_build_object('groupId', group_id, 'kept', role, 'file', 'nothing of this group'), false
    from silent where kept and has_role and silent.claims = ${c.claim.text}
  )
  insert into planned_memberships (person, group_id, role_from, role_to, role_owner, claims, action, row)
  select person, group_id, role, after.*, first_row
  from silent cross join lateral (${withdrawnMembership(c, "silent")}) after
  where not (kept and silent.claims = ${c.claim.text})`;

/** SQL: whether the file has the person `p` leave the group `g`. */
const leaves = `(p.leave_all or exists (
  select from file_leaves l where l.person = p.person and l.group_id = g.group_id))`;

const newMemberships = (c: ImportContext) => `
  insert into planned_memberships (person, group_id, role_to, role_owner, claims, action, row)
  select j.person, j.group_id, greatest(j.role, 0), ${c.source.text}, ${c.claim.text}, 'add', j.row
  from file_joins j
  where not exists (
    select from memberships m
    where m.organization_id = ${c.organizationId} and m.user_id = j.person and m.group_id = j.group_id)`;

/** A default group that the file names, too, is claimed twice. */
const joinedDefaults = `
  update planned_memberships m set claims = m.claims | ${1 << byDefault}
  from known_groups g, people p
  where g.joins_everybody and m.group_id = g.group_id and p.person = m.person and p.is_new and not ${leaves}`;

const defaultMemberships = `
  insert into planned_memberships (person, group_id, role_to, role_owner, claims, action, row)
  select p.person, g.group_id, 0, ${byDefault}, ${1 << byDefault}, 'add', p.first_row
  from people p cross join known_groups g
  where p.is_new and g.joins_everybody and not ${leaves}
    and not exists (select from planned_memberships m where m.person = p.person and m.group_id = g.group_id)`;
