import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { literal, selectRow } from "../../../store/sql.ts";
import type { Executor } from "../../../store/statement.ts";
import type { ImportContext } from "../../setup/context.ts";
import { endsAddedEmail, endsAddedPerson, endsAddedPhone } from "./earlier-changes.ts";

/** Most examples of one reason. */
const most = 10;

/** SQL: the first examples of a select with the column `example`, as a JSON array. */
export const examplesOf = (select: Sql): Sql =>
  sql`(select coalesce(json_agg(example), '[]') from (select example from (${select}) found limit ${literal(most)}) first)`;

/** SQL: a person as readers know them, by identifier and name. `u`: the user, `us`: the user's link to the source. */
const shownPerson = sql`concat_ws(' ', coalesce(us.database_id, u.username, u.email), nullif(u.first_name, ''), nullif(u.last_name, ''))`;

/** SQL: people as examples. @param people a select with the column `person` */
const examplesOfPeople = (c: ImportContext, people: Sql) =>
  examplesOf(sql`
    select ${shownPerson} as example
    from (${people}) chosen
    join users u on u.organization_id = ${c.organization} and u.id = chosen.person
    left join user_sources us on us.organization_id = ${c.organization} and us.source = ${c.source} and us.user_id = u.id
    order by 1`);

/** Select of the people who lose an e-mail or a phone. */
export const losingContacts = sql`
  select distinct person from (
    select person from planned_emails e where action = 'remove' and not exists (
      select from primary_emails p where p.person = e.person and p.email_normalized = e.email_normalized)
    union all select person from planned_phones where action = 'remove') loss`;

/** Select of the people who lose an e-mail or a phone that the source did not add last. */
export const unexpectedLosses = sql`
  select distinct person from (
    select person from planned_emails e where action = 'remove' and not exists (
      select from primary_emails p where p.person = e.person and p.email_normalized = e.email_normalized)
      and not ${endsAddedEmail(sql`e.person`, sql`e.email`)}
    union all
    select person from planned_phones h where action = 'remove' and not ${endsAddedPhone(sql`h.person`, sql`h.number`)}) loss`;

/** Select of the people who are deleted, but for those whom the source added last in place of others. */
export const unexpectedDeletions = sql`
  select person from planned_deletions gone where not ${endsAddedPerson(sql`gone.person`)}`;

/** Select of the rows that failed. */
export const failedRows = sql`select distinct row from row_issues where failure`;

/** Select of the rows without any readable identifier. */
export const unidentifiedRows = sql`
  select row, line from staged_rows
  where failed and database_id is null and username_normalized is null and email_normalized is null`;

/** Select of the groups that do not exist, with the number of people whom the file puts into each. */
export const unknownGroups = sql`
  select details ->> 'groupId' as group_id, count(*) as people from row_issues where code = 'group_unknown' group by 1`;

/** Figures of which the guard shows examples. Each statement returns one row with the column `examples`. */
export const exampleStatements = {
  peopleRemoved: (c: ImportContext): Sql => sql`select ${examplesOfPeople(c, unexpectedDeletions)} as examples`,
  contactsRemoved: (c: ImportContext): Sql => sql`select ${examplesOfPeople(c, unexpectedLosses)} as examples`,
  rowsFailed: (): Sql =>
    sql`select ${examplesOf(sql`
    select format('line %s: %s', s.line, min(i.code)) as example
    from row_issues i join staged_rows s using (row) where i.failure group by s.row, s.line order by s.row`)} as examples`,
  rowsUnidentified: (): Sql =>
    sql`select ${examplesOf(sql`
    select format('line %s', line) as example from (${unidentifiedRows}) found order by row`)} as examples`,
  groupsUnknown: (): Sql =>
    sql`select ${examplesOf(sql`
    select format('%s: %s', group_id, people) as example
    from (${unknownGroups}) found order by people desc, group_id`)} as examples`,
};

const examplesRow = z.object({ examples: z.array(z.string()) });

/** Reads up to ten examples of a figure. */
export async function readExamples(
  executor: Executor,
  context: ImportContext,
  figure: keyof typeof exampleStatements,
): Promise<string[]> {
  return (await selectRow(executor, examplesRow, exampleStatements[figure](context)))!.examples;
}
