import sql, { type Sql } from "sql-template-tag";
import type { RowIssueCode } from "../../../errors.ts";
import { constant } from "../../../store/sql.ts";

/**
 * Fails every row of some people.
 * @param field SQL of the feed's field that is at fault; it may use `failing.details`
 * @param people select with the columns person and details, the values of the issue's message as jsonb
 */
export const failPeople = (code: RowIssueCode, field: Sql, people: Sql): Sql => sql`
  insert into row_issues (row, code, field, details, failure)
  select r.row, ${constant(code)}, ${field}, failing.details, true
  from (${people}) failing join row_persons r on r.person = failing.person`;
