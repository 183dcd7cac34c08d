import { byDefault, manual, selfRegistered } from "../../directory/claims.ts";
import type { ImportContext } from "../context.ts";
import { isProtected } from "./memberships.ts";

/** Plans the deletions that the file orders by 00000, and says who stays all the same (feed formats, section 3). */
export const deletionStatement = (c: ImportContext): string => `
  with ordered as materialized (
    select p.person, p.first_row, case
      when ${isProtected("u.claims")} then 'the person registered themself'
      when exists (
        select from memberships m join groups g on g.organization_id = m.organization_id and g.group_id = m.group_id
        where m.organization_id = ${c.organizationId} and m.user_id = p.person and g.style = 'static')
        then 'the person belongs to a static group'
      when exists (
        select from memberships m
        where m.organization_id = ${c.organizationId} and m.user_id = p.person and m.role > 0
          and m.role_owner in (${manual}, ${selfRegistered}, ${byDefault}))
        then 'the person holds a role that no import granted' end as kept
    from people p join users u on u.organization_id = ${c.organizationId} and u.id = p.person
    where p.delete_person and not p.is_new
  ), told as (
    insert into row_issues (row, code, field, details, failure)
    select first_row, 'person_kept', 'groupID', jsonb_build_object('reason', kept), false from ordered where kept is not null
  )
  insert into planned_deletions (person, first_row) select person, first_row from ordered where kept is null`;
