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

/** What was applied of a file. */
export interface AppliedFile extends PlanDescription {
  readonly recorded: Recorded;
  readonly reading: Reading | null;
}
