import sql, { type Sql } from "sql-template-tag";
import { byDefault } from "../../../directory/claims.ts";
import { literal } from "../../../store/sql.ts";
import { type ImportContext, ownerIn } from "../../setup/context.ts";
import { power } from "./group-orders.ts";
import { grantedByNobodysFeed, isProtected } from "./protection.ts";
import { rowOf } from "./value-rows.ts";
import { followsImport, isKept, withdrawnMembership } from "./withdrawn-membership.ts";

/** Plans memberships: removals before additions, then roles (file formats, sections 3 and 5). */
export const planMemberships = (c: ImportContext): Sql[] => [
  knownMemberships(c),
  ...(c.rules.replacesGroups ? [withdrawnMemberships(c)] : []),
  newMemberships(c),
  joinedDefaults,
  defaultMemberships,
  sql`analyze planned_memberships`,
];

/** The stored memberships that the file names, with the file's order for each and the reason why it could not end. */
const namedMemberships = (c: ImportContext) => sql`
  select m.user_id as person, m.group_id, m.role, m.role_owner, m.claims, p.replaces,
    j.role as sent, j.row as join_row, p.leave_all or l.person is not null as leaves,
    coalesce(l.row, ${rowOf(sql`p`, sql`'leaveAll'`)}) as leave_row,
    case
      when g.style = 'static' then 'the group is static'
      when p.only_removes and ${isProtected(sql`u.claims`)} then 'the person registered themself'
      when m.role > 0 and ${grantedByNobodysFeed(sql`m.role_owner`)} then 'role'
    end as kept,
    ${grantedByNobodysFeed(sql`m.role_owner`)} or ${ownerIn(sql`m.role_owner`, c.outranking)} as role_is_others
  from people p
  join users u on u.organization_id = ${c.organization} and u.id = p.person
  join memberships m on m.organization_id = ${c.organization} and m.user_id = p.person
  join known_groups g on g.group_id = m.group_id
  left join file_joins j on j.person = p.person and j.group_id = m.group_id
  left join file_leaves l on l.person = p.person and l.group_id = m.group_id
  where not p.is_new and not p.delete_person and (p.leave_all or j.person is not null or l.person is not null)`;

/**
 * The rule for the role of a stored membership that the file names: `keep` and `refuse` leave it, the latter with a warning,
 * `take` sets the file's role, `lower` makes a member.
 */
const roleRule = sql`case
  when sent is null or sent = role then 'keep'
  when sent = -1 then case when replaces and role > 0 and not role_is_others then 'lower' else 'keep' end
  when role = 0 then 'take'
  when role_is_others then 'refuse'
  when replaces or ${power(sql`sent`)} > ${power(sql`role`)} then 'take'
  else 'refuse' end`;

const knownMemberships = (c: ImportContext) => sql`
  with stored as materialized (${namedMemberships(c)}
  ), ruled as materialized (
    select stored.*, ${roleRule} as rule from stored
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
  select person, group_id, role, greatest(sent, 0), ${c.source}, ${c.claim}, 'change', join_row
  from ruled where leaves and kept is null and sent is not null
  union all
  select person, group_id, ruled.role, after.role, after.role_owner, claims | ${c.claim}, 'change', join_row
  from ruled
  cross join lateral (select
    case rule when 'take' then sent when 'lower' then 0 else role end as role,
    case
      when rule in ('take', 'lower') then ${c.source}
      when (sent = role or (sent = -1 and role = 0 and replaces)) and ${ownerIn(sql`role_owner`, c.outranked)} then ${c.source}
      else role_owner
    end as role_owner) after
  where sent is not null and not (leaves and kept is null)
    and (after.role <> ruled.role or after.role_owner <> ruled.role_owner or claims & ${c.claim} = 0)`;

/**
 * Replaces the groups of a person with the groups in the file: the source withdraws its claim to the others, except for
 * groups with a style of their own (file formats, section 5.1).
 */
const withdrawnMemberships = (c: ImportContext) => sql`
  with silent as materialized (
    select p.person, p.first_row, m.group_id, m.role, m.role_owner, m.claims, ${isKept(sql`m`, sql`g`)} as kept,
      m.role > 0 and coalesce(g.style, '') <> 'static' as has_role
    from people p
    join memberships m on m.organization_id = ${c.organization} and m.user_id = p.person
    join known_groups g on g.group_id = m.group_id
    where p.groups_replaced and not p.is_new and p.applies and ${followsImport(sql`g`)} and m.claims & ${c.claim} <> 0
      and not p.leave_all
      and not exists (select from file_joins j where j.person = p.person and j.group_id = m.group_id)
      and not exists (select from file_leaves l where l.person = p.person and l.group_id = m.group_id)
  ), told as (
    insert into row_issues (row, code, field, details, failure)
    select first_row, 'role_kept', 'groupID', jsonb_build_object('groupId', group_id, 'kept', role, 'file', 'nothing of this group'), false
    from silent where kept and has_role and silent.claims = ${c.claim}
  )
  insert into planned_memberships (person, group_id, role_from, role_to, role_owner, claims, action, row)
  select person, group_id, role, after.*, first_row
  from silent cross join lateral (${withdrawnMembership(c, sql`silent`)}) after
  where not (kept and silent.claims = ${c.claim})`;

const newMemberships = (c: ImportContext) => sql`
  insert into planned_memberships (person, group_id, role_to, role_owner, claims, action, row)
  select j.person, j.group_id, greatest(j.role, 0), ${c.source}, ${c.claim}, 'add', j.row
  from file_joins j
  where not exists (
    select from memberships m
    where m.organization_id = ${c.organization} and m.user_id = j.person and m.group_id = j.group_id)`;

/** The claims of a membership that everybody gets. */
const defaultClaims = literal(1 << byDefault);

/** SQL condition: the file has the person `p` leave the group `g`. */
const leaves = sql`(p.leave_all or exists (
  select from file_leaves l where l.person = p.person and l.group_id = g.group_id))`;

/** Adds the default claim where the file itself names a default group. */
const joinedDefaults = sql`
  update planned_memberships m set claims = m.claims | ${defaultClaims}
  from known_groups g, people p
  where g.joins_everybody and m.group_id = g.group_id and p.person = m.person and p.is_new and not ${leaves}`;

const defaultMemberships = sql`
  insert into planned_memberships (person, group_id, role_to, role_owner, claims, action, row)
  select p.person, g.group_id, 0, ${literal(byDefault)}, ${defaultClaims}, 'add', p.first_row
  from people p cross join known_groups g
  where p.is_new and g.joins_everybody and not ${leaves}
    and not exists (select from planned_memberships m where m.person = p.person and m.group_id = g.group_id)`;
