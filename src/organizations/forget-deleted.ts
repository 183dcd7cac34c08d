import sql, { type Sql } from "sql-template-tag";
import type { Executor } from "../store/statement.ts";

/** Forgets people who were deleted before a time: they cannot return any more. */
export async function forgetDeletedBefore(executor: Executor, organizationId: number, before: Date): Promise<void> {
  await executor.query(forgetStatement(organizationId, before));
}

/** The statement of `forgetDeletedBefore`. */
export const forgetStatement = (organizationId: number, before: Date): Sql => sql`
  with forgotten as (
    delete from user_tombstones where organization_id = ${organizationId} and deleted_at < ${before} returning user_id
  )
  delete from user_tombstone_sources using forgotten
  where organization_id = ${organizationId} and user_tombstone_sources.user_id = forgotten.user_id`;
