import sql, { type Sql } from "sql-template-tag";

/** SQL: a name as names are compared; '' for a missing one. Use it for few rows: it takes microseconds for each. */
export const foldedName = (name: Sql): Sql => sql`(coalesce(folded_name(${name}), '') collate "C")`;
