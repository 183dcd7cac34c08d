import sql from "sql-template-tag";
import type { Executor } from "../store/statement.ts";

/**
 * Dates the changes that lie in the future now, in their order. Readers who have seen them begin again, since their cursors
 * contain the time.
 * @param owner a connection of the user that owns the tables, in a transaction
 */
export async function redateChanges(owner: Executor): Promise<void> {
  await owner.query(sql`
    with head as materialized (
      select organization_id, last_sequence, greatest(now(), (
          select coalesce(max(at) filter (where at <= now()), '-infinity')
            + count(*) filter (where at > now()) * interval '1 microsecond'
          from changes where changes.organization_id = feed_heads.organization_id
        )) as last_at
      from feed_heads where last_at > now() for update
    ), redated as (
      update changes set at = head.last_at - (head.last_sequence - changes.sequence) * interval '1 microsecond'
      from head where changes.organization_id = head.organization_id and changes.at > now()
    )
    update feed_heads set last_at = head.last_at, pruned_at = least(feed_heads.pruned_at, head.last_at)
    from head where feed_heads.organization_id = head.organization_id`);
}
