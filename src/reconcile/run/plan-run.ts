import type { Reading } from "../../intake/reading.ts";
import type { Transaction } from "../../store/database.ts";
import { groupFiles } from "../groups/group-files.ts";
import { locationFiles } from "../locations/location-files.ts";
import { readRetirement } from "../people/retirement.ts";
import { readUserFile } from "../people/user-files.ts";
import type { PlannedFile, ReadFile, ReceivedFile } from "../planned-file.ts";
import { readRecordFile } from "../records/record-files.ts";
import { readSetup, type Setup } from "../setup/setup.ts";
import type { Attempt } from "./attempt.ts";

/** An import at work in a transaction. */
export interface OpenImport {
  readonly transaction: Transaction;
  readonly attempt: Attempt;
  readonly setup: Setup;
  /** The detected encoding and layout of the file. */
  readonly reading: Reading | null;
  readonly clock: () => Date;
}

/** An import whose file is read and planned. The transaction holds the organization's lock, or is a dry run's snapshot. */
export interface Run extends OpenImport {
  readonly planned: PlannedFile;
}

/**
 * Reads a file of any kind whole.
 * @throws MusterError when the document is refused
 */
export function readFile(
  transaction: Transaction,
  { organizationId, options: { kind } }: Attempt,
  received: ReceivedFile,
  setup: Setup,
): Promise<ReadFile> {
  if (kind === "retirement") return readRetirement(transaction, organizationId);
  if (kind === "users") return readUserFile(transaction, organizationId, received, setup);
  return kind === "groups"
    ? readRecordFile(transaction, groupFiles, organizationId, received, setup)
    : readRecordFile(transaction, locationFiles, organizationId, received, setup);
}

/**
 * Plans a file by the settings as they are now. The caller has taken the organization's lock, unless this is a dry run.
 * @throws MusterError source_unknown when the source has been deleted meanwhile
 */
export async function planRun(
  transaction: Transaction,
  attempt: Attempt,
  file: ReadFile,
  clock: () => Date,
): Promise<Run> {
  const setup = withoutOwnAnnouncement(
    await readSetup(transaction, attempt.organizationId, attempt.options),
    attempt.actor,
  );
  const planned = await file.plan(setup);
  return { transaction, attempt, setup, planned, reading: file.reading, clock };
}

/** Drops the announced change if the sender announced it: nobody approves an import that they send, or announces it. */
const withoutOwnAnnouncement = (setup: Setup, sender: string): Setup =>
  setup.source.announcedChange?.actor === sender
    ? { ...setup, source: { ...setup.source, announcedChange: null } }
    : setup;
