import type { ChangeEntry } from "../changes/record.ts";
import type { Executor } from "../store/database.ts";
import { changedProperties } from "./changed-properties.ts";
import { groupDocument, groupProperties, type StoredGroup, storedGroupColumns } from "./groups.ts";
import { locationProperties } from "./locations.ts";
import { foldCase, timeText } from "./text.ts";

/**
 * Creates plain groups that an import named, however many: the id is the name, too. The caller holds the organization's
 * lock, has made sure that ids and names are free, and records the changes.
 * @returns what the change log is to say
 */
export async function createPlainGroups(
  executor: Executor,
  organizationId: number,
  groupIds: readonly string[],
  at: Date,
): Promise<ChangeEntry[]> {
  if (groupIds.length === 0) return [];
  const { rows } = await executor.query<StoredGroup>(
    `insert into groups (organization_id, group_id, name, name_normalized, created_at, updated_at)
     select $1, group_id, group_id, name_normalized, $4, $4
     from unnest($2::text[], $3::text[]) as wanted (group_id, name_normalized)
     returning ${storedGroupColumns}`,
    [organizationId, groupIds, groupIds.map(foldCase), at],
  );
  return rows.map((stored) => {
    const group = groupDocument(stored);
    const changed = changedProperties(null, group, groupProperties);
    return { type: "group", action: "created", id: group.groupId, changed };
  });
}

/** The same for locations. */
export async function createPlainLocations(
  executor: Executor,
  organizationId: number,
  names: readonly string[],
  at: Date,
): Promise<ChangeEntry[]> {
  if (names.length === 0) return [];
  await executor.query(
    `insert into locations (organization_id, name_normalized, name, created_at, updated_at)
     select $1, name_normalized, name, $4, $4
     from unnest($2::text[], $3::text[]) as wanted (name, name_normalized)`,
    [organizationId, names, names.map(foldCase), at],
  );
  const time = timeText(at);
  return names.map((name) => {
    const location = { name, version: 1, groups: [], createdAt: time, updatedAt: time };
    const changed = changedProperties(null, location, locationProperties);
    return { type: "location", action: "created", id: name, changed };
  });
}
