import type { IdentifiedRow, KnownGroup } from "./identify-groups.ts";

/** The ids that a file's new groups get. */
export interface NumberedGroups {
  /** Ids by row, of the rows that create a group. */
  readonly groupIds: ReadonlyMap<number, string>;
  /** The last number that was given out. */
  readonly lastGroupNumber: number;
}

/**
 * Gives new groups their ids: what their rows say, else the next free number in the order of the file. A number is free
 * if neither a stored group nor another row of the file has it.
 * @param lastGroupNumber the last number that the organization gave out
 */
export function numberGroups(
  rows: readonly IdentifiedRow<KnownGroup>[],
  groups: readonly KnownGroup[],
  lastGroupNumber: number,
): NumberedGroups {
  const created = rows.filter(({ row, stored }) => row.action === "save" && stored === undefined);
  const taken = new Set(groups.map(({ groupId }) => groupId));
  for (const { row } of created) if (row.groupId !== undefined) taken.add(row.groupId);
  const groupIds = new Map<number, string>();
  let last = lastGroupNumber;
  for (const { row } of created) {
    if (row.groupId === undefined) {
      do last += 1;
      while (taken.has(String(last)));
    }
    groupIds.set(row.row, row.groupId ?? String(last));
  }
  return { groupIds, lastGroupNumber: last };
}
