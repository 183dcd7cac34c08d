import type { ImportCounts } from "../attempts/import-resource.ts";
import type { ImportKind } from "../receive/request.ts";

/**
 * Adds the counts of the two parts of an import: the one that was applied at once, and the one that was held.
 * @param first of the part that was applied at once
 * @param second of the part that was held
 */
export function addCounts(kind: ImportKind, first: ImportCounts, second: ImportCounts): ImportCounts {
  const sums = {
    ...first,
    kept: second.kept,
    added: first.added + second.added,
    removed: first.removed + second.removed,
    withdrawn: first.withdrawn + second.withdrawn,
    membershipsAdded: first.membershipsAdded + second.membershipsAdded,
    membershipsRemoved: first.membershipsRemoved + second.membershipsRemoved,
  };
  // Both parts may update the same people. Of groups and locations each row does one thing.
  if (kind === "users") return { ...sums, updated: Math.max(first.updated, second.updated) };
  return {
    ...sums,
    updated: first.updated + second.updated,
    unchanged: first.unchanged - second.updated - second.removed,
  };
}
