import sql, { type Sql } from "sql-template-tag";
import { identifier, literal } from "../../../store/sql.ts";
import { failPeople } from "./fail-people.ts";
import { foldedName } from "./names.ts";

/** SQL condition: of rows that have a name and an e-mail, neither is the same in all of them. */
function areDifferent(name: "first_name" | "last_name"): Sql {
  const column = identifier(name);
  return sql`(count(distinct ${column}) filter (where email_normalized is not null) > 1
    and count(distinct email_normalized) filter (where ${column} is not null) > 1)`;
}

/** Lists the people of several rows, without people all of whose rows were passed over as unchanged. */
export const listMergedPeople = sql`
  insert into merged_persons
  select person from row_persons group by person
  having count(*) > 1 and (bool_or(is_read) or person not in (select person from whole_persons))`;

/** Fails people whose rows have different databaseIDs. */
export const failDifferentDatabaseIds = failPeople(
  "database_ids_conflict",
  sql`'databaseID'`,
  sql`
    select r.person, jsonb_build_object('databaseIds', string_agg(distinct s.database_id, ', ')) as details
    from merged_persons join row_persons r using (person) join staged_rows s on s.row = r.row
    group by r.person having count(distinct s.database_id) > 1`,
);

/** The message of `failStrangers` names so many lines. Each of the rows has the message. */
const mostLines = literal(20);

/**
 * Fails people whose rows mean two people: of two rows that have an e-mail, both the primary e-mail and the first or the
 * last name differ (file formats, section 4.2). If the values of such rows are not all equal in either respect, two rows
 * differ in both. So counting is enough, and no row is compared with every other one. Few people have rows with different
 * e-mails; only their names are folded.
 */
export const failStrangers = failPeople(
  "identifier_shared",
  sql`null::text`,
  sql`
    select person, jsonb_build_object('lines', array_to_string((array_agg(line order by row))[:${mostLines}], ', ')
      || case when count(*) > ${mostLines} then ', …' else '' end) as details
    from (
      select r.person, s.row, s.line, s.email_normalized, nullif(${foldedName(sql`s.first_name`)}, '') as first_name,
        nullif(${foldedName(sql`s.last_name`)}, '') as last_name
      from row_persons r join staged_rows s on s.row = r.row
      where r.person in (
          select person from merged_persons join row_persons using (person) join staged_rows using (row)
          group by person having count(distinct email_normalized) > 1)
        and not exists (select from row_issues i where i.row = r.row and i.failure)
    ) named
    group by person
    having ${areDifferent("first_name")} or ${areDifferent("last_name")}`,
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
