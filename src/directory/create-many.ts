import sql, { type Sql } from "sql-template-tag";
import type { ChangeEntry } from "../changes/record.ts";
import { selectRows } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { changedProperties } from "./changed-properties.ts";
import { groupDocument, groupProperties, storedGroupColumns, storedGroupRow } from "./group-document.ts";
import { locationProperties } from "./location-document.ts";
import { foldCase, timeText } from "./text.ts";

/**
 * Creates plain groups that an import named, however many: the id is the name, too. The caller holds the organization's
 * lock, has made sure that ids and names are free, and records the changes.
 * @returns the entries for the change log
 */
export async function createPlainGroups(
  executor: Executor,
  organizationId: number,
  groupIds: readonly string[],
  at: Date,
): Promise<ChangeEntry[]> {
  if (groupIds.length === 0) return [];
  const rows = await selectRows(executor, storedGroupRow, plainGroups(organizationId, groupIds, at));
  return rows.map((stored) => {
    const group = groupDocument(stored);
    const changed = changedProperties(null, group, groupProperties);
    return { type: "group", action: "created", id: group.groupId, changed };
  });
}

/** The statement of `createPlainGroups`. */
export const plainGroups = (organizationId: number, groupIds: readonly string[], at: Date): Sql => sql`
  insert into groups (organization_id, group_id, name, name_normalized, created_at, updated_at)
  select ${organizationId}, group_id, group_id, name_normalized, ${at}, ${at}
  from unnest(${groupIds}::text[], ${groupIds.map(foldCase)}::text[]) as wanted (group_id, name_normalized)
  returning ${storedGroupColumns}`;

/**
 * Creates locations that an import named, however many. The caller holds the organization's lock, has made sure that the
 * names are free, and records the changes.
 * @returns the entries for the change log
 */
export async function createPlainLocations(
  executor: Executor,
  organizationId: number,
  names: readonly string[],
  at: Date,
): Promise<ChangeEntry[]> {
  if (names.length === 0) return [];
  await executor.query(plainLocations(organizationId, names, at));
  const time = timeText(at);
  return names.map((name) => {
    const location = { name, version: 1, groups: [], createdAt: time, updatedAt: time };
    const changed = changedProperties(null, location, locationProperties);
    return { type: "location", action: "created", id: name, changed };
  });
}

/** The statement of `createPlainLocations`. */
export const plainLocations = (organizationId: number, names: readonly string[], at: Date): Sql => sql`
  insert into locations (organization_id, name_normalized, name, created_at, updated_at)
  select ${organizationId}, name_normalized, name, ${at}, ${at}
  from unnest(${names}::text[], ${names.map(foldCase)}::text[]) as wanted (name, name_normalized)`;
