import type { FileFormat } from "../../intake/reading.ts";
import type { Style } from "../../organizations/settings.ts";

/** The kinds of imports: by the records of the file, and the retirement of a source, which has no file of its sender. */
export const importKinds = ["users", "groups", "locations", "retirement"] as const;
export type ImportKind = (typeof importKinds)[number];

/** The ways by which a file can arrive. */
export const channels = ["api", "sftp"] as const;
export type Channel = (typeof channels)[number];

/** The sender of a file. */
export interface ImportCaller {
  readonly organizationId: number;
  /** For the change log: `api-key:<name>`, `user:<id>`. */
  readonly actor: string;
  /** Id of the sender (`Caller`). Absent: the file did not come over the API. */
  readonly callerId?: string;
  readonly channel: Channel;
}

/** A file as it arrives. */
export interface IncomingFile {
  readonly fileName: string | null;
  /** The folder of an SFTP account, in small letters; absent or null: none. */
  readonly folder?: string | null;
  /** Absent: the service detects it from the content. */
  readonly format?: FileFormat;
  /** The body came as data of a form, from which clients may remove line ends. */
  readonly mayLackLineEnds?: boolean;
  /** The encoding's label in the content type. */
  readonly charset?: string;
  readonly body: AsyncIterable<Uint8Array>;
  /** Length of the body in bytes, if the sender announced it (Content-Length). */
  readonly announcedBytes?: number;
  /** Largest body that is taken, in bytes. */
  readonly maximumBytes: number;
  /** Most rows that are read; absent: the published limit. */
  readonly maximumRows?: number;
}

/** The sender's choices for an import. */
export interface ImportOptions {
  readonly kind: ImportKind;
  /** Name of the source; `default` if the sender named none. */
  readonly source: string;
  /** Absent: the source's style, else the organization's. Only users have one; other files are processed as `normal`. */
  readonly style?: Style;
  readonly dryRun: boolean;
  /**
   * Milliseconds for which the same bytes of the same caller count as a repeat. A repeat is not processed: its answer is
   * the first import (docs/migrating-from-regroup.md). Absent: every file is processed.
   */
  readonly repeatedWithin?: number;
}

/** A file to import, its sender, and the sender's choices. */
export interface ImportRequest {
  readonly caller: ImportCaller;
  readonly file: IncomingFile;
  readonly options: ImportOptions;
}
