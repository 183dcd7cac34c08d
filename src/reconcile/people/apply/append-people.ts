import sql, { type Sql } from "sql-template-tag";
import { type AppendedEntries, appendChanges, type Recorded } from "../../../changes/record.ts";
import type { Executor } from "../../../store/statement.ts";
import type { ImportRun } from "../../planned-file.ts";
import type { ImportContext } from "../../setup/context.ts";
import { createdEntries } from "../plan/created-entries.ts";

/** Selects the changes of known people. */
const plannedChanges = sql`select * from planned_changes`;

/**
 * Appends to the change log what becomes of people.
 * @param others select of the entries of people whom the plan does not add: person, first_row, action, database_id, username,
 *   changed and memberships
 * @returns the numbers that the log gave out
 */
export function appendPeople(
  executor: Executor,
  { organizationId, sourceNumber: source }: ImportContext,
  { id, actor, sourceName }: ImportRun,
  others: Sql = plannedChanges,
): Promise<Recorded> {
  return appendChanges(executor, organizationId, { actor, importId: id, source }, peopleEntries(sourceName, others));
}

/** The entries of `appendPeople`, in the order of the file. */
export function peopleEntries(sourceName: string, others: Sql = plannedChanges): AppendedEntries {
  const changing = sql`
    select person, first_row from people where is_new union all select person, first_row from (${others}) others`;
  return {
    with: [
      sql`source_name as (select ${sourceName}::text as name)`,
      // Only the ids and rows of people are sorted, not the long texts of their entries.
      sql`numbered as (
        select person, row_number() over (order by first_row, person) as number from (${changing}) changing
      )`,
    ],
    entries: sql`
      ${entryWith(sql`action`)} from (${others}) others join numbered using (person)
      union all
      ${entryWith(sql`'created'`)}
      from (${createdEntries(sql`(select name from source_name)`)}) created join numbered using (person)`,
    count: sql`select count(*) as count from (${changing}) changing`,
  };
}

const entryWith = (action: Sql) => sql`
  select number, 'user' as type, ${action} as action, person::text as id, database_id, username, changed, memberships`;
