import sql, { type Sql } from "sql-template-tag";
import { literal } from "../../../store/sql.ts";
import type { ImportContext } from "../../setup/context.ts";

/** SQL: the outcome of the row of the issue `i`. */
const outcome = sql`case
  when exists (select from row_issues f where f.row = i.row and f.failure) then 'failed'
  when changing.action = 'deleted' then 'removed'
  when p.is_new then 'added'
  when changing.action = 'updated' then 'updated'
  else 'unchanged' end`;

/** Stores the notes on rows that failed or have a warning. */
export const insertImportRows = (c: ImportContext, importId: string): Sql => sql`
  insert into import_rows (organization_id, import_id, row, number, line, outcome, code, field, details)
  select ${c.organization}, ${importId}::uuid, i.row,
    row_number() over (partition by i.row order by i.failure desc, i.code, i.field, i.details::text),
    s.line, ${outcome}, i.code, i.field, i.details
  from (select distinct * from row_issues) i
  join staged_rows s on s.row = i.row
  left join row_persons r on r.row = i.row
  left join people p on p.person = r.person
  left join planned_changes changing on changing.person = r.person`;

/** Most people outside the file whom the report names. */
const mostKept = 1_000;

/** Stores the people who are absent from a roster and stay anyway, as notes on row 0. */
export const insertKeptPeople = (c: ImportContext, importId: string): Sql => sql`
  insert into import_rows (organization_id, import_id, row, number, line, outcome, code, field, details)
  select ${c.organization}, ${importId}::uuid, 0, row_number() over (order by a.person), 0, 'unchanged', 'person_kept', null,
    jsonb_build_object('reason', a.reason, 'person',
      concat_ws(' ', coalesce(us.database_id, u.username, u.email), nullif(u.first_name, ''), nullif(u.last_name, '')))
  from absences a
  join users u on u.organization_id = ${c.organization} and u.id = a.person
  left join user_sources us on us.organization_id = ${c.organization} and us.source = ${c.source} and us.user_id = a.person
  where a.fate = 'keep' order by a.person limit ${literal(mostKept)}`;
