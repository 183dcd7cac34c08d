import { endInterruptedImports } from "../reconcile/attempts/interrupted.ts";
import type { ByTheClock } from "../store/clock-guard.ts";
import { every } from "../store/every.ts";
import type { Executor } from "../store/statement.ts";
import { announcePending } from "./announce-pending.ts";
import { type ExpiryDependencies, expireEverywhere } from "./expire-topics.ts";

/** The dependencies of a round. */
export interface RoundDependencies extends ExpiryDependencies {
  /** A connection of the user that owns the tables, outside a transaction: a round covers all organizations. */
  readonly owner: Executor;
}

/** Milliseconds between two rounds. */
const interval = 60_000;

/** Ends imports of processes that are gone, expires topics, then announces pending items to those who decide. */
async function makeRound(dependencies: RoundDependencies & ByTheClock): Promise<void> {
  await dependencies.requireClock();
  await endInterruptedImports(dependencies.owner, dependencies.clock());
  await expireEverywhere(dependencies);
  await announcePending(dependencies.owner, dependencies.clock());
}

/**
 * Looks after pending items in all organizations, every minute, until it is stopped.
 * @param failed is called after a round that failed
 * @returns stops it, after the round that is under way
 */
export function startRounds(dependencies: RoundDependencies & ByTheClock, failed: () => void): () => Promise<void> {
  return every(interval, () => makeRound(dependencies), failed);
}
