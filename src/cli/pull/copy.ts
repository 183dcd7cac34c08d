import type { Edits } from "./edits.ts";
import type { List, Table } from "./tables.ts";

/** An item of a list of the API. */
export type Item = Readonly<Record<string, unknown>>;

/** Numbers of rows by table. */
export type Counts = Readonly<Record<Table, number>>;

/** A copy of the service's data as it was at a cursor. */
export interface Copy {
  /** For messages. */
  readonly place: string;
  /** Position in the change feed; undefined: there is no copy yet. */
  cursor(): string | undefined;
  counts(): Promise<Counts>;
  /** Begins to change the copy. Readers see nothing before the commit. */
  change(): Promise<Draft>;
  /** Begins a new, empty copy in place of this one. */
  rebuild(): Promise<Draft>;
  close(): Promise<void>;
}

/** A change of a copy. If the process ends before `commit`, the copy has not changed. */
export interface Draft {
  /** Adds items to a new copy: lists in the order of `lists`, items in the order of the list. */
  add(list: List, items: readonly Item[]): Promise<void>;
  apply(edits: Edits): Promise<void>;
  /** Shows the change and the new cursor to readers, at once. */
  commit(cursor: string): Promise<void>;
  abandon(): Promise<void>;
}

/** Settings of a copy. */
export interface CopySettings {
  /** Of the service. */
  readonly address: string;
  /** Permissions of its files, e.g. 0o600. */
  readonly mode: number;
}
