import { CommandError, exitStatus } from "../exit-status.ts";
import { documentOf, explainFailure, failureOf, isTemporary, problemOf } from "../service/answers.ts";
import type { Answer, Api } from "../service/api.ts";
import { explainNotReached, NotReached } from "../service/not-reached.ts";
import { sleep, waitBefore } from "../service/retry.ts";
import { duration } from "../text.ts";
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

/** Changes after a cursor. */
export type ChangesAnswer =
  | { readonly kind: "page"; readonly page: ChangesPage }
  /** The change log no longer contains the cursor, or belongs to another database: everything has to be read again. */
  | { readonly kind: "resync" };

/** Reads lists and changes, with retries. */
export interface Feed {
  /** @param cursor of the page before; undefined for the first page */
  list(list: List, cursor: string | undefined): Promise<ListPage>;
  /** @param wait seconds to wait for a change */
  changes(cursor: string, wait: number): Promise<ChangesAnswer>;
}

/** Dependencies of reading. */
export interface FeedTools {
  readonly api: Api;
  readonly signal: AbortSignal;
  readonly random: () => number;
  /** Number of retries of a request; Infinity repeats it until it succeeds. */
  readonly retries: number;
  /** Called with the reason and the time of the next attempt, for people. */
  readonly onRetry: (message: string) => void;
}

/** How long the service may be silent before a page, in milliseconds. */
const timeout = 120_000;
const listPage = 1000;
const changesPage = 5000;

/** Opens the lists and the change feed of the API. */
export function openFeed(tools: FeedTools): Feed {
  const at = (cursor: string | undefined) => (cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`);
  return {
    list: async (list, cursor) => {
      const answer = await get(tools, `/v1/${list}?limit=${listPage}${at(cursor)}`);
      return documentOf<ListPage>(answer, ["items", "nextCursor", "changesCursor"]);
    },
    changes: async (cursor, wait) => {
      const query = `type=user,group,location&limit=${changesPage}&wait=${wait}${at(cursor)}`;
      const answer = await get(tools, `/v1/changes?${query}`);
      if (problemOf(answer)?.code === "resync_required") return { kind: "resync" };
      return { kind: "page", page: documentOf<ChangesPage>(answer, ["changes", "cursor", "hasMore"]) };
    },
  };
}

/** @returns a success, or `resync_required` */
async function get(tools: FeedTools, path: string): Promise<Answer> {
  for (let failed = 1; ; failed += 1) {
    const attempt = await tryToGet(tools, path);
    if (attempt.kind === "answered") return attempt.answer;
    const isLast = failed > tools.retries || (attempt.isPermanent && Number.isFinite(tools.retries));
    if (isLast) throw new CommandError(exitStatus.unreachable, attempt.explanation);
    const wait = waitBefore(failed, attempt.retryAfter, tools.random(), Date.now());
    tools.onRetry(`${attempt.explanation} Retrying in ${duration(wait)}.`);
    await sleep(wait, tools.signal);
  }
}

type Attempt =
  | { readonly kind: "answered"; readonly answer: Answer }
  | {
      readonly kind: "failed";
      readonly explanation: string;
      readonly isPermanent: boolean;
      readonly retryAfter: string | undefined;
    };

async function tryToGet({ api, signal }: FeedTools, path: string): Promise<Attempt> {
  try {
    const answer = await api.send({ method: "GET", path, timeout, signal });
    if (answer.status < 300) return { kind: "answered", answer };
    const problem = problemOf(answer);
    if (problem?.code === "resync_required") return { kind: "answered", answer };
    if (problem?.code === "not_found") {
      const text = "The service has no lists below MUSTER_URL (or --url). Check its path.";
      throw new CommandError(exitStatus.unreachable, text);
    }
    if (!isTemporary(answer)) throw failureOf(answer);
    const retryAfter = answer.headers["retry-after"];
    return { kind: "failed", explanation: explainFailure(answer), isPermanent: false, retryAfter };
  } catch (error) {
    if (!(error instanceof NotReached)) throw error;
    const { isPermanent } = error;
    return { kind: "failed", explanation: explainNotReached(error), isPermanent, retryAfter: undefined };
  }
}
