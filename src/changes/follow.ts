import { setTimeout as sleep } from "node:timers/promises";
import { MusterError } from "../errors.ts";
import type { Database } from "../store/database.ts";
import { createChangesText } from "./change-text.ts";
import { type FeedPage, readFeed } from "./feed.ts";
import type { FeedPosition, FeedRequest } from "./feed-request.ts";
import type { ChangeSignal, Watch } from "./signal.ts";

/** The reader's patience. */
export interface Patience {
  /** The longest wait for a change, in milliseconds. */
  readonly wait: number;
  /** Aborted when the reader has gone. */
  readonly gone: AbortSignal;
}

/**
 * Reads a page. If it has no changes, waits for one that has, as long as the reader has patience. No connection is held
 * meanwhile. The watch begins before the look, so that a commit between the look and the wait is not missed.
 * @param patience undefined if the reader does not wait
 * @throws MusterError as `readFeed` does
 */
export async function followFeed(
  database: Database,
  signal: ChangeSignal,
  organizationId: number,
  request: FeedRequest,
  patience: Patience | undefined,
): Promise<FeedPage> {
  const look = async (from: FeedRequest) => {
    const note = signal.ends.look(organizationId);
    const page = await readFeed(database, organizationId, from);
    if (!page.hasMore && from.until === undefined) note(page.position);
    return page;
  };
  const first = () => pageAtEnd(request, signal.ends.get(organizationId)) ?? look(request);
  if (patience === undefined) return first();
  const { wait, gone } = patience;
  const watch = signal.watch(organizationId);
  if (watch === undefined) return first();
  const end = () => watch.end();
  gone.addEventListener("abort", end);
  try {
    const deadline = performance.now() + wait;
    let page = await first();
    for (;;) {
      if (page.changes.count() > 0 || page.hasMore || page.complete) return page;
      if (!(await watch.wait(deadline - performance.now()))) return page;
      // The filter has passed over everything up to here.
      const rest = { ...request, after: page.position, since: undefined };
      page = await lookAgain(() => look(rest), watch, deadline, page);
    }
  } finally {
    gone.removeEventListener("abort", end);
    watch.end();
  }
}

/**
 * The page of a reader who has read everything, as the database would make it.
 * @param end the known end of the log
 * @returns undefined if only the database can tell: the reader is elsewhere, or the request needs a check there
 */
function pageAtEnd({ after, until, filter, frame }: FeedRequest, end: FeedPosition | undefined): FeedPage | undefined {
  if (end === undefined || after === undefined || until !== undefined || filter.excludeSources?.length)
    return undefined;
  if (after.sequence !== end.sequence || after.at !== end.at) return undefined;
  return { changes: createChangesText(frame), position: end, until: end.at, hasMore: false };
}

/** Milliseconds between two looks while the database does not answer. */
const pause = 500;

/** Looks until the database answers. If it does not answer in time, the last page is still true. */
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
