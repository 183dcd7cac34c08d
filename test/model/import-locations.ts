/** Applies a file of locations to an organization. Written to be read next to file formats, section 7. */
import type { RecordOutcome } from "./import-groups.ts";
import { locationKey, type Organization, plainLocation } from "./state.ts";

/** A row of a file of locations: the strings that were sent, by column. */
export interface LocationValues {
  readonly action?: string;
  readonly name?: string;
  readonly groupID?: string;
}

/** Imports a file of locations. Returns the new state; the one given stays as it is. */
export function importLocations(
  before: Organization,
  rows: readonly LocationValues[],
): { readonly organization: Organization; readonly outcomes: readonly RecordOutcome[] } {
  const organization = structuredClone(before);
  const keyOf = ({ name = "" }: LocationValues) => (isLocationName(name) ? locationKey(name) : undefined);
  const isRepeated = (row: LocationValues) =>
    rows.some((other) => other !== row && keyOf(row) !== undefined && keyOf(other) === keyOf(row));
  const outcomes = rows.map((row, index): RecordOutcome => {
    const issues = [{ code: "value_invalid" }] as const;
    const failed: RecordOutcome = { row: index + 1, outcome: "failed", issues };
    const key = keyOf(row);
    const groups = row.groupID
      ?.split(";")
      .map((token) => token.trim())
      .filter((token) => token !== "");
    if (key === undefined || isRepeated(row) || !(groups ?? []).every(isGroupId)) return failed;
    const outcome = apply(organization, key, row, groups && new Set(groups));
    return outcome === "failed" ? failed : { row: index + 1, outcome, issues: [] };
  });
  return { organization, outcomes };
}

function apply(
  organization: Organization,
  key: string,
  { action = "", name = "" }: LocationValues,
  groups: Set<string> | undefined,
): RecordOutcome["outcome"] {
  const { locations, users } = organization;
  const stored = locations.get(key);
  switch (action.toLowerCase()) {
    case "delete":
      if (!stored) return "unchanged";
      locations.delete(key);
      for (const user of users.values()) {
        if (user.location.value !== "" && locationKey(user.location.value) === key)
          user.location = { value: "", owner: null };
      }
      return "removed";
    case "modify":
    case "": {
      if (!stored && action !== "") return "failed";
      if (![...(groups ?? [])].every((group) => organization.groups.has(group))) return "failed";
      if (!stored) {
        locations.set(key, { ...plainLocation(name), groups: groups ?? new Set() });
        return "added";
      }
      if (!groups || (groups.size === stored.groups.size && [...groups].every((group) => stored.groups.has(group))))
        return "unchanged";
      stored.groups = groups;
      return "updated";
    }
    default:
      return "failed";
  }
}

/** Letters and digits, in words with one space between them. */
export const isLocationName = (name: string) => name.length <= 200 && /^[\p{L}\p{N}]+( [\p{L}\p{N}]+)*$/u.test(name);

const isGroupId = (id: string) =>
  !/[\s|;]/.test(id) && id.length <= 100 && !["0", "1", "2", "00000", "00001", "00002"].includes(id);
