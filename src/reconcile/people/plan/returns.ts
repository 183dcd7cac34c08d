import sql, { join, raw, type Sql } from "sql-template-tag";
import { manual } from "../../../directory/claims.ts";
import { type Scalar, type ScalarKind, scalarFields } from "../../../person/fields.ts";
import { identifier, literal } from "../../../store/sql.ts";
import type { ImportContext } from "../../setup/context.ts";

/** Looks for people who were deleted: at most one row. */
export const anyTombstone = (c: ImportContext): Sql =>
  sql`select from user_tombstones where organization_id = ${c.organization} limit 1`;

/** SQL: the columns of the user that the tombstone `t` keeps, as JSON. */
export const state: Sql = sql`t.state -> 'user'`;

/**
 * Finds the new people who were deleted before (file formats, section 5.7). Two identifiers must agree: the databaseID of
 * this source, the userID, and the primary e-mail together with a name. Another databaseID in this source speaks against it.
 */
export const findReturns = (c: ImportContext): Sql => sql`
  with fresh as materialized (
    select person, database_id, username_normalized, email_normalized, first_name, last_name from people where is_new
  ), former as materialized (
    select t.user_id, t.username_normalized, t.email_normalized, t.deleted_at, s.database_id,
      ${state} ->> 'first_name' as first_name, ${state} ->> 'last_name' as last_name
    from user_tombstones t
    left join user_tombstone_sources s
      on s.organization_id = t.organization_id and s.user_id = t.user_id and s.source = ${c.source}
    where t.organization_id = ${c.organization}
  ), pair as (
    select person, user_id from fresh join former using (database_id)
    union
    select person, user_id from fresh join former using (username_normalized)
    union
    select person, user_id from fresh join former using (email_normalized)
  ), candidate as (
    select person, user_id, former.deleted_at,
      coalesce((fresh.database_id = former.database_id)::integer, 0)
      + coalesce((fresh.username_normalized = former.username_normalized)::integer, 0)
      + coalesce((fresh.email_normalized = former.email_normalized
          and names_agree(fresh.first_name, fresh.last_name, former.first_name, former.last_name))::integer, 0) as agreeing
    from pair join fresh using (person) join former using (user_id)
    where coalesce(fresh.database_id = former.database_id, true)
  ), best as (
    select distinct on (person) person, user_id, agreeing from candidate where agreeing >= 2
    order by person, agreeing desc, deleted_at desc, user_id desc
  )
  insert into returns (person, user_id)
  select distinct on (user_id) person, user_id from best order by user_id, agreeing desc, person`;

/** SQL: a value of the tombstone, as a text. */
const former = (column: string) => sql`${state} ->> '${raw(column)}'`;

/** SQL condition: a value of the tombstone was set by hand, even if to a blank. */
const isOwnedByHand = (column: string) =>
  sql`coalesce((${former(`${column}_owner`)})::integer = ${literal(manual)}, false)`;

/** SQL condition: a value of the tombstone was entered by hand. */
const isByHand = (column: string) => sql`(${isOwnedByHand(column)} and coalesce(${former(column)}, '') <> '')`;

/** Select of a tombstone's location in its compared form, if the location still exists. */
const knownLocation = (column: string) =>
  sql`select name_normalized from known_locations l where l.name = ${former(column)}`;

/** SQL condition: the tombstone's username was entered by hand, and nobody else has or wants it. */
const usernameComesBack = (c: ImportContext) => sql`(${isByHand("username")}
  and not exists (select from users u
    where u.organization_id = ${c.organization} and u.username_normalized = t.username_normalized)
  and not exists (select from people other
    where other.username_normalized = t.username_normalized and other.person <> p.person)
  and not exists (select from returns later
    join user_tombstones lt on lt.organization_id = ${c.organization} and lt.user_id = later.user_id
    where later.user_id > r.user_id and lt.username_normalized = t.username_normalized))`;

/** SQL condition: a value of a tombstone comes back. It was entered by hand, and nothing has taken its place. */
function comesBack(c: ImportContext, { kind, column }: Scalar): Sql {
  switch (kind) {
    case "identifier":
      return usernameComesBack(c);
    case "location":
      return sql`(${isByHand(column)} and exists (${knownLocation(column)}))`;
    case "texts":
      return sql`(${isOwnedByHand(column)} and jsonb_array_length(${state} -> '${raw(column)}') > 0)`;
    case "flag":
      return sql`(${isOwnedByHand(column)})`;
    default:
      return isByHand(column);
  }
}

/** SQL: a value of a tombstone. */
function formerValue(kind: ScalarKind, column: string): Sql {
  if (kind === "texts") return sql`array(select jsonb_array_elements_text(${state} -> '${raw(column)}'))`;
  return kind === "flag" ? sql`(${former(column)})::boolean` : former(column);
}

/**
 * Gives people who return their old id and the values that were entered by hand, which outrank the file. A userID must be
 * free, and a location must still exist.
 */
export const planReturns = (c: ImportContext): Sql[] => [
  ...["people", "row_persons", "merged_persons"]
    .map(identifier)
    .map(
      (table) => sql`update ${table} set person = returns.user_id from returns where ${table}.person = returns.person`,
    ),
  // New people of one row take a shorter path, on which nothing is stored of them. These people take the other one.
  sql`insert into merged_persons (person) select user_id from returns except select person from merged_persons`,
  restoreValues(c),
  reportReturns(c),
];

/** Reports each return, with the groups in which the person had a role above member that was granted by hand. */
const reportReturns = (c: ImportContext) => sql`
  insert into row_issues (row, code, field, details, failure)
  select p.first_row, 'person_returned', null, jsonb_build_object('userId', r.user_id, 'groups', (
    select coalesce(string_agg(s.group_id, ', ' order by s.group_id collate "C"), '')
    from jsonb_populate_recordset(null::memberships, t.state -> 'memberships') s
    where s.role > 0 and s.claims & ${literal(1 << manual)} <> 0)), false
  from returns r
  join people p on p.person = r.user_id
  join user_tombstones t on t.organization_id = ${c.organization} and t.user_id = r.user_id`;

function restoreValues(c: ImportContext): Sql {
  const fields = scalarFields.map((field) => ({
    column: field.column,
    isRestored: comesBack(c, field),
    value: formerValue(field.kind, field.column),
  }));
  const newValues = fields.map(({ column, isRestored, value }) => {
    const name = identifier(column);
    return sql`${name} = case when ${isRestored} then ${value} else p.${name} end`;
  });
  const names = fields.map(({ column, isRestored }) => sql`case when ${isRestored} then '${raw(column)}' end`);
  return sql`
    update people p set
      ${join(newValues, ",\n")},
      username_normalized = case when ${usernameComesBack(c)} then t.username_normalized else p.username_normalized end,
      email = case when ${isByHand("email")} then ${former("email")} else p.email end,
      email_normalized = case when ${isByHand("email")} then t.email_normalized else p.email_normalized end,
      location_normalized = case when ${isByHand("location")} and exists (${knownLocation("location")})
        then (${knownLocation("location")}) else p.location_normalized end,
      by_hand = array_remove(array[${join(names)}, case when ${isByHand("email")} then 'email' end], null),
      digest = null, byte_digest = null, value_rows = coalesce(p.value_rows, '{}')
    from returns r join user_tombstones t on t.organization_id = ${c.organization} and t.user_id = r.user_id
    where p.person = r.user_id`;
}
