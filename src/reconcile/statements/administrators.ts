import type { ImportContext } from "../context.ts";
import { networkAdministrator } from "./protection.ts";

/** Memberships in which somebody would stop being a network administrator: at most one row. */
export const losesAdministrator = `
  select from planned_memberships where role_from = ${networkAdministrator} and role_to is distinct from ${networkAdministrator} limit 1`;

/**
 * Leaves the last network administrators as they are: no feed takes that role away when nobody would have it then
 * (feed formats, section 5). Needed only when somebody loses it.
 */
export const keepLastAdministrators = (c: ImportContext): string => `
  with remaining as materialized (
    select from memberships m
    where m.organization_id = ${c.organizationId} and m.role = ${networkAdministrator}
      and not exists (select from planned_deletions gone where gone.person = m.user_id)
      and not exists (select from planned_memberships p where p.person = m.user_id and p.group_id = m.group_id
        and p.role_to is distinct from ${networkAdministrator})
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
