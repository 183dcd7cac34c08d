import sql, { type Sql } from "sql-template-tag";
import type { ImportContext } from "../../setup/context.ts";
import { hasFailed } from "../stage/row-issues.ts";
import { isKept, withdrawnMembership } from "./withdrawn-membership.ts";

const isRoster = sql`g.style in ('active-roster', 'purge')`;

/**
 * Plans that members leave groups that are rosters of their own, if the file does not put them into the group. The people
 * stay (file formats, section 5.4). A group that no applied row names does not change. Rows that are as their last import
 * left them name the groups in which the source has their person; `forgetDigests` makes sure of that. Other statements
 * have planned all other memberships before.
 */
export const leaveRosterGroups = (c: ImportContext): Sql[] => [forgetDigests(c), leaveRosters(c)];

/**
 * Forgets the digest of people whom the source has in a roster that their row does not name. If the next import passed over
 * that row, the row would count as naming the roster.
 */
const forgetDigests = (c: ImportContext) => sql`
  update people p set digest = null, byte_digest = null
  from memberships m join known_groups g on g.group_id = m.group_id
  where p.digest is not null and not p.is_new and ${isRoster}
    and m.organization_id = ${c.organization} and m.user_id = p.person and m.claims & ${c.claim} <> 0
    and not exists (select from file_joins j where j.person = p.person and j.group_id = m.group_id)`;

/** Select of the rosters that the file names. */
const namedRosters = (c: ImportContext) => sql`
  select g.group_id from known_groups g
  where ${isRoster} and (
    exists (select from file_joins j where j.group_id = g.group_id)
    or exists (select from planned_memberships p where p.group_id = g.group_id and p.action = 'add' and p.claims & ${c.claim} <> 0)
    or exists (select from file_leaves l where l.group_id = g.group_id)
    or exists (
      select from memberships m join row_persons r on r.person = m.user_id and r.same
      where m.organization_id = ${c.organization} and m.group_id = g.group_id and m.claims & ${c.claim} <> 0))`;

/** Select of the people whom a failed row could mean. @param failed select of the identifiers of the failed rows */
const meantByFailedRows = (c: ImportContext, failed: Sql) => sql`
  select us.user_id as person from user_sources us
  where us.organization_id = ${c.organization} and us.source = ${c.source} and us.database_id in (select database_id from ${failed})
  union
  select u.id from users u
  where u.organization_id = ${c.organization} and u.username_normalized in (select username_normalized from ${failed})
  union
  select u.id from users u
  where u.organization_id = ${c.organization} and u.email_normalized in (select email_normalized from ${failed})
  union
  select p.person from people p
  where p.database_id in (select database_id from ${failed})
    or p.username_normalized in (select username_normalized from ${failed})
    or p.email_normalized in (select email_normalized from ${failed})`;

const leaveRosters = (c: ImportContext) => sql`
  with rosters as materialized (${namedRosters(c)}
  ), failed as materialized (
    select s.database_id, s.username_normalized, s.email_normalized from staged_rows s where ${hasFailed}
  ), spared as materialized (${meantByFailedRows(c, sql`failed`)}
    union select r.person from staged_rows s join row_persons r on r.row = s.row where s.groups_incomplete
  ), silent as materialized (
    select m.user_id as person, m.group_id, m.role, m.role_owner, m.claims, ${isKept(sql`m`, sql`g`)} as kept,
      p.first_row, p.delete_person
    from rosters
    join known_groups g on g.group_id = rosters.group_id
    join memberships m on m.organization_id = ${c.organization} and m.group_id = g.group_id and m.claims & ${c.claim} <> 0
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
    from silent where not delete_person and kept and silent.claims = ${c.claim}
  )
  insert into planned_memberships (person, group_id, role_from, role_to, role_owner, claims, action, row)
  select person, group_id, role, after.*, first_row
  from silent cross join lateral (${withdrawnMembership(c, sql`silent`)}) after
  where not (kept and silent.claims = ${c.claim})`;

/** Memberships that end in groups that are rosters: at most one row. */
export const rosterLoss: Sql = sql`
  select from planned_memberships p join known_groups g using (group_id)
  where p.role_from is not null and p.role_to is null and ${isRoster} limit 1`;
