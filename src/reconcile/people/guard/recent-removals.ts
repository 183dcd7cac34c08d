import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { selectRow } from "../../../store/sql.ts";
import type { Executor } from "../../../store/statement.ts";
import type { ImportContext } from "../../setup/context.ts";

/**
 * Removals that somebody decided or announced do not count. People who returned are set off against the removals before
 * them, and never against later ones: the sum does not fall below zero on its way.
 */
export const recentRemovalsStatement = (c: ImportContext, since: Date): Sql => sql`
  with recent as (
    select case when decision is not null or is_announced then 0 else (counts ->> 'removed')::integer end
      - coalesce((counts ->> 'returned')::integer, 0) as removed, created_at, head_sequence, id
    from imports
    where organization_id = ${c.organization} and source = ${c.source} and kind = 'users' and not dry_run
      and status = 'applied' and created_at >= ${since}
  ), running as (
    select removed, sum(removed) over (order by created_at, head_sequence, id) as total from recent
  )
  select coalesce(sum(removed) - least(0, min(total)), 0)::integer as count from running`;

const day = 24 * 60 * 60 * 1000;

/** Counts the people whom the source's imports of the last days deleted, without a decision or an announcement. */
export async function readRecentRemovals(
  executor: Executor,
  context: ImportContext,
  days: number,
  at: Date,
): Promise<number> {
  const statement = recentRemovalsStatement(context, new Date(at.getTime() - days * day));
  return (await selectRow(executor, z.object({ count: z.int() }), statement))!.count;
}
