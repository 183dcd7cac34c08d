import type { ImportContext } from "../../setup/context.ts";
import { deletionObstacle, isProtected } from "./protection.ts";

/** Plans the deletions that the file orders by 00000, and says who stays all the same (file formats, section 3). */
export const deletionStatement = (c: ImportContext): string => `
  with ordered as materialized (
    select p.person, p.first_row, case
      when ${isProtected("u.claims")} then 'the person registered themself'
      else ${deletionObstacle(c.organizationId, "p.person", "select person from people where delete_person")} end as kept
    from people p join users u on u.organization_id = ${c.organizationId} and u.id = p.person
    where p.delete_person and not p.is_new
  ), told as (
    insert into row_issues (row, code, field, details, failure)
    select first_row, 'person_kept', 'groupID', jsonb_build_object('reason', kept), false from ordered where kept is not null
  )
  insert into planned_deletions (person, first_row) select person, first_row from ordered where kept is null`;
