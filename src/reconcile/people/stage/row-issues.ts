import sql from "sql-template-tag";

/** Copies the issues that intake found into `row_issues`. */
export const intakeIssues = sql`
  insert into row_issues (row, code, field, details, failure, of_row)
  select s.row, issue ->> 'code', issue ->> 'field', issue -> 'details', (issue ->> 'failure')::boolean, true
  from staged_rows s cross join jsonb_array_elements(s.issues) issue
  where s.issues is not null`;

/** SQL condition: the staged row `s` is not applied, because of a fault of its own or of its person. */
export const hasFailed = sql`(s.failed or exists (select from row_issues i where i.row = s.row and i.failure))`;
