import sql, { type Sql } from "sql-template-tag";
import { byDefault } from "../../../directory/claims.ts";
import { literal } from "../../../store/sql.ts";
import type { ImportContext } from "../../setup/context.ts";
import { networkAdministratorRole as role } from "./protection.ts";

/** Memberships in which somebody would stop being a network administrator: at most one row. */
export const losesAdministrator: Sql = sql`
  select from planned_memberships where role_from = ${role} and role_to is distinct from ${role} limit 1`;

/** SQL: the unchanged memberships that make somebody a network administrator. */
const stayingAdministrators = (c: ImportContext) => sql`
  from memberships m
  where m.organization_id = ${c.organization} and m.role = ${role}
    and not exists (select from planned_deletions gone where gone.person = m.user_id)
    and not exists (select from planned_memberships p where p.person = m.user_id and p.group_id = m.group_id
      and p.role_to is distinct from ${role})`;

/**
 * Leaves the last network administrators as they are: no feed takes that role away when nobody would have it then
 * (file formats, section 5.6). Needed only when somebody loses it.
 */
export const keepLastAdministrators = (c: ImportContext): Sql => sql`
  with remaining as materialized (
    select ${stayingAdministrators(c)}
    union all
    select from planned_memberships where role_to = ${role} limit 1
  ), kept as (
    delete from planned_memberships
    where role_from = ${role} and role_to is distinct from ${role} and not exists (select from remaining)
    returning group_id, row
  )
  insert into row_issues (row, code, field, details, failure)
  select row, 'role_kept', 'groupID', jsonb_build_object('groupId', group_id, 'kept', ${role},
    'file', 'otherwise, but nobody else is network administrator'), false
  from kept where row is not null`;

/** The claims of a membership that everybody gets. */
const defaultClaims = literal(1 << byDefault);

/**
 * Makes all network administrators members of the groups that the plan creates, in that role, unless the file itself has
 * them join (file formats, section 6.2). They are the administrators after the plan is applied. The memberships are claimed like memberships of
 * default groups, so that no import ends them. This comes before `keepLastAdministrators`: people whom that step keeps in
 * the role would no longer be the last ones when the file comes again. Needed only when the plan creates groups.
 */
export const joinNewGroups = (c: ImportContext): Sql[] => [
  sql`insert into planned_memberships (person, group_id, role_to, role_owner, claims, action, row)
   select administrator.person, g.group_id, ${role}, ${literal(byDefault)}, ${defaultClaims}, 'add', p.first_row
   from (select m.user_id as person ${stayingAdministrators(c)}
         union select person from planned_memberships where role_to = ${role}) administrator
   cross join known_groups g
   left join people p on p.person = administrator.person
   where g.is_new
     and not exists (select from planned_memberships j where j.person = administrator.person and j.group_id = g.group_id)`,
  // Nothing else is planned for these people: their rows are absent, or unchanged.
  sql`insert into leavers (person, first_row)
   select joining.person, coalesce(p.first_row, (select min(row) from row_persons r where r.person = joining.person))
   from (select distinct m.person from planned_memberships m join known_groups g on g.group_id = m.group_id and g.is_new
         where m.claims = ${defaultClaims}) joining
   left join people p on p.person = joining.person
   where p.applies is not true
     and not exists (select from absences a where a.person = joining.person and a.fate = 'withdraw')
     and not exists (select from leavers l where l.person = joining.person)`,
];
