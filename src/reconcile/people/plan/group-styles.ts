import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { literal, selectRow } from "../../../store/sql.ts";
import type { Executor } from "../../../store/statement.ts";
import type { ImportContext } from "../../setup/context.ts";
import { items, part } from "../stage/lists.ts";
import { fileRows } from "./group-orders.ts";

/** SQL condition: every new person joins the group. */
export const joinsEverybody: Sql = sql`is_default or group_id = 'ALL' or name = 'ALL'`;

/** Select of the groups that exist. The columns are `groupId`, `name` (folded) and `joinsEverybody`. */
export const storedGroups = (organizationId: number): Sql => sql`
  select group_id as "groupId", name_normalized as name, ${joinsEverybody} as "joinsEverybody"
  from groups where organization_id = ${literal(organizationId)}`;

/** Lists the groups that exist in `known_groups`. */
export const listGroups = (c: ImportContext): Sql[] => [
  sql`insert into known_groups (group_id, style, joins_everybody, is_new, json)
   select group_id, style, ${joinsEverybody}, false, to_json(group_id)::text
   from groups where organization_id = ${c.organization}`,
  sql`analyze known_groups`,
];

const groupStylesRow = z.object({
  /** Some groups are rosters of their own, whatever the import's style is. */
  areRosters: z.boolean(),
  /** Some groups have the file replace the data of people whom it puts into them. */
  purgeData: z.boolean(),
});

/** The styles of groups that change what a file means. */
export type GroupStyles = z.infer<typeof groupStylesRow>;

export const groupStylesStatement: Sql = sql`
  select count(*) filter (where style = 'active-roster' or style = 'purge') > 0 as "areRosters",
    count(*) filter (where style = 'purge') > 0 as "purgeData"
  from known_groups`;

/** Looks for groups whose style changes what the file means. */
export async function readGroupStyles(executor: Executor): Promise<GroupStyles> {
  return (await selectRow(executor, groupStylesRow, groupStylesStatement))!;
}

/**
 * Has the file replace the data of people whom it puts into a group of the style purge, as if the import had that style
 * (file formats, section 5.4).
 */
export const replaceDataInPurgeGroups: Sql = sql`
  with members as materialized (
    select distinct r.person
    from ${fileRows} cross join unnest(${items(sql`s.joins`)}) item
    join known_groups g on g.group_id = ${part(sql`item`, 1)} and g.style = 'purge'
    where p.applies and not p.is_new and not p.replaces
  ), said as (
    select r.person,
      bool_or(s.emails is not null) and not bool_or(s.emails_incomplete) as emails,
      bool_or(s.phones is not null) and not bool_or(s.phones_incomplete) as phones
    from members join row_persons r using (person) join staged_rows s on s.row = r.row
    where not s.only_removes
    group by r.person
  )
  update people p set replaces = true, emails_replaced = said.emails, phones_replaced = said.phones
  from said where p.person = said.person`;
