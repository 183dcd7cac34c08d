import sql, { type Sql } from "sql-template-tag";
import { literal } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";

/** The last imports of a source that make its rhythm. */
const rhythmImports = 11;
/** Fewer imports have no rhythm. */
const leastImports = 4;

/**
 * Selects the time by which each source should have come again: the longest pause between its last eleven applied
 * imports, plus a quarter of it, at least an hour. So a feed that rests on weekends is not overdue on Saturdays. Columns:
 * organization_id, number, due_at. Sources with fewer than four imports are left out.
 */
export const dueSources: Sql = sql`
  select sources.organization_id, sources.number, rhythm.last + rhythm.longest + greatest(rhythm.longest / 4, interval '1 hour') as due_at
  from sources cross join lateral (
    select max(finished_at) as last, max(gap) as longest, count(*) as imports
    from (
      select finished_at, finished_at - lag(finished_at) over (order by finished_at) as gap
      from (
        select finished_at from imports
        where imports.organization_id = sources.organization_id and imports.source = sources.number
          and kind = 'users' and status = 'applied' and not dry_run and finished_at >= sources.created_at
        order by finished_at desc limit ${literal(rhythmImports)}) latest
    ) gaps
  ) rhythm
  where rhythm.imports >= ${literal(leastImports)} and sources.retired_at is null`;

/**
 * Announces the sources of all organizations that are overdue, each once until it comes again.
 * @param owner a connection of the user that owns the tables
 */
export async function announceOverdue(owner: Executor, at: Date): Promise<void> {
  await owner.query(sql`
    insert into announcements (organization_id, kind, source, import_id, subject, body, created_at, next_attempt_at)
     select s.organization_id, 'source_overdue', s.number, s.last_import_id, 'OVERDUE: ' || s.name,
       format('OVERDUE: %s. Its last file was applied at %s UTC. By its own rhythm, the next one was due by %s UTC. '
         'Alerts still use the old roster. Check that the export ran. Then look at /v1/imports?source=%s for a file that was refused or held.',
         s.name, to_char(s.last_applied_at at time zone 'UTC', 'DD Mon HH24:MI'), to_char(due.due_at at time zone 'UTC', 'DD Mon HH24:MI'),
         s.name), ${at}::timestamptz, ${at}::timestamptz
     from (${dueSources}) due join sources s on s.organization_id = due.organization_id and s.number = due.number
     where due.due_at < ${at} and s.last_import_id is not null
     on conflict (organization_id, kind, import_id) do nothing`);
}
