import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { literal, selectRow } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";

/** Entries that are deleted in one transaction: what a writer of the organization may have to wait for. */
const batch = 10_000;

const countRow = z.object({ count: z.int() });

/**
 * Deletes an organization's oldest changes, those before a time. The same statement notes how far the log is cut off, and
 * readers with an older cursor are told so. Every batch is a transaction of its own under the organization's lock. While a
 * writer has the lock, the rest is left for the next time.
 * @param owner a connection of the user that owns the tables, outside a transaction: the service itself only appends
 * @returns how many were deleted
 */
export async function pruneChanges(owner: Executor, organizationId: number, before: Date): Promise<number> {
  for (let deleted = 0; ; ) {
    const { count } = (await selectRow(owner, countRow, pruneStatement(organizationId, before)))!;
    deleted += count;
    if (count < batch) return deleted;
  }
}

/** The statement of one batch of `pruneChanges`. */
export const pruneStatement = (organizationId: number, before: Date): Sql => sql`
  with head as materialized (
    select pruned_sequence from feed_heads where organization_id = ${organizationId} for update skip locked
  ), deleted as (
    delete from changes using head
    where organization_id = ${organizationId} and sequence > head.pruned_sequence
      and sequence <= head.pruned_sequence + ${literal(batch)} and at < ${before}
    returning sequence, at
  ), noted as (
    update feed_heads set pruned_sequence = last.sequence, pruned_at = last.at
    from (select max(sequence) as sequence, max(at) as at from deleted) last
    where organization_id = ${organizationId} and last.sequence is not null
  )
  select count(*)::integer as count from deleted`;
