/** Groups and locations that a file of people names (file formats, section 5.8). */
import type { Decision } from "./decide.ts";
import { isLocationName } from "./import-locations.ts";
import { locationKey, type Organization, plainGroup, plainLocation } from "./state.ts";

/** The rows of a known person only remove: they change nothing but memberships (file formats, section 3). */
export const removesOnly = ({ person, statement, fate }: Decision): boolean =>
  fate === "update" && statement.onlyRemoves && person.user !== null;

/** Creates the groups to join and the locations that are unknown, where the settings let imports do so. */
export function createWhatIsNamed(organization: Organization, decisions: readonly Decision[]): void {
  const { createGroups, createLocations } = organization.settings;
  const applied = decisions.filter(
    (decision) => (decision.fate === "add" || decision.fate === "update") && !removesOnly(decision),
  );
  const patterns = createGroups.map(patternOf);
  const names = new Set([...organization.groups.values()].map(({ name }) => name.toLowerCase()));
  const wanted = applied
    .flatMap(({ statement }) => [...statement.join.keys()])
    .filter((groupId) => !organization.groups.has(groupId) && patterns.some((pattern) => pattern.test(groupId)))
    // that there is a group for everybody is a person's decision; others could not be addressed, or have no such name
    .filter((groupId) => groupId !== "ALL" && !/\s/.test(groupId) && groupId.length < 50)
    .filter((groupId) => !names.has(groupId.toLowerCase()));
  // Of several spellings, the one that most people join; of those that equally many join, the last one.
  const people = new Map<string, number>();
  for (const groupId of wanted) people.set(groupId, (people.get(groupId) ?? 0) + 1);
  const ordered = wanted.sort().sort((first, second) => people.get(first)! - people.get(second)!);
  const spelled = new Map(ordered.map((groupId) => [groupId.toLowerCase(), groupId]));
  for (const groupId of spelled.values()) organization.groups.set(groupId, plainGroup(groupId));
  if (!createLocations) return;
  const named = applied.flatMap(({ statement }) => (statement.location?.value ? [statement.location] : []));
  for (const { value } of named.sort((first, second) => first.row - second.row)) {
    const key = locationKey(value);
    if (isLocationName(value) && !organization.locations.has(key))
      organization.locations.set(key, plainLocation(value));
  }
}

/** `CRS-*` and the like: * matches anything, everything else itself. */
function patternOf(pattern: string): RegExp {
  return new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`, "s");
}
