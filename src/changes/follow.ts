import { setTimeout as sleep } from "node:timers/promises";
import { MusterError } from "../errors.ts";
import type { Database } from "../store/database.ts";
import { type FeedPage, type FeedRequest, readFeed } from "./feed.ts";
import type { ChangeSignal, Watch } from "./signal.ts";

/** How long a reader waits for something new. */
export interface Patience {
  /** Milliseconds; 0: not at all. */
  readonly wait: number;
  /** Aborted when the reader has gone. */
  readonly gone: AbortSignal;
}

/**
 * Reads a page, and waits for one that tells something as long as the reader has patience. No connection is held meanwhile. A
 * commit between the look and the wait is not missed: the watch begins before the look.
 * @throws MusterError as `readFeed` does
 */
export async function followFeed(
  database: Database,
  signal: ChangeSignal,
  organizationId: number,
  request: FeedRequest,
  { wait, gone }: Patience,
): Promise<FeedPage> {
  const watch = wait > 0 ? signal.watch(organizationId) : undefined;
  if (watch === undefined) return readFeed(database, organizationId, request);
  const end = () => watch.end();
  gone.addEventListener("abort", end);
  try {
    const deadline = performance.now() + wait;
    let page = await readFeed(database, organizationId, request);
    for (;;) {
      if (page.changes !== "" || page.hasMore || page.complete) return page;
      if (!(await watch.wait(deadline - performance.now()))) return page;
      // What a filter has passed over once need not be looked at again.
      const rest = { ...request, after: page.position, since: undefined };
      page = await lookAgain(() => readFeed(database, organizationId, rest), watch, deadline, page);
    }
  } finally {
    gone.removeEventListener("abort", end);
    watch.end();
  }
}

/** Milliseconds between two looks while the database does not answer. */
const pause = 500;

/** Looks until the database answers; when it does not in time, what was seen last is still true. */
async function lookAgain(
  look: () => Promise<FeedPage>,
  watch: Watch,
  deadline: number,
  last: FeedPage,
): Promise<FeedPage> {
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (error instanceof MusterError && error.code !== "database_unavailable") throw error;
      const rest = deadline - performance.now();
      if (watch.isEnded() || rest <= 0) return last;
      await sleep(Math.min(pause, rest));
    }
  }
}
