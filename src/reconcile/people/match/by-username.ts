import sql, { type Sql } from "sql-template-tag";
import type { MatchingContext } from "../../setup/context.ts";
import { isUnchanged, isUnresolved, lastPerson, linkOf } from "./expressions.ts";

/** Matches rows without databaseID whose userID is stored. */
export const matchUsernames = (c: MatchingContext): Sql => sql`
  insert into row_persons (row, person, same)
  select s.row, u.id, ${isUnchanged(c)}
  from staged_rows s
  join users u on u.organization_id = ${c.organization} and u.username_normalized = s.username_normalized
  left join ${linkOf(c, sql`u.id`)}
  where s.database_id is null and s.username_normalized is not null and ${isUnresolved}`;

/**
 * Matches the other rows without databaseID by their userID: with the person of the file's rows that have it beside a
 * databaseID, else with a new person.
 */
export const mergeUsernames = (c: MatchingContext): Sql => sql`
  with fresh as materialized (
    select s.row, s.username, s.username_normalized
    from staged_rows s
    where s.database_id is null and s.username_normalized is not null and ${isUnresolved}
  ), holder as materialized (
    select s.username_normalized, min(r.person) as person, count(distinct r.person) as people
    from staged_rows s join row_persons r on r.row = s.row
    where s.database_id is not null and s.username_normalized in (select username_normalized from fresh)
    group by s.username_normalized
  ), numbered as (
    select username_normalized, ${lastPerson(c)} + row_number() over (order by min(row)) as person
    from fresh where not exists (select from holder where holder.username_normalized = fresh.username_normalized)
    group by username_normalized
  ), refused as (
    insert into row_issues (row, code, field, details, failure)
    select fresh.row, 'person_ambiguous', 'userID', jsonb_build_object('value', fresh.username), true
    from fresh join holder using (username_normalized) where holder.people > 1
  )
  insert into row_persons (row, person, same)
  select fresh.row, coalesce(holder.person, numbered.person), false
  from fresh left join holder using (username_normalized) left join numbered using (username_normalized)
  where coalesce(holder.people, 1) = 1`;
