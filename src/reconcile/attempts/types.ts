import type { ProblemCode, ProblemPlace, RowIssueCode } from "../../errors.ts";
import type { Reading } from "../../intake/reading.ts";
import type { Style } from "../../organizations/settings.ts";
import type { Hold } from "../guard/hold.ts";
import type { Channel, ImportKind } from "../receive/request.ts";

export type ImportStatus =
  | "receiving"
  | "planning"
  | "held"
  | "applied"
  | "planned"
  | "discarded"
  | "failed"
  | "undone";

/**
 * What an import did, or would do. People, but for `rows`, `failed` and `warnings`, which count rows; of a file of groups
 * or locations these instead of people, in `added`, `updated`, `removed` and `notAdded`.
 */
export interface ImportCounts {
  readonly rows: number;
  readonly people: number;
  readonly added: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly removed: number;
  /** People whom the source no longer has and whom others still claim. */
  readonly withdrawn: number;
  /** People whom the file no longer names and who were not deleted all the same: they are protected. */
  readonly kept: number;
  /** Rows that were not applied. */
  readonly failed: number;
  /** People whose rows all failed and who are not known: they were not added and get no alerts. */
  readonly notAdded: number;
  /** Rows that were applied with a warning. */
  readonly warnings: number;
  /** Rows that were merged into another row of the same person. */
  readonly merged: number;
  /** People among those added who had been deleted before and have their id again. */
  readonly returned: number;
  readonly membershipsAdded: number;
  readonly membershipsRemoved: number;
  readonly groupsCreated: number;
  readonly locationsCreated: number;
}

/** What imports did not count at first. */
export const earlierCounts = { withdrawn: 0, kept: 0, returned: 0 };

/** An import as the API shows it. */
export interface ImportResource {
  readonly id: string;
  readonly kind: ImportKind;
  readonly style: Style;
  readonly dryRun: boolean;
  readonly status: ImportStatus;
  /** What happened, in one or two sentences; people who get no alerts come first. */
  readonly summary: string;
  readonly source: {
    readonly name: string;
    readonly channel: Channel;
    readonly format: string | null;
    readonly fileName: string | null;
    readonly bytes: number | null;
    readonly sha256: string | null;
    /** How the file turned out to be written; null before it was read. */
    readonly reading: Reading | null;
  };
  readonly actor: string;
  readonly counts: ImportCounts | null;
  /** Why it failed. */
  readonly problem: ImportProblem | null;
  /** Why it is held, or was; of a dry run: would be. null: no limit was passed. */
  readonly hold: Hold | null;
  /** What became of it after it was held. */
  readonly decision: Decision | null;
  /** Of a dry run, and of what is held: the same plan has the same hash. */
  readonly planHash: string | null;
  readonly firstSequence: number | null;
  readonly lastSequence: number | null;
  /** RFC 3339, UTC, microseconds; so are all times. */
  readonly createdAt: string;
  readonly finishedAt: string | null;
}

/** What became of an import that was held. */
export interface Decision {
  readonly outcome: "approved" | "discarded" | "superseded";
  /** The person who decided, by name; null when a later import of the source did away with it. */
  readonly decidedBy: string | null;
  /** The key that was used, or that sent the later import. */
  readonly actor: string;
  readonly reason: string | null;
  /** The later import. */
  readonly supersededBy: string | null;
  readonly at: string;
}

/** Why an import was refused whole. */
export interface ImportProblem extends Pick<ProblemPlace, "line" | "column" | "field"> {
  readonly code: ProblemCode;
  readonly detail: string;
  /** The last roster of the source that was applied, which counts still. */
  readonly lastRoster?: { readonly people: number; readonly at: string } | null;
}

/** A note on one row that is not plain success. */
export interface ImportRow {
  readonly row: number;
  readonly line: number;
  readonly outcome: "added" | "updated" | "unchanged" | "removed" | "failed";
  readonly code: RowIssueCode;
  readonly field: string | null;
  readonly message: string;
}
