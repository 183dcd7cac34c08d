import type { Recorded } from "../changes/record.ts";
import type { FileFormat, Reading } from "../intake/reading.ts";
import type { ImportCounts } from "./attempts/import-resource.ts";
import type { Outcomes } from "./attempts/outcomes.ts";
import type { Waiting } from "./guard/hold.ts";
import type { Verdict } from "./guard/judge.ts";
import type { SpooledBody } from "./receive/spool.ts";
import type { Setup } from "./setup/setup.ts";

/** A file that was received whole. */
export interface ReceivedFile {
  readonly body: SpooledBody;
  readonly format: FileFormat;
  /** The encoding's label in the content type. */
  readonly charset?: string | undefined;
  /** Most rows that are read; absent: the published limit. */
  readonly maximumRows?: number | undefined;
}

/** A file that was read whole, whatever its kind. Nothing stored was looked at that anybody could change meanwhile. */
export interface ReadFile {
  /** The detected encoding and layout of the file. */
  readonly reading: Reading | null;
  /**
   * Works out what the file means for what is stored. The caller holds the organization's lock, or a snapshot (dry run).
   * @param setup as it is now
   */
  plan(setup: Setup): Promise<PlannedFile>;
}

/** The counts of a plan and the outcome of each row. */
export interface PlanDescription {
  readonly counts: ImportCounts;
  readonly outcomes: Outcomes;
}

/** The import that applies a plan. */
export interface ImportRun {
  readonly id: string;
  readonly actor: string;
  /** The source's name, as documents show it. */
  readonly sourceName: string;
  readonly at: Date;
}

/** A plan, in the transaction that it was made in. A run looks at it, keeps it, or applies it; what its kind is, it does not ask. */
export interface PlannedFile {
  /** Judges the plan (docs/guard.md). */
  judge(at: Date): Promise<Verdict>;
  /** Counts what it takes away. */
  countWaiting(): Promise<Waiting>;
  /** Comes before whatever follows. */
  describe(): Promise<PlanDescription>;
  /** Keeps the notes on rows that are not a plain success. */
  keepNotes(importId: string): Promise<void>;
  /** Keeps whom the file does not name and who stays all the same. */
  keepAbsent(importId: string): Promise<void>;
  /** Keeps the plan item by item. */
  keepItems(importId: string): Promise<void>;
  /** Tells if it changes nothing at all, not even a claim. Comes after `describe`. */
  changesNothing(): Promise<boolean>;
  /** Applies it, and appends it to the change log; the caller holds the organization's lock. */
  apply(run: ImportRun): Promise<Recorded>;
  /**
   * Plans the same rows again, against the records stored by now.
   * @param holdsRemovals leaves out whatever takes something away
   */
  planAgain(holdsRemovals: boolean): Promise<PlannedFile>;
}
