import type { Copy, Draft } from "./copy.ts";
import { type Collector, collectEdits } from "./edits.ts";
import type { Feed } from "./feed.ts";
import { type List, lists } from "./tables.ts";

/** Hears of the progress. */
export interface Listener {
  /** A list is being read. @param count items of it so far */
  reading(list: List, count: number): void;
  /** The change log no longer contains the position of the copy: everything is read again. */
  restarting(): void;
  /** A new copy was committed. */
  built(): void;
  /** Changes were committed. @param changes numbers by type */
  updated(changes: ReadonlyMap<string, number>): void;
}

/** About as many changes are applied together. */
const batchSize = 20_000;
/** The service waits no longer for a change, in seconds. */
const longestWait = 30;

/**
 * Brings a copy up to date, and with `follows` keeps it so. Each commit contains changes and the cursor after them: if
 * the process ends anywhere, the next one continues exactly there.
 * @throws AbortError when the signal of the feed is aborted
 */
export async function synchronize(copy: Copy, feed: Feed, follows: boolean, listener: Listener): Promise<void> {
  let cursor = copy.cursor() ?? (await build(copy, feed, listener));
  for (let isCurrent = false; follows || !isCurrent; ) {
    const batch = await readBatch(feed, cursor, isCurrent ? longestWait : 0);
    if (batch.kind === "resync") {
      listener.restarting();
      cursor = await build(copy, feed, listener);
      isCurrent = false;
      continue;
    }
    if (batch.cursor !== cursor) {
      await within(await copy.change(), async (draft) => {
        if (batch.edits.size > 0) await draft.apply(batch.edits);
        await draft.commit(batch.cursor);
      });
      if (batch.edits.size > 0) listener.updated(batch.edits.counts);
    }
    cursor = batch.cursor;
    isCurrent = !batch.hasMore;
  }
}

type Batch =
  | { readonly kind: "read"; readonly edits: Collector; readonly cursor: string; readonly hasMore: boolean }
  | { readonly kind: "resync" };

async function readBatch(feed: Feed, start: string, wait: number): Promise<Batch> {
  const edits = collectEdits();
  let answer = await feed.changes(start, wait);
  while (answer.kind === "page") {
    const { changes, cursor, hasMore } = answer.page;
    edits.add(changes);
    if (!hasMore || edits.size >= batchSize) return { kind: "read", edits, cursor, hasMore };
    answer = await feed.changes(cursor, 0);
  }
  return answer;
}

/**
 * Reads all lists, and then the changes since the first page of the first list: later cursors lack the changes made
 * while the earlier lists were read. The copy is committed when it shows one moment.
 * @returns the cursor after it
 */
async function build(copy: Copy, feed: Feed, listener: Listener): Promise<string> {
  for (;;) {
    const cursor = await within(await copy.rebuild(), (draft) => fill(draft, feed, listener));
    if (cursor !== undefined) {
      listener.built();
      return cursor;
    }
    listener.restarting();
  }
}

/** @returns the cursor that was committed; undefined: the change log was pruned while the lists were read */
async function fill(draft: Draft, feed: Feed, listener: Listener): Promise<string | undefined> {
  let cursor = await readLists(draft, feed, listener);
  for (;;) {
    const batch = await readBatch(feed, cursor, 0);
    if (batch.kind === "resync") return undefined;
    if (batch.edits.size > 0) await draft.apply(batch.edits);
    cursor = batch.cursor;
    if (batch.hasMore) continue;
    await draft.commit(cursor);
    return cursor;
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

/** Abandons a draft that was not committed. */
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
