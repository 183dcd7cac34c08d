import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { SftpError } from "./status.ts";

/** A file that is being uploaded, or waits to be renamed or continued. It is in the spool of this process alone. */
export interface Draft {
  readonly path: string;
  readonly file: FileHandle;
  size: number;
  /** Bytes from the start on without a gap, and later parts that arrived early, as [from, to). */
  whole: number;
  early: [number, number][];
  changedAt: number;
  /** Handles that write to it. */
  writers: number;
}

/** The drafts of the accounts, in this process. */
export interface Drafts {
  get(key: string): Draft | undefined;
  /** Drafts whose keys begin so. */
  list(prefix: string): [key: string, draft: Draft][];
  /** Makes an empty draft in the place of one that is there. */
  create(key: string): Promise<Draft>;
  move(from: string, to: string): Promise<void>;
  remove(key: string): Promise<void>;
  close(): Promise<void>;
}

/** Most drafts of an account. */
export const mostDrafts = 200;
/** Milliseconds for which a draft that nobody continues is kept. */
const longestRest = 24 * 60 * 60_000;
/** Most parts of a draft that arrived before the part in front of them. */
const mostEarly = 1_000;

/** @param accountOf the part of a key that names the account */
export function createDrafts(
  directory: string,
  { newId, now, accountOf }: { newId: () => string; now: () => number; accountOf: (key: string) => string },
): Drafts {
  const drafts = new Map<string, Draft>();
  const discard = async (draft: Draft) => {
    await draft.file.close().catch(() => undefined);
    await rm(draft.path, { force: true });
  };
  const remove = async (key: string) => {
    const draft = drafts.get(key);
    drafts.delete(key);
    if (draft !== undefined) await discard(draft);
  };
  const forgetOld = async () => {
    for (const [key, { changedAt, writers }] of drafts) {
      if (writers === 0 && now() - changedAt > longestRest) await remove(key);
    }
  };
  return {
    get: (key) => drafts.get(key),
    list: (prefix) => [...drafts].filter(([key]) => key.startsWith(prefix)),
    async create(key) {
      await forgetOld();
      await remove(key);
      const account = accountOf(key);
      if ([...drafts.keys()].filter((other) => accountOf(other) === account).length >= mostDrafts) {
        throw new SftpError("FAILURE", "Too many files are being uploaded. Finish or delete some of them.");
      }
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const path = join(directory, newId());
      const file = await open(path, "wx+", 0o600);
      const draft: Draft = { path, file, size: 0, whole: 0, early: [], changedAt: now(), writers: 0 };
      drafts.set(key, draft);
      return draft;
    },
    async move(from, to) {
      const draft = drafts.get(from);
      if (draft === undefined || from === to) return;
      await remove(to);
      drafts.delete(from);
      drafts.set(to, draft);
    },
    remove,
    async close() {
      for (const key of [...drafts.keys()]) await remove(key);
    },
  };
}

/** Writes a part of a draft. */
export async function writePart(draft: Draft, offset: number, data: Buffer, now: number): Promise<void> {
  await draft.file.write(data, 0, data.length, offset);
  draft.changedAt = now;
  draft.size = Math.max(draft.size, offset + data.length);
  draft.early.push([offset, offset + data.length]);
  draft.early.sort(([one], [other]) => one - other);
  while (draft.early[0] !== undefined && draft.early[0][0] <= draft.whole) {
    draft.whole = Math.max(draft.whole, draft.early.shift()?.[1] ?? 0);
  }
  if (draft.early.length > mostEarly)
    throw new SftpError("FAILURE", "The parts of the file arrive in no order. Send it from its beginning.");
}

/** Changes the length of a draft, as clients do before they continue it. */
export async function truncateDraft(draft: Draft, size: number): Promise<void> {
  if (size > draft.size) return;
  await draft.file.truncate(size);
  draft.size = size;
  draft.whole = Math.min(draft.whole, size);
  draft.early = draft.early.filter(([, to]) => to <= size);
}

/** True if a draft has no gap. */
export const isWhole = ({ whole, size }: Draft): boolean => whole === size;
