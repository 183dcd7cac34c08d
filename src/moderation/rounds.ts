import { endInterruptedImports } from "../reconcile/attempts/interrupted.ts";
import type { Executor } from "../store/database.ts";
import { announcePending } from "./announce-pending.ts";
import { type ExpiryDependencies, expireEverywhere } from "./expire-topics.ts";

/** With what is looked after whatever waits. */
export interface RoundDependencies extends ExpiryDependencies {
  /** A connection of the user that owns the tables, outside a transaction: all organizations are looked after. */
  readonly owner: Executor;
}

/** Milliseconds between two rounds. */
const interval = 60_000;

/**
 * Ends imports that processes left which are gone, expires topics whose date has passed, then has those told who decide
 * about what waits.
 */
async function makeRound(dependencies: RoundDependencies): Promise<void> {
  await endInterruptedImports(dependencies.owner, dependencies.clock());
  await expireEverywhere(dependencies);
  await announcePending(dependencies.owner, dependencies.clock());
}

/**
 * Looks after whatever waits, in all organizations and every minute, until it is stopped. What fails is tried again in the
 * next round.
 * @param failed is told that a round failed
 * @returns stops it, after the round that is under way
 */
export function startRounds(dependencies: RoundDependencies, failed: () => void): () => Promise<void> {
  let round = Promise.resolve();
  let isUnderWay = false;
  const begin = () => {
    if (isUnderWay) return;
    isUnderWay = true;
    round = makeRound(dependencies)
      .catch(failed)
      .finally(() => {
        isUnderWay = false;
      });
  };
  const timer = setInterval(begin, interval);
  return async () => {
    clearInterval(timer);
    await round;
  };
}
