import type { ChangeEntry, Origin, Recorded } from "../../changes/record.ts";
import type { RowIssue } from "../../errors.ts";
import type { GroupLoss, LocationLoss } from "../guard/figures.ts";

/** The planned change of one group or location. */
export interface RecordItem {
  readonly type: "group" | "location";
  readonly action: "add" | "update" | "remove";
  readonly id: string;
  /** Row of the file that says so. */
  readonly row: number;
  readonly changed: ChangeEntry["changed"];
}

/** The plan of a file of groups or locations. */
export interface RecordPlan {
  /** In the order of the file. */
  readonly items: readonly RecordItem[];
  /** Why rows are not applied, by row. */
  readonly failures: ReadonlyMap<number, RowIssue>;
  /** Warnings, by row. */
  readonly warnings: ReadonlyMap<number, readonly RowIssue[]>;
  /** Rows of these that would have been about a new one. */
  readonly notAdded: readonly number[];
  /** Ids of the groups that rows are about, by row; of locations none. */
  readonly groupIds: ReadonlyMap<number, string>;
  readonly memberships: {
    /** All of the organization; 0 where none is removed. */
    readonly before: number;
    readonly added: number;
    readonly removed: number;
  };
  /** Groups that lose members, the largest loss first. */
  readonly losses: readonly GroupLoss[];
  /** Locations that are deleted with people at them, the largest first. */
  readonly locationLosses: readonly LocationLoss[];
  /** Applies it; the caller holds the organization's lock. */
  apply(origin: Origin, at: Date): Promise<Recorded>;
}
