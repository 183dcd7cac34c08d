import type { ProblemCode, ProblemPlace, RowIssueCode } from "../errors.ts";
import type { FileFormat, Reading } from "../intake/reading.ts";
import type { Style } from "../organizations/settings.ts";
import type { Database } from "../store/database.ts";
import type { WriterQueue } from "../store/organization-lock.ts";

/** What an import works with. */
export interface ImportDependencies {
  readonly database: Database;
  /** Imports wait here before they take a connection. */
  readonly importQueue: WriterQueue;
  /** How many imports run at once. */
  readonly importSlots: number;
  readonly clock: () => Date;
  readonly newId: () => string;
  /** Folder for the body while it is received. */
  readonly spoolDirectory: string;
}

/** A file that somebody hands over. */
export interface ImportRequest {
  readonly organizationId: number;
  readonly actor: string;
  /** The key that sent it; absent when none did. */
  readonly apiKeyId?: string;
  readonly channel: "api" | "sftp" | "cli" | "console";
  /** Name of the source; `default` when nobody named one. */
  readonly source: string;
  /** Absent: the source's style, else the organization's. */
  readonly style?: Style;
  readonly dryRun: boolean;
  readonly fileName: string | null;
  /** Absent: to be told from its content. */
  readonly format?: FileFormat;
  /** The encoding's label in the content type. */
  readonly charset?: string;
  readonly body: AsyncIterable<Uint8Array>;
  /** Bytes that were announced (Content-Length), when they were. */
  readonly announcedBytes?: number;
  /** Largest body that is taken, in bytes. */
  readonly maximumBytes: number;
  /**
   * For how long, in milliseconds, the same bytes of the same key are taken for a repeat of this file, which is not
   * processed but answered with the first import (feed formats, section 9). Absent: every file is processed.
   */
  readonly repeatedWithin?: number;
}

export type ImportStatus =
  | "receiving"
  | "planning"
  | "held"
  | "applying"
  | "applied"
  | "planned"
  | "discarded"
  | "failed"
  | "undone";

/** What an import did, or would do. People, but for `rows`, `failed` and `warnings`, which count rows. */
export interface ImportCounts {
  readonly rows: number;
  readonly people: number;
  readonly added: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly removed: number;
  /** Rows that were not applied. */
  readonly failed: number;
  /** People whose rows all failed and who are not known: they were not added and get no alerts. */
  readonly notAdded: number;
  /** Rows that were applied with a warning. */
  readonly warnings: number;
  /** Rows that were merged into another row of the same person. */
  readonly merged: number;
  readonly membershipsAdded: number;
  readonly membershipsRemoved: number;
  readonly groupsCreated: number;
  readonly locationsCreated: number;
}

/** An import as the API shows it. */
export interface ImportResource {
  readonly id: string;
  readonly kind: "users" | "groups" | "locations";
  readonly style: Style;
  readonly dryRun: boolean;
  readonly status: ImportStatus;
  /** What happened, in one or two sentences; people who get no alerts come first. */
  readonly summary: string;
  readonly source: {
    readonly name: string;
    readonly channel: ImportRequest["channel"];
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
  /** Of a dry run: the same plan has the same hash. */
  readonly planHash: string | null;
  readonly firstSequence: number | null;
  readonly lastSequence: number | null;
  /** RFC 3339, UTC, microseconds; so are all times. */
  readonly createdAt: string;
  readonly finishedAt: string | null;
}

/** Why an import was refused whole. */
export interface ImportProblem extends Pick<ProblemPlace, "line" | "column" | "field"> {
  readonly code: ProblemCode;
  readonly detail: string;
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
