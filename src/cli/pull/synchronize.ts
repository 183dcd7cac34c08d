import type { Copy, Draft } from "./copy.ts";
import { type Collector, collectEdits } from "./edits.ts";
import type { Feed } from "./feed.ts";
import { type List, lists } from "./tables.ts";

/** Told how it goes. */
export interface Listener {
  /** A list is being read; `count` things of it so far. */
  reading(list: List, count: number): void;
  /** The copy has to begin anew: its place in the feed is not kept any more. */
  startsAgain(): void;
  /** The copy was committed with these changes; null: it was begun anew. */
  committed(changes: ReadonlyMap<string, number> | null): void;
}

/** Changes that are applied together, at most about. */
const batchSize = 20_000;
/** Longest wait that the service takes, in seconds. */
const longestWait = 30;

/**
 * Brings a copy up to date, and keeps it so if it is to follow. Every commit holds changes and the cursor after them:
 * wherever the process ends, the next one goes on exactly there.
 * @throws AbortError when the signal of the feed is aborted
 */
export async function synchronize(copy: Copy, feed: Feed, follows: boolean, listener: Listener): Promise<void> {
  let cursor = copy.cursor() ?? (await startAnew(copy, feed, listener));
  for (let isCurrent = false; follows || !isCurrent; ) {
    const batch = await readBatch(feed, cursor, isCurrent ? longestWait : 0);
    if (batch === undefined) {
      listener.startsAgain();
      cursor = await startAnew(copy, feed, listener);
      isCurrent = false;
      continue;
    }
    if (batch.cursor !== cursor) {
      await within(await copy.change(), async (draft) => {
        if (batch.edits.size > 0) await draft.apply(batch.edits);
        await draft.commit(batch.cursor);
      });
      if (batch.edits.size > 0) listener.committed(batch.edits.counts);
    }
    cursor = batch.cursor;
    isCurrent = !batch.hasMore;
  }
}

interface Batch {
  readonly edits: Collector;
  readonly cursor: string;
  readonly hasMore: boolean;
}

async function readBatch(feed: Feed, cursor: string, wait: number): Promise<Batch | undefined> {
  const edits = collectEdits();
  let page = await feed.changes(cursor, wait);
  while (page !== undefined) {
    edits.add(page.changes);
    if (!page.hasMore || edits.size >= batchSize) return { edits, cursor: page.cursor, hasMore: page.hasMore };
    page = await feed.changes(page.cursor, 0);
  }
  return undefined;
}

/**
 * Reads all lists, and then what changed since the first page of the first one: no later cursor knows of it. The copy is
 * committed when it is the image of one moment, with nothing half told.
 * @returns the cursor after it
 */
async function startAnew(copy: Copy, feed: Feed, listener: Listener): Promise<string> {
  for (;;) {
    const cursor = await within(await copy.rebuild(), async (draft) => {
      const start = await readLists(draft, feed, listener);
      for (let at = start; ; ) {
        const batch = await readBatch(feed, at, 0);
        if (batch === undefined) return undefined;
        if (batch.edits.size > 0) await draft.apply(batch.edits);
        at = batch.cursor;
        if (batch.hasMore) continue;
        await draft.commit(at);
        return at;
      }
    });
    if (cursor !== undefined) {
      listener.committed(null);
      return cursor;
    }
    // The log was cut off while the lists were read.
    listener.startsAgain();
  }
}

async function readLists(draft: Draft, feed: Feed, listener: Listener): Promise<string> {
  let start: string | undefined;
  for (const list of lists) {
    let count = 0;
    let next: string | null | undefined;
    while (next !== null) {
      listener.reading(list, count);
      const page = await feed.list(list, next);
      start ??= page.changesCursor;
      await draft.add(list, page.items);
      count += page.items.length;
      next = page.nextCursor;
    }
  }
  return start!;
}

/** Leaves no draft open: what was not committed is abandoned. */
async function within<Result>(draft: Draft, work: (draft: Draft) => Promise<Result>): Promise<Result> {
  let isCommitted = false;
  try {
    return await work({
      ...draft,
      commit: async (cursor) => {
        await draft.commit(cursor);
        isCommitted = true;
      },
    });
  } finally {
    if (!isCommitted) await draft.abandon();
  }
}
