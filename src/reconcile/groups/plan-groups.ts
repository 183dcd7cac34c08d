import { changedProperties } from "../../directory/changed-properties.ts";
import { groupProperties } from "../../directory/group-document.ts";
import type { GroupState } from "../../directory/save-groups.ts";
import { foldCase } from "../../directory/text.ts";
import type { RowIssue } from "../../errors.ts";
import { checkParents } from "./check-parents.ts";
import { type IdentifiedRow, identifyGroups } from "./identify-groups.ts";
import type { GroupRow } from "./normalize-group.ts";
import { numberGroups } from "./number-groups.ts";

/** The planned change of one group; `row` is the row that asks for it. */
export type PlannedGroup =
  | { readonly action: "create"; readonly row: number; readonly group: GroupState }
  | {
      readonly action: "update";
      readonly row: number;
      readonly group: GroupState;
      readonly changed: ReturnType<typeof changedProperties>;
    }
  | { readonly action: "delete" | "purge" | "keep"; readonly row: number; readonly groupId: string };

/** The plan of a file of groups. */
export interface GroupsPlan {
  /** In the order of the file; rows about groups that do not exist and are to go are left out. */
  readonly groups: readonly PlannedGroup[];
  /** Why rows are not applied, by row. */
  readonly failures: ReadonlyMap<number, RowIssue>;
  /** The last number given out to a group. */
  readonly lastGroupNumber: number;
}

/** The values of a new group for everything that its row leaves out. */
const blankGroup = {
  category: 1,
  type: 1,
  privacy: 1,
  postApproval: false,
  description: "",
  style: null,
  default: false,
  protected: false,
  guardPercent: null,
  parentGroupId: null,
} as const;

/**
 * Works out what the rows of a file mean for the stored groups (file formats, section 6). The same file again keeps
 * every group as it is.
 * @param lastGroupNumber the last number that the organization gave out
 */
export function planGroups(
  rows: readonly GroupRow[],
  stored: readonly GroupState[],
  lastGroupNumber: number,
): GroupsPlan {
  const known = stored.map((group) => ({ ...group, nameNormalized: foldCase(group.name) }));
  const identified = identifyGroups(rows, known);
  const numbered = numberGroups(identified.rows, known, lastGroupNumber);
  const misplaced = checkParents(identified.rows, known, numbered.groupIds);
  const groups = identified.rows
    .filter(({ row }) => !misplaced.has(row.row))
    .flatMap((identifiedRow) => planGroup(identifiedRow, numbered.groupIds));
  const failures = new Map([...identified.failures, ...misplaced]);
  return { groups, failures, lastGroupNumber: numbered.lastGroupNumber };
}

function planGroup(
  { row, stored, name }: IdentifiedRow<GroupState & { readonly nameNormalized: string }>,
  groupIds: ReadonlyMap<number, string>,
): PlannedGroup[] {
  if (stored === undefined) {
    if (row.action !== "save") return [];
    const group = { ...blankGroup, ...row.values, groupId: groupIds.get(row.row)!, name };
    return [{ action: "create", row: row.row, group }];
  }
  const { nameNormalized: _, ...before } = stored;
  const { groupId } = before;
  if (row.action !== "save") return [{ action: row.action, row: row.row, groupId }];
  const group = { ...before, ...row.values };
  const changed = changedProperties(before, group, groupProperties);
  return Object.keys(changed).length === 0
    ? [{ action: "keep", row: row.row, groupId }]
    : [{ action: "update", row: row.row, group, changed }];
}
