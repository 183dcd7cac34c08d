import type { Executor } from "../store/database.ts";

/** How many of a source's last imports tell its rhythm. */
const rhythmImports = 11;
/** Fewer say nothing of a rhythm. */
const leastImports = 4;

/**
 * SQL: when a source should have come again, by its own rhythm: the longest time between its last eleven imports that were
 * applied, and a quarter more, at least an hour. A feed that rests on weekends is so not overdue on Saturdays. A select
 * with the columns organization_id, number and due_at; sources with fewer than four imports are left out.
 */
export const dueSources: string = `
  select sources.organization_id, sources.number, rhythm.last + rhythm.longest + greatest(rhythm.longest / 4, interval '1 hour') as due_at
  from sources cross join lateral (
    select max(finished_at) as last, max(gap) as longest, count(*) as imports
    from (
      select finished_at, finished_at - lag(finished_at) over (order by finished_at) as gap
      from (
        select finished_at from imports
        where imports.organization_id = sources.organization_id and imports.source = sources.number
          and kind = 'users' and status = 'applied' and not dry_run
        order by finished_at desc limit ${rhythmImports}) latest
    ) gaps
  ) rhythm
  where rhythm.imports >= ${leastImports}`;

/**
 * Announces the sources of all organizations that are overdue, each once until it comes again.
 * @param owner a connection of the user that owns the tables
 */
export async function announceOverdue(owner: Executor, at: Date): Promise<void> {
  await owner.query(
    `insert into announcements (organization_id, kind, source, import_id, subject, body, created_at, next_attempt_at)
     select s.organization_id, 'source_overdue', s.number, s.last_import_id, 'OVERDUE: ' || s.name,
       format('OVERDUE: %s. Nothing of it was applied since %s UTC; by its own rhythm it should have come by %s UTC. '
         'Alerts still use that roster. See whether the export ran, and at /v1/imports?source=%s whether a file came and was refused or held.',
         s.name, to_char(s.last_applied_at at time zone 'UTC', 'DD Mon HH24:MI'), to_char(due.due_at at time zone 'UTC', 'DD Mon HH24:MI'),
         s.name), $1, $1
     from (${dueSources}) due join sources s on s.organization_id = due.organization_id and s.number = due.number
     where due.due_at < $1 and s.last_import_id is not null
     on conflict (organization_id, kind, import_id) do nothing`,
    [at],
  );
}
