import { pruneChanges } from "../changes/prune.ts";
import type { Executor } from "../store/database.ts";
import { settingsSchema } from "./settings.ts";

/** What old changes are deleted with. */
export interface RetentionDependencies {
  /** A connection of the user that owns the tables, outside a transaction. */
  readonly owner: Executor;
  readonly clock: () => Date;
}

const day = 86_400_000;

/**
 * Deletes, in all organizations, the changes that are older than the setting `keepChangesDays` says. Those of quiet
 * organizations, too: it holds data of people, and nobody is served by it any more.
 */
export async function deleteOldChanges({ owner, clock }: RetentionDependencies): Promise<void> {
  const { rows } = await owner.query<{ id: number; settings: unknown }>(
    "select id, settings from organizations order by id",
  );
  for (const { id, settings } of rows) {
    const { keepChangesDays } = settingsSchema.parse(settings);
    await pruneChanges(owner, id, new Date(clock().getTime() - keepChangesDays * day));
  }
}

/** Milliseconds between two rounds. */
const interval = 3_600_000;

/**
 * Deletes old changes now and every hour, until it is stopped. What fails is tried again an hour later.
 * @param failed is told that a round failed
 * @returns stops it, after the round that is under way
 */
export function startRetention(dependencies: RetentionDependencies, failed: () => void): () => Promise<void> {
  let round = Promise.resolve();
  const begin = () => {
    round = deleteOldChanges(dependencies).catch(failed);
  };
  begin();
  const timer = setInterval(begin, interval);
  return async () => {
    clearInterval(timer);
    await round;
  };
}
