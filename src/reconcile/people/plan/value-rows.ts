import sql, { type Sql } from "sql-template-tag";

/**
 * SQL: the row that a note about a field of a person belongs to. If several rows say something about the person, it is the
 * last one that says the field.
 * @param people a row of the table people
 * @param field the field's name in feeds, or `leaveAll`
 */
export const rowOf = (people: Sql, field: Sql): Sql =>
  sql`coalesce((${people}.value_rows ->> ${field})::integer, ${people}.first_row)`;
