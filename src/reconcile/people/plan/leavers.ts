import sql, { type Sql } from "sql-template-tag";

/**
 * Lists the known people who only lose something: people outside the file who leave groups that are rosters, and people whose
 * rows only remove. The source does not claim them for it. Other statements have planned all of that before.
 */
export const listLeavers: Sql = sql`
  insert into leavers (person, first_row)
  select person, first_row from (
    select person from planned_memberships where action <> 'add'
    union select person from planned_emails where action <> 'add'
    union select person from planned_phones where action <> 'add') leaving
  left join people p using (person)
  where p.applies is not true
    and not exists (select from absences a where a.person = leaving.person and a.fate = 'withdraw')`;
