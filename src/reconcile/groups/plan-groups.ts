import { changedProperties } from "../../directory/changed-properties.ts";
import { groupProperties } from "../../directory/group-document.ts";
import type { GroupState } from "../../directory/save-groups.ts";
import { foldCase } from "../../directory/text.ts";
import type { RowIssue } from "../../errors.ts";
import { damagesText } from "../../intake/lost-letters.ts";
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
  /** Values that stay because the file's value has lost letters, by row. */
  readonly warnings: ReadonlyMap<number, RowIssue[]>;
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
  const placed = identified.rows.filter(({ row }) => !misplaced.has(row.row));
  const groups = placed.flatMap((identifiedRow) => planGroup(identifiedRow, numbered.groupIds));
  const failures = new Map([...identified.failures, ...misplaced]);
  const warnings = new Map(placed.map((identifiedRow) => [identifiedRow.row.row, keptTexts(identifiedRow)] as const));
  return { groups, failures, warnings, lastGroupNumber: numbered.lastGroupNumber };
}

/** Notes the name and the description that stay, because letters are lost in the values of the row. */
function keptTexts({ row, stored }: IdentifiedRow<GroupState & { readonly nameNormalized: string }>): RowIssue[] {
  if (stored === undefined || row.action !== "save") return [];
  const texts = [
    ["name", stored.name, row.name],
    ["description", stored.description, row.values.description],
  ] as const;
  return texts.flatMap(([field, kept, file = ""]) =>
    damagesText(kept, file) ? [{ code: "text_damaged", field, details: { field, kept, file } }] : [],
  );
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
  const description = row.values.description ?? before.description;
  const isKept = damagesText(before.description, description);
  const group = { ...before, ...row.values, description: isKept ? before.description : description };
  const changed = changedProperties(before, group, groupProperties);
  return Object.keys(changed).length === 0
    ? [{ action: "keep", row: row.row, groupId }]
    : [{ action: "update", row: row.row, group, changed }];
}
