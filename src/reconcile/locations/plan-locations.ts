import { changedProperties } from "../../directory/changed-properties.ts";
import type { LocationState } from "../../directory/save-locations.ts";
import { foldCase } from "../../directory/text.ts";
import type { RowIssue } from "../../errors.ts";
import { valueInvalid } from "../../intake/issues.ts";
import type { LocationRow } from "./normalize-location.ts";

/** The planned change of one location; `row` is the row that asks for it. */
export type PlannedLocation =
  | { readonly action: "create"; readonly row: number; readonly location: LocationState }
  | {
      readonly action: "update";
      readonly row: number;
      readonly location: LocationState;
      readonly changed: ReturnType<typeof changedProperties>;
    }
  | { readonly action: "delete" | "keep"; readonly row: number; readonly name: string };

/** The plan of a file of locations. */
export interface LocationsPlan {
  /** In the order of the file; rows that delete what does not exist are left out. */
  readonly locations: readonly PlannedLocation[];
  /** Why rows are not applied, by row. */
  readonly failures: ReadonlyMap<number, RowIssue>;
}

/**
 * Works out what the rows of a file mean for the stored locations (file formats, section 7). Rows about the same
 * location fail, all of them; so does a row with a group that does not exist.
 * @param groupIds ids of the groups that exist
 */
export function planLocations(
  rows: readonly LocationRow[],
  stored: readonly LocationState[],
  groupIds: ReadonlySet<string>,
): LocationsPlan {
  const known = new Map(stored.map((location) => [foldCase(location.name), location]));
  const twins = twinsOf(rows);
  const failures = new Map<number, RowIssue>();
  const locations: PlannedLocation[] = [];
  for (const row of rows) {
    const before = known.get(row.nameNormalized ?? "");
    const failure = row.failure ?? twins.get(row.row) ?? failureOf(row, before, groupIds);
    if (failure) failures.set(row.row, failure);
    else locations.push(...planLocation(row, before));
  }
  return { locations, failures };
}

/** Why rows fail that are about the same location as another one, by row. */
function twinsOf(rows: readonly LocationRow[]): Map<number, RowIssue> {
  const first = new Map<string, LocationRow>();
  const twins = new Map<number, RowIssue>();
  for (const row of rows) {
    if (row.nameNormalized === undefined) continue;
    const other = first.get(row.nameNormalized);
    if (other === undefined) {
      first.set(row.nameNormalized, row);
      continue;
    }
    twins.set(row.row, repeated(other));
    if (!twins.has(other.row)) twins.set(other.row, repeated(row));
  }
  return twins;
}

const repeated = ({ line }: LocationRow) =>
  valueInvalid("name", `line ${line.toLocaleString("en-US")} is about the same location`);

function failureOf(
  { action, groups = [] }: LocationRow,
  before: LocationState | undefined,
  groupIds: ReadonlySet<string>,
): RowIssue | undefined {
  if (action === "delete") return undefined;
  if (action === "modify" && !before) return valueInvalid("name", "there is no such location to modify");
  const unknown = groups.find((groupId) => !groupIds.has(groupId));
  return unknown === undefined ? undefined : valueInvalid("groupID", `there is no group ${unknown}`);
}

function planLocation(
  { row, action, name, groups }: LocationRow,
  before: LocationState | undefined,
): PlannedLocation[] {
  if (!before)
    return action === "delete" ? [] : [{ action: "create", row, location: { name: name!, groups: groups ?? [] } }];
  if (action === "delete") return [{ action, row, name: before.name }];
  const location = { name: before.name, groups: groups ?? before.groups };
  const changed = changedProperties(before, location, ["groups"]);
  return Object.keys(changed).length === 0
    ? [{ action: "keep", row, name: before.name }]
    : [{ action: "update", row, location, changed }];
}
