import { byDefault } from "../../../directory/claims.ts";
import type { ImportContext } from "../../setup/context.ts";
import { networkAdministrator } from "./protection.ts";

/** Memberships in which somebody would stop being a network administrator: at most one row. */
export const losesAdministrator = `
  select from planned_memberships where role_from = ${networkAdministrator} and role_to is distinct from ${networkAdministrator} limit 1`;

/** SQL: the memberships that stay as they are and make somebody a network administrator. */
const stayingAdministrators = (c: ImportContext) => `
  from memberships m
  where m.organization_id = ${c.organizationId} and m.role = ${networkAdministrator}
    and not exists (select from planned_deletions gone where gone.person = m.user_id)
    and not exists (select from planned_memberships p where p.person = m.user_id and p.group_id = m.group_id
      and p.role_to is distinct from ${networkAdministrator})`;

/**
 * Leaves the last network administrators as they are: no feed takes that role away when nobody would have it then
 * (file formats, section 5). Needed only when somebody loses it.
 */
export const keepLastAdministrators = (c: ImportContext): string => `
  with remaining as materialized (
    select ${stayingAdministrators(c)}
    union all
    select from planned_memberships where role_to = ${networkAdministrator} limit 1
  ), kept as (
    delete from planned_memberships
    where role_from = ${networkAdministrator} and role_to is distinct from ${networkAdministrator} and not exists (select from remaining)
    returning group_id, row
  )
  insert into row_issues (row, code, field, details, failure)
  select row, 'role_kept', 'groupID', jsonb_build_object('groupId', group_id, 'kept', ${networkAdministrator},
    'file', 'otherwise, but nobody else is network administrator'), false
  from kept where row is not null`;

/**
 * Makes whoever is network administrator once the plan is applied a member of the groups that it creates, in that role
 * (file formats, section 6), unless the file itself has them join. The memberships are claimed as those of default groups
 * are: no import takes them away. Before the last ones are kept: those who only stay because nobody else would be one would
 * not be the last any more when the file comes again. Needed only when there are such groups.
 */
export const joinNewGroups = (c: ImportContext): string[] => [
  `insert into planned_memberships (person, group_id, role_to, role_owner, claims, action, row)
   select administrator.person, g.group_id, ${networkAdministrator}, ${byDefault}, ${1 << byDefault}, 'add', p.first_row
   from (select m.user_id as person ${stayingAdministrators(c)}
         union select person from planned_memberships where role_to = ${networkAdministrator}) administrator
   cross join known_groups g
   left join people p on p.person = administrator.person
   where g.is_new
     and not exists (select from planned_memberships j where j.person = administrator.person and j.group_id = g.group_id)`,
  // Of these people nothing else is planned, be it that their rows are as they were.
  `insert into leavers (person, first_row)
   select joining.person, coalesce(p.first_row, (select min(row) from row_persons r where r.person = joining.person))
   from (select distinct m.person from planned_memberships m join known_groups g on g.group_id = m.group_id and g.is_new
         where m.claims = ${1 << byDefault}) joining
   left join people p on p.person = joining.person
   where p.applies is not true
     and not exists (select from absences a where a.person = joining.person and a.fate = 'withdraw')
     and not exists (select from leavers l where l.person = joining.person)`,
];
