import { CommandError, exitStatus } from "../exit-status.ts";
import { type Answer, type Api, documentOf, isPassing, NotReached, problemOf, refusal } from "../service/api.ts";
import { sleep, waitBefore } from "../service/retry.ts";
import { duration, printable } from "../text.ts";
import type { Item } from "./copy.ts";
import type { Change } from "./edits.ts";
import type { List } from "./tables.ts";

/** A page of a list. */
export interface ListPage {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
  readonly changesCursor: string;
}

/** A page of the change feed. */
export interface ChangesPage {
  readonly changes: readonly Change[];
  readonly cursor: string;
  readonly until: string;
  readonly hasMore: boolean;
}

/** Reads lists and changes, trying again as long as that makes sense. */
export interface Feed {
  /** @param cursor of the page before; undefined: the first */
  list(list: List, cursor: string | undefined): Promise<ListPage>;
  /**
   * @param wait seconds to wait for a change
   * @returns undefined when the place is cut off, or is none of this log: start again
   */
  changes(cursor: string, wait: number): Promise<ChangesPage | undefined>;
}

/** What reading works with. */
export interface FeedTools {
  readonly api: Api;
  readonly signal: AbortSignal;
  readonly random: () => number;
  /** How often a request is tried again; Infinity: until it succeeds. */
  readonly retries: number;
  readonly onRetry: (message: string) => void;
}

/** How long the service may take for a page, in milliseconds. */
const patience = 120_000;
const listPage = 1000;
const changesPage = 5000;

/** The feed, as `muster pull` reads it: what people, groups and locations are, and what changes of them. */
export function openFeed(tools: FeedTools): Feed {
  const at = (cursor: string | undefined) => (cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`);
  return {
    list: async (list, cursor) => documentOf(await get(tools, `/v1/${list}?limit=${listPage}${at(cursor)}`)),
    changes: async (cursor, wait) => {
      const query = `type=user,group,location&limit=${changesPage}&wait=${wait}${at(cursor)}`;
      const answer = await get(tools, `/v1/changes?${query}`, ["resync_required"]);
      return answer.status === 410 ? undefined : documentOf<ChangesPage>(answer);
    },
  };
}

async function get(tools: FeedTools, path: string, expected: readonly string[] = []): Promise<Answer> {
  for (let failed = 1; ; failed += 1) {
    let reason: string;
    let retryAfter: string | undefined;
    try {
      const answer = await tools.api.send({ method: "GET", path, patience, signal: tools.signal });
      if (answer.status < 300 || expected.includes(problemOf(answer).code ?? "")) return answer;
      if (!isPassing(answer.status)) throw refusal(answer);
      reason = printable(problemOf(answer).detail);
      retryAfter = answer.headers["retry-after"];
    } catch (error) {
      if (!(error instanceof NotReached)) throw error;
      reason = `Muster cannot be reached: ${error.message}.`;
    }
    if (failed > tools.retries) throw new CommandError(exitStatus.unreachable, reason);
    const wait = waitBefore(failed, retryAfter, tools.random(), Date.now());
    tools.onRetry(`${reason} Trying again in ${duration(wait)}.`);
    await sleep(wait, tools.signal);
  }
}
