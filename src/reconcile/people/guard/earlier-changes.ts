import sql, { raw, type Sql } from "sql-template-tag";
import type { Executor } from "../../../store/statement.ts";
import type { ImportContext } from "../../setup/context.ts";

/** Select of the people whom the plan changes or deletes, or who return. */
const concerned = sql`
  select person from people where not is_new
  union select person from planned_deletions
  union select person from leavers
  union select user_id from returns`;

/**
 * Fills `earlier_changes` with the changes that the latest import made to each person whom the plan concerns. The import is
 * of this source, and did not restore values itself: else an accident that was repaired could come again. An import whose
 * removals were held has two changes of a person. The change log has no index of people, so this reads the entries of the
 * imports that last changed these people.
 */
export const listEarlierChanges = (c: ImportContext): Sql[] => [
  sql`insert into earlier_changes (person, action, changed, memberships)
  with concerned as materialized (${concerned}), last as materialized (
    select u.last_import_id as id from concerned
    join users u on u.organization_id = ${c.organization} and u.id = concerned.person where u.last_import_id is not null
    union
    select t.import_id from returns r
    join user_tombstones t on t.organization_id = ${c.organization} and t.user_id = r.user_id where t.import_id is not null
  )
  select concerned.person, l.action, l.changed::jsonb, l.memberships::jsonb
  from last
  join imports i on i.organization_id = ${c.organization} and i.id = last.id and i.source = ${c.source}
    and not i.is_restoration
  join changes l on l.organization_id = ${c.organization} and l.sequence between i.first_sequence and i.last_sequence
    and l.import_id = i.id and l.type = 'user'
  join concerned on concerned.person::text = l.id`,
  // People whom the last import added are deleted for others whom it deleted and who return. More of them are a loss.
  sql`delete from earlier_changes where action = 'created' and person not in (
    select e.person from earlier_changes e join planned_deletions gone on gone.person = e.person
    where e.action = 'created' order by e.person
    limit (select count(*) from earlier_changes former join returns r on r.user_id = former.person
      where former.action = 'deleted'))`,
  sql`analyze earlier_changes`,
];

/**
 * Lists what this source changed last in the people of the plan. Figures that are gathered afterwards leave out values that
 * the plan only restores. Needed only if the plan would be held.
 */
export async function readEarlierChanges(executor: Executor, context: ImportContext): Promise<void> {
  for (const statement of listEarlierChanges(context)) await executor.query(statement);
}

/** SQL: a list before or after the person's earlier change `was`; empty if the change did not concern it. */
const list = (property: "emails" | "phones", side: "from" | "to") => {
  const value = sql`was.changed #> '{${raw(property)},${raw(side)}}'`;
  return sql`case jsonb_typeof(${value}) when 'array' then ${value} else '[]' end`;
};

const emailIn = (side: "from" | "to", email: Sql) =>
  sql`exists (select from jsonb_array_elements_text(${list("emails", side)}) old where lower(old) = lower(${email}))`;
const phoneIn = (side: "from" | "to", number: Sql) =>
  sql`exists (select from jsonb_array_elements(${list("phones", side)}) old where old ->> 'number' = ${number})`;

/** SQL: the earlier change `was` of a person, as the beginning of a condition. */
const earlier = (person: Sql) =>
  sql`select from earlier_changes was where was.person = ${person} and was.action <> 'created'`;

/** SQL condition: a person's value after the import is the one before their earlier change. */
export const restoresValue = (person: Sql, property: string, value: Sql): Sql =>
  sql`exists (${earlier(person)}
    and jsonb_exists(was.changed, '${raw(property)}') and was.changed #>> '{${raw(property)},from}' is not distinct from ${value})`;

/** SQL condition: a person gets an e-mail back. */
export const restoresEmail = (person: Sql, email: Sql): Sql =>
  sql`exists (${earlier(person)} and ${emailIn("from", email)})`;

/** SQL condition: a person gets a phone back. */
export const restoresPhone = (person: Sql, number: Sql): Sql =>
  sql`exists (${earlier(person)} and ${phoneIn("from", number)})`;

/** SQL condition: a person loses an e-mail that the earlier change had added. */
export const endsAddedEmail = (person: Sql, email: Sql): Sql =>
  sql`exists (${earlier(person)} and ${emailIn("to", email)} and not ${emailIn("from", email)})`;

/** SQL condition: a person loses a phone that the earlier change had added. */
export const endsAddedPhone = (person: Sql, number: Sql): Sql =>
  sql`exists (${earlier(person)} and ${phoneIn("to", number)} and not ${phoneIn("from", number)})`;

/** SQL condition: a membership has the role that it had before the person's earlier change; null: it ends. */
export const restoresRole = (person: Sql, groupId: Sql, role: Sql): Sql => sql`exists (
  select from earlier_changes was cross join jsonb_array_elements(was.memberships) old
  where was.person = ${person} and was.action <> 'created' and old ->> 'groupId' = ${groupId}
    and (old #>> '{role,from}')::smallint is not distinct from ${role})`;

/** SQL condition: a person is deleted whom the earlier change had added, in place of a person who returns. */
export const endsAddedPerson = (person: Sql): Sql =>
  sql`exists (select from earlier_changes was where was.person = ${person} and was.action = 'created')`;
