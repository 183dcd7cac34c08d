import type { Edits } from "./edits.ts";
import type { List, Table } from "./tables.ts";

/** A thing as a list of the API shows it. */
export type Item = Readonly<Record<string, unknown>>;

/** A copy of what the service stores, as it is after the change of its cursor. */
export interface Copy {
  /** Where it is, for messages. */
  readonly place: string;
  /** Place in the change feed; undefined: there is no copy yet. */
  cursor(): string | undefined;
  counts(): Promise<Readonly<Record<Table, number>>>;
  /** Begins a change of the copy, which nobody sees before it is committed. */
  change(): Promise<Draft>;
  /** Begins the copy anew, empty. */
  rebuild(): Promise<Draft>;
  close(): Promise<void>;
}

/** A change of a copy. A process that ends before `commit` has, in effect, changed nothing. */
export interface Draft {
  /** Adds things of a list to a copy that is begun anew: lists in the order of `lists`, things in the list's order. */
  add(list: List, items: readonly Item[]): Promise<void>;
  apply(edits: Edits): Promise<void>;
  /** Makes the change and the new cursor seen, at once. */
  commit(cursor: string): Promise<void>;
  abandon(): Promise<void>;
}
