import sql from "sql-template-tag";
import { failPeople } from "./fail-people.ts";

/** Lists the people of several rows. */
export const listMergedPeople = sql`
  insert into merged_persons select person from row_persons group by person having count(*) > 1`;

/** Fails people whose rows have different databaseIDs. */
export const failDifferentDatabaseIds = failPeople(
  "database_ids_conflict",
  sql`'databaseID'`,
  sql`
    select r.person, jsonb_build_object('databaseIds', string_agg(distinct s.database_id, ', ')) as details
    from merged_persons join row_persons r using (person) join staged_rows s on s.row = r.row
    group by r.person having count(distinct s.database_id) > 1`,
);

/** Fails people whom one row deletes and another one does not. */
export const failContradictedDeletions = failPeople(
  "delete_contradicted",
  sql`'groupID'`,
  sql`
    select r.person, '{}'::jsonb as details
    from merged_persons join row_persons r using (person) join staged_rows s on s.row = r.row
    where not exists (select from row_issues i where i.row = r.row and i.failure)
    group by r.person having bool_or(s.delete_person) and not bool_and(s.delete_person)`,
);

/** Takes the rows that failed away from their people. */
export const dropFailedRows = sql`
  delete from row_persons using row_issues where row_issues.row = row_persons.row and row_issues.failure`;
