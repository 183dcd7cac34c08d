import { pruneChanges } from "../changes/prune.ts";
import type { Executor } from "../store/database.ts";
import { pruneAudit } from "./audit-log.ts";
import { settingsSchema } from "./settings.ts";

/** What old changes and audit entries are deleted with. */
export interface RetentionDependencies {
  /** A connection of the user that owns the tables, outside a transaction. */
  readonly owner: Executor;
  readonly clock: () => Date;
}

const day = 86_400_000;

/**
 * Deletes, in all organizations, the changes and the audit entries that are older than the settings `keepChangesDays` and
 * `keepAuditDays` say. Those of quiet organizations, too: they hold data of people, and nobody is served by them any more.
 */
export async function deleteOldEntries({ owner, clock }: RetentionDependencies): Promise<void> {
  const { rows } = await owner.query<{ id: number; settings: unknown }>(
    "select id, settings from organizations order by id",
  );
  for (const { id, settings } of rows) {
    const { keepChangesDays, keepAuditDays } = settingsSchema.parse(settings);
    const daysAgo = (days: number) => new Date(clock().getTime() - days * day);
    await pruneChanges(owner, id, daysAgo(keepChangesDays));
    await pruneAudit(owner, id, daysAgo(keepAuditDays));
  }
}

/** Milliseconds between two rounds. */
const interval = 3_600_000;

/**
 * Deletes old entries now and every hour, until it is stopped. What fails is tried again an hour later.
 * @param failed is told that a round failed
 * @returns stops it, after the round that is under way
 */
export function startRetention(dependencies: RetentionDependencies, failed: () => void): () => Promise<void> {
  let round = Promise.resolve();
  const begin = () => {
    round = deleteOldEntries(dependencies).catch(failed);
  };
  begin();
  const timer = setInterval(begin, interval);
  return async () => {
    clearInterval(timer);
    await round;
  };
}
