import sql, { type Sql } from "sql-template-tag";
import type { MatchingContext } from "../../setup/context.ts";

/** SQL: a name that the person `p` has after the file, if the file may change it. */
const after = (column: "first_name" | "last_name") =>
  column === "first_name"
    ? sql`coalesce(nullif(p.first_name, ''), u.first_name)`
    : sql`coalesce(nullif(p.last_name, ''), u.last_name)`;

/**
 * Warns of people who are known by their databaseID, and whose name, e-mail and userID all differ: the number may have been
 * given to somebody else (file formats, section 4.3).
 */
export const warnOfRecycledPeople = (c: MatchingContext): Sql => sql`
  insert into row_issues (row, code, field, details, failure)
  select p.first_row, 'person_recycled', 'databaseID',
    jsonb_build_object('databaseId', p.database_id, 'person', concat_ws(' ', nullif(u.first_name, ''), nullif(u.last_name, ''))),
    false
  from people p
  join users u on u.organization_id = ${c.organization} and u.id = p.person
  join user_sources us
    on us.organization_id = ${c.organization} and us.source = ${c.source} and us.user_id = u.id and us.database_id = p.database_id
  where not p.is_new and p.applies and p.email_normalized <> u.email_normalized
    and not coalesce(p.username_normalized = u.username_normalized, false)
    and name_agreement(${after("first_name")}, ${after("last_name")}, u.first_name, u.last_name) = 0`;
