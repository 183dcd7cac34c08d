import type { ImportContext } from "../../setup/context.ts";
import { hasFailed, items, part } from "../stage/tables.ts";
import { isKept, withdrawnMembership } from "./absences.ts";
import { fileRows } from "./memberships.ts";

/** SQL: whether every new person joins a group. */
const joinsEverybody = "is_default or group_id = 'ALL' or name = 'ALL'";

/** The groups that there are. Rows with the columns `groupId`, `name` (folded) and `joinsEverybody`. */
export const storedGroups = (organizationId: number): string => `
  select group_id as "groupId", name_normalized as name, ${joinsEverybody} as "joinsEverybody" from groups where organization_id = ${organizationId}`;

/** Lists the groups that exist. */
export function groupStatements(c: ImportContext): string[] {
  return [
    `insert into known_groups (group_id, style, joins_everybody, is_new, json)
     select group_id, style, ${joinsEverybody}, false, to_json(group_id)::text
     from groups where organization_id = ${c.organizationId}`,
    "analyze known_groups",
  ];
}

/** Which groups' styles there are that change what a file means. */
export type GroupStyles = {
  /** Some groups are rosters of their own, whatever the import's style is. */
  readonly areRosters: boolean;
  /** Some replace the data of those who are put into them. */
  readonly purgeData: boolean;
};

/** Looks for such groups. One row. */
export const groupStyles = `
  select count(*) filter (where style = 'active-roster' or style = 'purge') > 0 as "areRosters",
    count(*) filter (where style = 'purge') > 0 as "purgeData"
  from known_groups`;

/**
 * The data of people whom the file puts into a group of the style purge are replaced as if the import were of that style
 * (file formats, section 5).
 */
export const replaceDataInPurgeGroups = `
  with members as materialized (
    select distinct r.person
    from ${fileRows} cross join unnest(${items("s.joins")}) item
    join known_groups g on g.group_id = ${part("item", 1)} and g.style = 'purge'
    where p.applies and not p.is_new and not p.replaces
  ), said as (
    select r.person,
      bool_or(s.emails is not null) and not bool_or(s.emails_incomplete) as emails,
      bool_or(s.phones is not null) and not bool_or(s.phones_incomplete) as phones
    from members join row_persons r using (person) join staged_rows s on s.row = r.row
    group by r.person
  )
  update people p set replaces = true, emails_replaced = said.emails, phones_replaced = said.phones
  from said where p.person = said.person`;

/**
 * Ends memberships in groups that are rosters: whom the file does not put into such a group leaves it, the person stays.
 * A group that no row names which was applied is left alone. Rows that are what their last import left name the groups
 * in which the source has their person (`forgetDigests` sees to that). After the other statements for memberships.
 */
export function rosterStatements(c: ImportContext): string[] {
  return [forgetDigests(c), leaveRosters(c), findLeavers];
}

const isRoster = "g.style in ('active-roster', 'purge')";

/**
 * The row of somebody whom the source has in a roster that the row does not name is to be read again: passed over, it
 * would pass for naming it.
 */
const forgetDigests = (c: ImportContext) => `
  update people p set digest = null
  from memberships m join known_groups g on g.group_id = m.group_id
  where p.digest is not null and not p.is_new and ${isRoster}
    and m.organization_id = ${c.organizationId} and m.user_id = p.person and m.claims & ${c.claim.text} <> 0
    and not exists (select from file_joins j where j.person = p.person and j.group_id = m.group_id)`;

const leaveRosters = (c: ImportContext) => `
  with rosters as materialized (
    select g.group_id from known_groups g
    where ${isRoster} and (
      exists (select from file_joins j where j.group_id = g.group_id)
      or exists (select from planned_memberships p where p.group_id = g.group_id and p.action = 'add' and p.claims & ${c.claim.text} <> 0)
      or exists (select from file_leaves l where l.group_id = g.group_id)
      or exists (
        select from memberships m join row_persons r on r.person = m.user_id and r.same
        where m.organization_id = ${c.organizationId} and m.group_id = g.group_id and m.claims & ${c.claim.text} <> 0))
  ), failed as materialized (
    select s.database_id, s.username_normalized, s.email_normalized from staged_rows s where ${hasFailed}
  ), spared as materialized (
    select us.user_id as person from user_sources us
    where us.organization_id = ${c.organizationId} and us.source = ${c.source.text} and us.database_id in (select database_id from failed)
    union
    select u.id from users u
    where u.organization_id = ${c.organizationId} and u.username_normalized in (select username_normalized from failed)
    union
    select u.id from users u
    where u.organization_id = ${c.organizationId} and u.email_normalized in (select email_normalized from failed)
    union
    select p.person from people p
    where p.database_id in (select database_id from failed)
      or p.username_normalized in (select username_normalized from failed)
      or p.email_normalized in (select email_normalized from failed)
  ), silent as materialized (
    select m.user_id as person, m.group_id, m.role, m.role_owner, m.claims, ${isKept("m", "g")} as kept,
      p.first_row, p.delete_person
    from rosters
    join known_groups g on g.group_id = rosters.group_id
    join memberships m on m.organization_id = ${c.organizationId} and m.group_id = g.group_id and m.claims & ${c.claim.text} <> 0
    left join people p on p.person = m.user_id
    where p.leave_all is not true
      and not exists (select from file_joins j where j.person = m.user_id and j.group_id = m.group_id)
      and not exists (select from file_leaves l where l.person = m.user_id and l.group_id = m.group_id)
      and not exists (select from row_persons r where r.person = m.user_id and r.same)
      and not exists (select from planned_deletions gone where gone.person = m.user_id)
      and not exists (select from spared where spared.person = m.user_id)
  ), told as (
    insert into row_issues (row, code, field, details, failure)
    select first_row, 'role_kept', 'groupID', jsonb_build_object('groupId', group_id, 'kept', role, 'file', 'nothing of this group'), false
    from silent where not delete_person and kept and silent.claims = ${c.claim.text}
  )
  insert into planned_memberships (person, group_id, role_from, role_to, role_owner, claims, action, row)
  select person, group_id, role, after.*, first_row
  from silent cross join lateral (${withdrawnMembership(c, "silent")}) after
  where not (kept and silent.claims = ${c.claim.text})`;

/** Memberships that end in groups that are rosters: at most one row. */
export const rosterLoss = `
  select from planned_memberships p join known_groups g using (group_id)
  where p.role_from is not null and p.role_to is null and ${isRoster} limit 1`;

/** Of these people nothing else is planned. */
const findLeavers = `
  insert into leavers (person, first_row)
  select person, first_row from (select distinct person from planned_memberships where action <> 'add') leaving
  left join people p using (person)
  where p.applies is not true
    and not exists (select from absences a where a.person = leaving.person and a.fate = 'withdraw')`;
