import type { Recorded } from "../../../changes/record.ts";
import type { Reading } from "../../../intake/reading.ts";
import type { ImportRun, PlanDescription, ReceivedFile } from "../../planned-file.ts";
import type { Setup } from "../../setup/setup.ts";

/** A file that is applied in parts. */
export interface FileInParts {
  readonly organizationId: number;
  readonly received: ReceivedFile;
  readonly setup: Setup;
  readonly run: ImportRun;
  /** Rows of a part. */
  readonly partRows: number;
}

/** The effect of a file that was applied in parts. */
export interface AppliedFile extends PlanDescription {
  readonly recorded: Recorded;
  readonly reading: Reading | null;
}
