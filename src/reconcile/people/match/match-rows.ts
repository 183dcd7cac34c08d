import sql, { type Sql } from "sql-template-tag";
import { inSets, runStatements } from "../../../store/sql.ts";
import type { Executor } from "../../../store/statement.ts";
import type { MatchingContext } from "../../setup/context.ts";
import { intakeIssues } from "../stage/row-issues.ts";
import { addNewDatabaseIds, matchDatabaseIds, matchNewDatabaseIdsByUsername } from "./by-database-id.ts";
import { linkNewPeopleByEmail, matchEmailsAlone, matchNamedEmails } from "./by-email.ts";
import { matchUsernames, mergeUsernames } from "./by-username.ts";
import { matchLostNames } from "./lost-names.ts";
import {
  dropFailedRows,
  failContradictedDeletions,
  failDifferentDatabaseIds,
  failStrangers,
  listMergedPeople,
} from "./merged-rows.ts";
import { tellAgain } from "./unchanged-rows.ts";

/**
 * Finds the person of each staged row (file formats, section 4), in `row_persons`. Rows that cannot be told apart fail with
 * an issue. New people get the ids that they will have, so that later steps need not tell them from known people.
 */
export const matchRows = (executor: Executor, context: MatchingContext): Promise<void> =>
  runStatements(executor, matchStatements(context));

/** The statements of `matchRows`, in their order: each leaves the rows that it cannot match to the next one. */
export function matchStatements(c: MatchingContext): Sql[] {
  const known = c.knowsNobody ? [] : [matchDatabaseIds(c), matchNewDatabaseIdsByUsername(c), matchUsernames(c)];
  return [
    sql`analyze staged_rows (row, database_id, username_normalized, email_normalized)`,
    intakeIssues,
    ...inSets([
      ...known,
      addNewDatabaseIds(c),
      mergeUsernames(c),
      ...(c.knowsNobody ? [] : [linkNewPeopleByEmail(c), matchLostNames(c)]),
      matchNamedEmails(c),
      matchEmailsAlone(c),
    ]),
    listMergedPeople,
    failDifferentDatabaseIds,
    failStrangers,
    failContradictedDeletions,
    dropFailedRows,
    ...(c.knowsNobody ? [] : inSets([tellAgain(c)])),
    sql`analyze row_persons`,
  ];
}
