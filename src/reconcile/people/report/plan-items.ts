import sql, { type Sql } from "sql-template-tag";
import type { ImportContext } from "../../setup/context.ts";
import { createdEntries } from "../plan/created-entries.ts";

/**
 * Stores the plan item by item: groups and locations first, then people in the order of the file.
 * @param sourceName the source's name, as documents show it
 */
export const insertPlanItems = (c: ImportContext, importId: string, sourceName: string): Sql => sql`
  insert into plan_items
    (organization_id, import_id, number, type, action, id, database_id, username, row, changed, memberships)
  select ${c.organization}, ${importId}::uuid, row_number() over (order by place, row, id), type, action, id, database_id,
    username, row, changed::json, memberships::json
  from (
    select 0 as place, 'group' as type, 'add' as action, group_id as id, null as database_id, null as username,
      null::integer as row, '{}' as changed, '[]' as memberships
    from known_groups where is_new
    union all
    select 1, 'location', 'add', name, null, null, null, '{}', '[]' from known_locations where is_new
    union all
    select 2, 'user', case action when 'updated' then 'update' else 'remove' end, person::text, database_id, username,
      first_row, changed, memberships
    from planned_changes
    union all
    select 2, 'user', 'add', null, created.database_id, created.username, people.first_row, changed, memberships
    from (${createdEntries(sql`${sourceName}::text`)}) created join people using (person)
  ) item`;
