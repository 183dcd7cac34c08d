import sql, { join, type Sql } from "sql-template-tag";
import { rolesByPower } from "../../../intake/group-orders.ts";
import { literal } from "../../../store/sql.ts";
import type { ImportContext } from "../../setup/context.ts";
import { items, part } from "../stage/lists.ts";

/** SQL: roles from the least to the most powerful. -1 is a token without a role. */
const roles = sql`array[${join([-1, ...rolesByPower].map(literal), ", ")}]`;

/** SQL: how powerful a role is, as a number. */
export const power = (role: Sql): Sql => sql`array_position(${roles}, ${role}::integer)`;

/** SQL: the most powerful role of a group of rows. */
const highestRole = (role: Sql) => sql`(${roles})[max(${power(role)})]`;

/** SQL relation: the rows of the file `s`, with their people `p`. */
export const fileRows: Sql = sql`staged_rows s join row_persons r on r.row = s.row join people p on p.person = r.person`;

const item = sql`item`;
const groupId = part(item, 1);
const role = part(item, 2);

/**
 * Select of the groups that people join: person, group, role and row. Intake has united the tokens of one row, so only
 * merged rows can name a group several times.
 * @param people condition on the person `p`
 */
const joins = (people: Sql) => sql`
  select p.person, ${groupId}, ${role}::smallint, s.row
  from people p join staged_rows s on s.row = p.first_row cross join unnest(${items(sql`s.joins`)}) item
  where p.applies and s.joins is not null and p.value_rows is null and ${people}
  union all
  select r.person, ${groupId}, ${highestRole(sql`${role}::integer`)}, min(r.row)
  from ${fileRows} cross join unnest(${items(sql`s.joins`)}) item
  where p.applies and s.joins is not null and r.person in (select person from merged_persons) and ${people}
  group by 1, 2`;

/**
 * Lists the groups that the file has people join and leave.
 * @param areAllNew all people are new, and each has one row
 */
export const listGroupOrders = (c: ImportContext, areAllNew: boolean): Sql[] => [
  ...(areAllNew ? [] : [sql`insert into file_joins (person, group_id, role, row) ${joins(sql`not p.is_new`)}`]),
  // New people have no memberships yet, so that their joins are the plan.
  sql`insert into planned_memberships (person, group_id, role_to, role_owner, claims, action, row)
   select person, group_id, greatest(role, 0), ${c.source}, ${c.claim}, 'add', row
   from (${joins(sql`p.is_new`)}) joins (person, group_id, role, row)`,
  sql`insert into file_leaves (person, group_id, row)
   select r.person, item, min(r.row)
   from ${fileRows} cross join unnest(${items(sql`s.leaves`)}) item
   where not p.delete_person and s.leaves is not null
   group by 1, 2`,
];

/** Takes the orders to leave groups out of the plan, for a plan that holds removals. */
export const leaveNoGroup: Sql = sql`delete from file_leaves using people p where p.person = file_leaves.person and not p.is_new`;

const orders = sql`(
  select person, group_id, row from file_joins
  union all select person, group_id, row from planned_memberships
  union all select person, group_id, row from file_leaves) orders`;

/** SQL condition: the group of a row of the table does not exist. */
const isUnknown = (table: Sql) => sql`not exists (select from known_groups g where g.group_id = ${table}.group_id)`;

/**
 * Select of the groups that somebody is to join and that do not exist: `groupId`, and `people`, the number of people who
 * join it.
 */
export const unknownGroups: Sql = sql`
  select group_id as "groupId", sum(people)::integer as people
  from (select group_id, count(*) as people from file_joins where ${isUnknown(sql`file_joins`)} group by group_id
    union all
    select group_id, count(*) from planned_memberships where ${isUnknown(sql`planned_memberships`)} group by group_id) joined
  group by group_id`;

/** SQL relation: the ids of groups by their folded form, for advice about an id that is spelled otherwise. */
const spellings = sql`(select lower(group_id) as folded, min(group_id) as spelling from known_groups group by 1) known`;

/** Reports the groups that do not exist, and takes them out of the plan. */
export const reportUnknownGroups: Sql[] = [
  sql`insert into row_issues (row, code, field, details, failure)
   select min(row), 'group_unknown', 'groupID',
     jsonb_strip_nulls(jsonb_build_object('groupId', group_id, 'spelling', min(spelling))), false
   from ${orders} left join ${spellings} on folded = lower(group_id)
   where ${isUnknown(sql`orders`)}
   group by person, group_id`,
  sql`delete from file_joins where ${isUnknown(sql`file_joins`)}`,
  sql`delete from planned_memberships where ${isUnknown(sql`planned_memberships`)}`,
  sql`analyze file_joins`,
];
