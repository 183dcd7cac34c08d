import type { Executor } from "../store/database.ts";

/** Entries that are deleted in one transaction: what a writer of the organization may have to wait for. */
const batch = 10_000;

/**
 * Deletes an organization's oldest changes, those before a time, and notes in the same statement how far the log is cut
 * off: whoever comes with an older cursor is told so. Every batch is a transaction of its own under the organization's
 * lock; while a writer has it, the rest is left for the next time.
 * @param owner a connection of the user that owns the tables, outside a transaction: the service itself only appends
 * @returns how many were deleted
 */
export async function pruneChanges(owner: Executor, organizationId: number, before: Date): Promise<number> {
  for (let deleted = 0; ; ) {
    const { rows } = await owner.query<{ count: number }>(
      `with head as materialized (
         select pruned_sequence from feed_heads where organization_id = $1 for update skip locked
       ), deleted as (
         delete from changes using head
         where organization_id = $1 and sequence > head.pruned_sequence and sequence <= head.pruned_sequence + ${batch}
           and at < $2
         returning sequence, at
       ), noted as (
         update feed_heads set pruned_sequence = last.sequence, pruned_at = last.at
         from (select max(sequence) as sequence, max(at) as at from deleted) last
         where organization_id = $1 and last.sequence is not null
       )
       select count(*)::integer as count from deleted`,
      [organizationId, before],
    );
    const { count } = rows[0]!;
    deleted += count;
    if (count < batch) return deleted;
  }
}
