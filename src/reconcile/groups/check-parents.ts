import type { RowIssue } from "../../errors.ts";
import { valueInvalid } from "../../intake/issues.ts";
import type { IdentifiedRow, KnownGroup } from "./identify-groups.ts";

/** A stored group with the group above it. */
export interface PlacedGroup extends KnownGroup {
  readonly parentGroupId: string | null;
}

/** After so many rounds rows that still wait for each other fail together. */
const parentRounds = 8;

/**
 * Checks that the parent of each group is stored or created by the file, is not deleted by it, and that no group comes
 * to be below itself (file formats, section 6). A row that fails may take the parent of others with it, or leave the
 * stored parents as they are, so that the check is repeated.
 * @param groupIds ids of the groups that the rows create, by row
 * @returns why rows fail, by row
 */
export function checkParents<Stored extends PlacedGroup>(
  rows: readonly IdentifiedRow<Stored>[],
  groups: readonly Stored[],
  groupIds: ReadonlyMap<number, string>,
): Map<number, RowIssue> {
  const failures = new Map<number, RowIssue>();
  for (let round = 1; ; round += 1) {
    const applied = rows.filter(({ row }) => !failures.has(row.row));
    const parents = parentsAfter(applied, groups, groupIds);
    const before = failures.size;
    for (const { row, stored } of applied) {
      const { parentGroupId } = row.values;
      if (row.action !== "save" || typeof parentGroupId !== "string") continue;
      const groupId = stored?.groupId ?? groupIds.get(row.row)!;
      if (!parents.has(parentGroupId)) fail(failures, row.row, "there is no such group, and the file creates none");
      else if (parents.get(groupId) === undefined) fail(failures, row.row, "the group would be below itself");
    }
    if (failures.size === before) return failures;
    if (round < parentRounds) continue;
    for (const { row } of rows) {
      if (typeof row.values.parentGroupId === "string") fail(failures, row.row, "other rows that it depends on failed");
    }
    return failures;
  }
}

function fail(failures: Map<number, RowIssue>, row: number, reason: string): void {
  if (!failures.has(row)) failures.set(row, valueInvalid("parentGroupID", reason));
}

/** The parents of all groups once the rows are applied: null for none, undefined for groups that are below themselves. */
function parentsAfter(
  rows: readonly IdentifiedRow<PlacedGroup>[],
  groups: readonly PlacedGroup[],
  groupIds: ReadonlyMap<number, string>,
): Map<string, string | null | undefined> {
  const parents = new Map<string, string | null | undefined>(
    groups.map(({ groupId, parentGroupId }) => [groupId, parentGroupId]),
  );
  for (const { row, stored } of rows) {
    const groupId = stored?.groupId ?? groupIds.get(row.row);
    if (groupId === undefined) continue;
    if (row.action === "delete") parents.delete(groupId);
    else if (row.action === "save") {
      const { parentGroupId = stored?.parentGroupId ?? null } = row.values;
      parents.set(groupId, parentGroupId);
    }
  }
  for (const groupId of circular(parents)) parents.set(groupId, undefined);
  return parents;
}

/** The groups of all circles. Each group is walked over once. */
function circular(parents: ReadonlyMap<string, string | null | undefined>): string[] {
  const found: string[] = [];
  const walked = new Set<string>();
  for (const start of parents.keys()) {
    const path = new Set<string>();
    let at: string | null | undefined = start;
    while (typeof at === "string" && !walked.has(at)) {
      walked.add(at);
      path.add(at);
      at = parents.get(at);
    }
    if (typeof at !== "string" || !path.has(at)) continue;
    const steps = [...path];
    found.push(...steps.slice(steps.indexOf(at)));
  }
  return found;
}
