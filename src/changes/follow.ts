import type { Database } from "../store/database.ts";
import { type FeedPage, type FeedRequest, readFeed } from "./feed.ts";
import type { ChangeSignal } from "./signal.ts";

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
    let from = request;
    for (;;) {
      const page = await readFeed(database, organizationId, from);
      if (page.changes !== "" || page.hasMore || page.complete) return page;
      if (!(await watch.wait(deadline - performance.now()))) return page;
      // What a filter has passed over once need not be looked at again.
      from = { ...request, after: page.position, since: undefined };
    }
  } finally {
    gone.removeEventListener("abort", end);
    watch.end();
  }
}
