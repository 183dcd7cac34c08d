import sql, { type Sql } from "sql-template-tag";
import type { MatchingContext } from "../../setup/context.ts";
import { isUnchanged, isUnresolved, linkOf } from "./expressions.ts";

/** Matches rows whose databaseID the source knows. */
export const matchDatabaseIds = (c: MatchingContext): Sql => sql`
  insert into row_persons (row, person, same)
  select s.row, u.id, ${isUnchanged(c)}
  from staged_rows s
  join user_sources us
    on us.organization_id = ${c.organization} and us.source = ${c.source} and us.database_id = s.database_id
  join users u on u.organization_id = ${c.organization} and u.id = us.user_id
  where not s.failed`;

/**
 * Matches rows whose databaseID is new to the source by the userID of any row that carries it. The source may know the
 * holder of that userID under another databaseID: then the row means somebody else. A later step decides who may have the
 * userID, once it is known who gives one up. Orders to remove go by the databaseID alone: repeated, they would hit the next
 * holder of the userID.
 */
export const matchNewDatabaseIdsByUsername = (c: MatchingContext): Sql => sql`
  with fresh as materialized (
    select s.row, s.database_id, s.only_removes, case when us.database_id is null then u.id end as id
    from staged_rows s
    left join users u on u.organization_id = ${c.organization} and u.username_normalized = s.username_normalized
    left join ${linkOf(c, sql`u.id`)}
    where s.database_id is not null and ${isUnresolved}
  ), holder as materialized (
    select database_id, min(id) as id, count(distinct id) as people
    from fresh group by database_id having count(id) > 0 and not bool_and(only_removes)
  ), refused as (
    insert into row_issues (row, code, field, details, failure)
    select row, 'person_ambiguous', 'userID', jsonb_build_object('value', 'one of the userIDs of this databaseID'), true
    from fresh join holder using (database_id) where holder.people > 1
  )
  insert into row_persons (row, person, same)
  select fresh.row, holder.id, false from fresh join holder using (database_id) where holder.people = 1`;

/** Makes a new person of each databaseID that is still nobody's. */
export const addNewDatabaseIds = (c: MatchingContext): Sql => sql`
  with fresh as materialized (
    select s.row, s.database_id from staged_rows s where s.database_id is not null and ${isUnresolved}
  ), numbered as (
    select database_id, ${c.lastUserId} + row_number() over (order by min(row)) as person from fresh group by database_id
  )
  insert into row_persons (row, person, same)
  select fresh.row, numbered.person, false from fresh join numbered using (database_id)`;
