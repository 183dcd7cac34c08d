import sql, { join, raw, type Sql } from "sql-template-tag";
import { manual } from "../../../directory/claims.ts";
import { type Scalar, type ScalarKind, scalarFields } from "../../../person/fields.ts";
import { identifier, literal } from "../../../store/sql.ts";
import type { ImportContext } from "../../setup/context.ts";

/** Looks for people who were deleted: at most one row. */
export const anyTombstone = (c: ImportContext): Sql =>
  sql`select from user_tombstones where organization_id = ${c.organization} limit 1`;

/**
 * Finds the new people who were deleted before: by their databaseID of this source, then by the userID, then by the primary
 * e-mail, as in matching (file formats, section 5.7). An identifier of several people, or one that contradicts another one,
 * returns nobody.
 */
export const findReturns = (c: ImportContext): Sql => sql`
  with fresh as materialized (
    select person, database_id, username_normalized, email_normalized from people where is_new
  ), kept as materialized (
    select t.user_id, t.username_normalized, t.email_normalized, t.deleted_at, s.database_id
    from user_tombstones t
    left join user_tombstone_sources s
      on s.organization_id = t.organization_id and s.user_id = t.user_id and s.source = ${c.source}
    where t.organization_id = ${c.organization}
  ), by_database_id as (
    select distinct on (fresh.person) fresh.person, kept.user_id
    from fresh join kept on kept.database_id = fresh.database_id
    order by fresh.person, kept.deleted_at desc, kept.user_id desc
  ), by_username as (
    select distinct on (fresh.person) fresh.person, kept.user_id
    from fresh join kept on kept.username_normalized = fresh.username_normalized
    where not exists (select from by_database_id taken where taken.person = fresh.person or taken.user_id = kept.user_id)
      and (kept.database_id is null or fresh.database_id is null)
    order by fresh.person, kept.deleted_at desc, kept.user_id desc
  ), address as (
    select email_normalized, min(user_id) as user_id from kept where email_normalized is not null
    group by email_normalized having count(*) = 1
  ), by_email as (
    select min(fresh.person) as person, address.user_id
    from fresh join address on address.email_normalized = fresh.email_normalized join kept on kept.user_id = address.user_id
    where not exists (select from by_database_id taken where taken.person = fresh.person or taken.user_id = kept.user_id)
      and not exists (select from by_username taken where taken.person = fresh.person or taken.user_id = kept.user_id)
      and (kept.database_id is null or fresh.database_id is null)
      and (kept.username_normalized is null or fresh.username_normalized is null)
      and not exists (select from users u
        where u.organization_id = ${c.organization} and u.email_normalized = address.email_normalized)
    group by address.user_id having count(*) = 1
  )
  insert into returns (person, user_id)
  select distinct on (user_id) person, user_id
  from (select person, user_id from by_database_id union all select person, user_id from by_username
        union all select person, user_id from by_email) found
  order by user_id, person`;

/** SQL: the columns of the user that the tombstone `t` keeps, as JSON. */
export const state: Sql = sql`t.state -> 'user'`;

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
];

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
      digest = null, value_rows = coalesce(p.value_rows, '{}')
    from returns r join user_tombstones t on t.organization_id = ${c.organization} and t.user_id = r.user_id
    where p.person = r.user_id`;
}
