import sql from "sql-template-tag";
import { pruneChanges } from "../changes/prune.ts";
import type { Executor } from "../store/database.ts";
import { every } from "../store/every.ts";
import { identifier, literal, prepared } from "../store/sql.ts";
import { pruneAudit } from "./audit-log.ts";
import { settingsSchema } from "./settings.ts";

/** The dependencies of deleting old entries. */
export interface RetentionDependencies {
  /** A connection of the user that owns the tables, outside a transaction. */
  readonly owner: Executor;
  readonly clock: () => Date;
}

const day = 86_400_000;

/**
 * Deletes, in all organizations, the changes, the audit entries, and the decided topics and requests that are older than the
 * settings `keepChangesDays`, `keepAuditDays` and `keepDecidedDays` say. Quiet organizations are included: they hold data of
 * people, and nobody is served by them any more.
 */
export async function deleteOldEntries({ owner, clock }: RetentionDependencies): Promise<void> {
  const { rows } = await owner.query<{ id: number; settings: unknown }>(
    prepared(sql`select id, settings from organizations order by id`),
  );
  for (const { id, settings } of rows) {
    const { keepChangesDays, keepAuditDays, keepDecidedDays } = settingsSchema.parse(settings);
    const daysAgo = (days: number) => new Date(clock().getTime() - days * day);
    await pruneChanges(owner, id, daysAgo(keepChangesDays));
    await pruneAudit(owner, id, daysAgo(keepAuditDays));
    await pruneDecided(owner, id, daysAgo(keepDecidedDays));
  }
}

/** Items that are deleted in one statement. */
const atOnce = 10_000;

/**
 * Deletes topics and requests to join that were decided before a time, with their decisions. What waits stays, however long
 * it does. Nobody is told by the change log, where these things do not end: what is decided does not change any more.
 * @param owner a connection of the user that owns the tables: the service itself deletes neither
 */
async function pruneDecided(owner: Executor, organizationId: number, before: Date): Promise<void> {
  for (const table of ["topics", "membership_requests"]) {
    for (let deleted = atOnce; deleted === atOnce; ) {
      const { rowCount } = await owner.query(sql`with old as materialized (
           select id from ${identifier(table)}
           where organization_id = ${organizationId} and status <> 'pending' and updated_at < ${before} limit ${literal(atOnce)}
         ), gone as (
           delete from decisions using old where organization_id = ${organizationId} and item_id = old.id
         )
         delete from ${identifier(table)} item using old where item.organization_id = ${organizationId} and item.id = old.id`);
      deleted = rowCount ?? 0;
    }
  }
}

/** Milliseconds between two rounds. */
const interval = 3_600_000;

/**
 * Deletes old entries now and every hour, until it is stopped.
 * @param failed is called after a round that failed
 * @returns stops it, after the round that is under way
 */
export function startRetention(dependencies: RetentionDependencies, failed: () => void): () => Promise<void> {
  return every(interval, () => deleteOldEntries(dependencies), failed, { atOnce: true });
}
