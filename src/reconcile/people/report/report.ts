import sql, { type Sql } from "sql-template-tag";
import { literal } from "../../../store/sql.ts";
import type { ImportContext } from "../../setup/context.ts";
import { mostMerged } from "../match/unchanged-rows.ts";

/** SQL: the outcome of the row of the issue `i`. */
const outcome = sql`case
  when exists (select from row_issues f where f.row = i.row and f.failure) then 'failed'
  when changing.action = 'deleted' then 'removed'
  when p.is_new then 'added'
  when changing.action = 'updated' then 'updated'
  else 'unchanged' end`;

/** The report names so many lines of a person of several rows. */
const mostLines = literal(20);

/** SQL relation: the lines of the rows that were parsed, and of other rows that the report names. */
const linesOfRows = sql`(select row, line from staged_rows union all select row, line from unread_lines)`;

/** SQL: the people of several rows, as notes on their first rows. They are counted as `merged`, and not as warnings. */
const mergedNotes = (c: ImportContext) => sql`
  select merged.row, 'rows_merged', null, jsonb_build_object('lines', merged.lines, 'person', concat_ws(' ',
      coalesce(p.database_id, us.database_id, p.username, u.username, p.email, u.email),
      coalesce(nullif(p.first_name, ''), nullif(u.first_name, '')), coalesce(nullif(p.last_name, ''), nullif(u.last_name, '')))),
    false
  from (
    select person, min(row) as row, array_to_string((array_agg(line order by row))[:${mostLines}], ', ')
      || case when count(*) > ${mostLines} then ', …' else '' end as lines
    from (select person from merged_persons union select person from whole_persons) several
    join row_persons using (person) join ${linesOfRows} lines using (row)
    group by person having count(*) > 1 order by min(row) limit ${mostMerged}
  ) merged
  left join people p on p.person = merged.person
  left join users u on u.organization_id = ${c.organization} and u.id = merged.person
  left join user_sources us
    on us.organization_id = ${c.organization} and us.source = ${c.source} and us.user_id = merged.person`;

/**
 * SQL: the values that identify the stored person `u`, as JSON for a note. The list of an import's changes shows them, also
 * once the person is gone.
 */
const identity = sql`jsonb_strip_nulls(jsonb_build_object('id', u.id::text, 'databaseId', us.database_id, 'username', u.username,
  'email', u.email, 'firstName', nullif(u.first_name, ''), 'lastName', nullif(u.last_name, '')))`;

/** Most notes that are kept of an import: a file of a few megabytes can cause millions. */
export const mostNotes = 100_000;

/**
 * Stores the notes on rows that failed or have a warning, and on rows that were merged. Of an import that is applied in
 * parts, the notes on earlier parts count.
 */
export const insertImportRows = (c: ImportContext, importId: string): Sql => sql`
  insert into import_rows (organization_id, import_id, row, number, line, outcome, code, field, details)
  select ${c.organization}, ${importId}::uuid, i.row,
    row_number() over (partition by i.row order by i.failure desc, i.code, i.field, i.details::text),
    s.line, ${outcome}, i.code, i.field,
    case when i.code <> 'person_kept' then i.details else i.details || (
      select ${identity} from users u left join user_sources us
        on us.organization_id = ${c.organization} and us.source = ${c.source} and us.user_id = u.id
      where u.organization_id = ${c.organization} and u.id = r.person) end
  from (
    select * from (select distinct row, code, field, details, failure from row_issues union all ${mergedNotes(c)}) found
    order by row limit greatest(0, ${literal(mostNotes)} - (
      select count(*) from import_rows kept where kept.organization_id = ${c.organization} and kept.import_id = ${importId}::uuid))
  ) i
  join ${linesOfRows} s on s.row = i.row
  left join row_persons r on r.row = i.row
  left join people p on p.person = r.person
  left join planned_changes changing on changing.person = r.person`;

/** Most people outside the file whom the report names. */
const mostKept = 1_000;

/** Stores the people who are absent from a roster and stay anyway, as notes on row 0. */
export const insertKeptPeople = (c: ImportContext, importId: string): Sql => sql`
  insert into import_rows (organization_id, import_id, row, number, line, outcome, code, field, details)
  select ${c.organization}, ${importId}::uuid, 0, row_number() over (order by a.person), 0, 'unchanged', 'person_kept', null,
    ${identity} || jsonb_build_object('reason', a.reason, 'person',
      concat_ws(' ', coalesce(us.database_id, u.username, u.email), nullif(u.first_name, ''), nullif(u.last_name, '')))
  from absences a
  join users u on u.organization_id = ${c.organization} and u.id = a.person
  left join user_sources us on us.organization_id = ${c.organization} and us.source = ${c.source} and us.user_id = a.person
  where a.fate = 'keep' order by a.person limit ${literal(mostKept)}`;
