import sql from "sql-template-tag";
import { pruneChanges } from "../changes/prune.ts";
import type { ByTheClock } from "../store/clock-guard.ts";
import { every } from "../store/every.ts";
import { identifier, literal, prepared } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { pruneAudit } from "./audit-log.ts";
import { forgetDeletedBefore } from "./forget-deleted.ts";
import { settingsSchema } from "./settings.ts";

/** The dependencies of deleting old entries. */
export interface RetentionDependencies {
  /** A connection of the user that owns the tables, outside a transaction. */
  readonly owner: Executor;
  readonly clock: () => Date;
}

const day = 86_400_000;

/** Milliseconds for which an answer is kept under its Idempotency-Key. */
export const answersKept = day;

/**
 * Deletes what is older than the settings of its organization say: changes, audit entries, decided topics and requests,
 * deleted people, and the notes of imports. Answers under an Idempotency-Key end after a day. The round includes
 * organizations that import nothing and callers that are silent, because they hold data of people, too.
 */
export async function deleteOldEntries({ owner, clock }: RetentionDependencies): Promise<void> {
  const { rows } = await owner.query<{ id: number; settings: unknown }>(
    prepared(sql`select id, settings from organizations order by id`),
  );
  for (const { id, settings } of rows) {
    const keep = settingsSchema.parse(settings);
    const daysAgo = (days: number) => new Date(clock().getTime() - days * day);
    await pruneChanges(owner, id, daysAgo(keep.keepChangesDays));
    await pruneAudit(owner, id, daysAgo(keep.keepAuditDays));
    await pruneDecided(owner, id, daysAgo(keep.keepDecidedDays));
    await forgetDeletedBefore(owner, id, daysAgo(keep.keepDeletedDays));
    await pruneNotes(owner, id, daysAgo(keep.keepNotesDays));
  }
  const before = new Date(clock().getTime() - answersKept);
  await owner.query(sql`delete from idempotency_keys where created_at < ${before}`);
}

/** Deletes the notes on rows of imports that began before a time. Held imports keep theirs until somebody decides. */
async function pruneNotes(owner: Executor, organizationId: number, before: Date): Promise<void> {
  await owner.query(sql`
    delete from import_rows using imports
    where imports.organization_id = ${organizationId} and imports.created_at < ${before} and imports.status <> 'held'
      and import_rows.organization_id = ${organizationId} and import_rows.import_id = imports.id`);
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
export function startRetention(
  dependencies: RetentionDependencies & ByTheClock,
  failed: () => void,
): () => Promise<void> {
  const round = async () => {
    await dependencies.requireClock();
    await deleteOldEntries(dependencies);
  };
  return every(interval, round, failed, { atOnce: true });
}
