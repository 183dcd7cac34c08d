import sql, { type Sql } from "sql-template-tag";
import type { ImportContext } from "../../setup/context.ts";
import { deletionObstacle, isProtected } from "./protection.ts";

/** Plans the deletions that the file orders by 00000, and reports the people who stay anyway (file formats, section 3). */
export const planOrderedDeletions = (c: ImportContext): Sql => sql`
  with ordered as materialized (
    select p.person, p.first_row, case
      when ${isProtected(sql`u.claims`)} then 'the person registered themself'
      else ${deletionObstacle(c, sql`p.person`, sql`select person from people where delete_person`)} end as kept
    from people p join users u on u.organization_id = ${c.organization} and u.id = p.person
    where p.delete_person and not p.is_new
  ), told as (
    insert into row_issues (row, code, field, details, failure)
    select first_row, 'person_kept', 'groupID', jsonb_build_object('reason', kept), false from ordered where kept is not null
  )
  insert into planned_deletions (person, first_row) select person, first_row from ordered where kept is null`;
