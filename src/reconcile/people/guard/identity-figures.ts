import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { selectRow } from "../../../store/sql.ts";
import type { Executor } from "../../../store/statement.ts";
import type { GuardFigures } from "../../guard/figures.ts";
import type { ImportContext } from "../../setup/context.ts";
import { restoresValue } from "./earlier-changes.ts";
import { examplesOf } from "./examples.ts";

const changedIdentifiersRow = z.object({
  count: z.int(),
  zerosLost: z.int(),
  lostZero: z.string().nullable(),
  examples: z.array(z.string()),
});

export const changedIdentifiersStatement = (c: ImportContext): Sql => sql`
  with fresh as materialized (
    select s.row, s.line, s.database_id, s.username_normalized, s.email_normalized, s.first_name, s.last_name
    from staged_rows s
    where s.database_id is not null and not s.only_removes and not exists (
      select from user_sources us
      where us.organization_id = ${c.organization} and us.source = ${c.source} and us.database_id = s.database_id)
      and not exists (select from row_persons r join returns on returns.user_id = r.person where r.row = s.row)
  ), stale as materialized (
    select us.user_id, us.database_id, u.username_normalized, u.email_normalized, u.first_name, u.last_name
    from user_sources us
    join users u on u.organization_id = ${c.organization} and u.id = us.user_id
    where us.organization_id = ${c.organization} and us.source = ${c.source} and us.database_id is not null
      and not exists (select from row_persons r where r.person = us.user_id)
      and us.database_id not in (select database_id from staged_rows where database_id is not null)
  ), address as (
    select email_normalized from stale where email_normalized is not null group by 1 having count(*) = 1
  ), renumbered as (
    select distinct on (stale.user_id) stale.user_id as person, stale.database_id as before, fresh.database_id as after, fresh.line
    from (
      select fresh.row, stale.user_id from fresh join stale on stale.username_normalized = fresh.username_normalized
      union
      select fresh.row, stale.user_id from fresh join stale on stale.email_normalized = fresh.email_normalized
      where stale.email_normalized in (select email_normalized from address)
        and name_agreement(stale.first_name, stale.last_name, fresh.first_name, fresh.last_name) > 0
      union
      select fresh.row, stale.user_id from fresh join stale on ltrim(stale.database_id, '0') = ltrim(fresh.database_id, '0')
    ) again
    join fresh on fresh.row = again.row join stale on stale.user_id = again.user_id
    order by stale.user_id, fresh.row
  ), changed as (
    select person, before, after, line,
      before <> after and length(before) > length(after) and ltrim(before, '0') = ltrim(after, '0') as lost_zeros
    from renumbered
    union all
    select s.person, u.username, s.username, (select min(line) from staged_rows join row_persons using (row)
      where row_persons.person = s.person), false
    from planned_scalars s join users u on u.organization_id = ${c.organization} and u.id = s.person
    where s.username_changes and u.username is not null
      and not ${restoresValue(sql`s.person`, "username", sql`s.username`)}
  )
  select count(distinct person)::integer as count, count(*) filter (where lost_zeros)::integer as "zerosLost",
    (select format('\`%s\` → \`%s\` (line %s)', before, after, line) from changed where lost_zeros order by line limit 1) as "lostZero",
    ${examplesOf(sql`select format('%s → %s (line %s)', before, after, line) as example from changed order by line, before`)} as examples
  from changed`;

/**
 * Finds people of the source who arrive under another databaseID or userID than last time. A changed databaseID shows in a
 * person whose old one the file does not name, and whose userID, primary e-mail with a name, or digits beyond the zeros a new row has.
 */
export async function readChangedIdentifiers(
  executor: Executor,
  context: ImportContext,
): Promise<GuardFigures["identifiersChanged"]> {
  return (await selectRow(executor, changedIdentifiersRow, changedIdentifiersStatement(context)))!;
}

const otherSourceRow = z.object({ source: z.string(), count: z.int(), examples: z.array(z.string()) });

export const peopleOfAnotherSourceStatement = (c: ImportContext): Sql => sql`
  with arriving as materialized (
    select p.person, p.is_new, p.database_id from people p
    where p.applies and not exists (
      select from user_sources us
      where us.organization_id = ${c.organization} and us.source = ${c.source} and us.user_id = p.person)
  ), known as (
    select us.source, arriving.person from arriving join user_sources us
      on us.organization_id = ${c.organization} and us.user_id = arriving.person and us.source <> ${c.source}
    union
    select us.source, arriving.person from arriving join user_sources us
      on us.organization_id = ${c.organization} and us.source <> ${c.source} and us.database_id = arriving.database_id
  )
  select sources.name as source, count(*)::integer as count,
    ${examplesOf(sql`select coalesce(database_id, '') as example from arriving where database_id is not null order by database_id`)} as examples
  from known join sources on sources.organization_id = ${c.organization} and sources.number = known.source
  group by sources.name order by count(*) desc limit 1`;

/** Finds people who are new in this source and whom another source knows. Counts the matches in the source that knows most of them. */
export async function readPeopleOfAnotherSource(
  executor: Executor,
  context: ImportContext,
): Promise<GuardFigures["peopleOfAnotherSource"] | undefined> {
  return selectRow(executor, otherSourceRow, peopleOfAnotherSourceStatement(context));
}
