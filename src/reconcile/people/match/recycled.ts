import sql, { type Sql } from "sql-template-tag";
import type { MatchingContext } from "../../setup/context.ts";

/** SQL: a name that the person `p` has after the file, if the file may change it. */
const after = (column: "first_name" | "last_name") =>
  column === "first_name"
    ? sql`coalesce(nullif(p.first_name, ''), u.first_name)`
    : sql`coalesce(nullif(p.last_name, ''), u.last_name)`;

/**
 * Warns of people whom one identifier alone names, while the name and the e-mail differ: the identifier may have been given
 * to somebody else (file formats, section 4.3). It is the databaseID if the userID differs as well, or else the userID of
 * rows whose databaseID is not the one that the source knows.
 */
export const warnOfRecycledPeople = (c: MatchingContext): Sql => sql`
  insert into row_issues (row, code, field, details, failure)
  select p.first_row, 'person_recycled', case when known then 'databaseID' else 'userID' end,
    jsonb_build_object('field', case when known then 'databaseID' else 'userID' end,
      'value', case when known then p.database_id else p.username end,
      'person', concat_ws(' ', nullif(u.first_name, ''), nullif(u.last_name, ''))),
    false
  from people p
  join users u on u.organization_id = ${c.organization} and u.id = p.person
  left join user_sources us
    on us.organization_id = ${c.organization} and us.source = ${c.source} and us.user_id = u.id and us.database_id = p.database_id
  cross join lateral (select us.user_id is not null as known) k
  where not p.is_new and p.applies and p.email_normalized <> u.email_normalized
    and known <> coalesce(p.username_normalized = u.username_normalized, false)
    and name_agreement(${after("first_name")}, ${after("last_name")}, u.first_name, u.last_name) = 0`;
