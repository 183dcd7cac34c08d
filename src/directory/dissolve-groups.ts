import sql from "sql-template-tag";
import { type ChangeEntry, type Origin, recordChanges, together } from "../changes/record.ts";
import type { Executor } from "../store/database.ts";
import { changedProperties } from "./changed-properties.ts";
import { type GroupDocument, groupDocument, groupProperties, type StoredGroup, storedGroupColumns } from "./groups.ts";
import { type ChangedMemberships, changeMemberships } from "./membership-changes.ts";

/** Groups that were deleted, and what went with them. */
export interface DeletedGroups extends ChangedMemberships {
  /** As they were, in the order of their ids. */
  readonly groups: readonly GroupDocument[];
}

/**
 * Ends every membership of these groups, whoever claims it, however many there are; groups and people stay. The caller
 * holds the organization's lock.
 * @param groupIds ids of groups; unknown ones are passed over
 * @returns how many memberships ended, and what was recorded: one change a person
 */
export function endMemberships(
  executor: Executor,
  organizationId: number,
  groupIds: readonly string[],
  origin: Origin,
  at: Date,
): Promise<ChangedMemberships> {
  const expressions = [
    sql`changed as (
      delete from memberships where organization_id = ${organizationId} and group_id = any(${groupIds}::text[])
      returning user_id, group_id, role as role_from, null::smallint as role_to
    )`,
  ];
  return changeMemberships(executor, organizationId, expressions, origin, at);
}

/**
 * Deletes these groups and their memberships; people stay, groups below them lose their parent, and locations let go of
 * them. Imports look at unchanged rows again afterwards: one may name a group. The caller holds the organization's lock.
 * @param groupIds ids of groups; unknown ones are passed over
 * @returns the groups, how many memberships ended, and what was recorded: people first, then groups and locations
 */
export async function deleteGroups(
  executor: Executor,
  organizationId: number,
  groupIds: readonly string[],
  origin: Origin,
  at: Date,
): Promise<DeletedGroups> {
  const ended = await endMemberships(executor, organizationId, groupIds, origin, at);
  const around = [
    ...(await releaseChildren(executor, organizationId, groupIds, at)),
    ...(await detachFromLocations(executor, organizationId, groupIds, at)),
  ];
  const { rows } = await executor.query<StoredGroup>(
    `with gone as (
       delete from groups where organization_id = $1 and group_id = any($2::text[]) returning *
     )
     select ${storedGroupColumns} from gone order by group_id`,
    [organizationId, groupIds],
  );
  const groups = rows.map(groupDocument);
  if (groups.length === 0) return { ...ended, groups };
  await executor.query("update organizations set rules_epoch = rules_epoch + 1 where id = $1", [organizationId]);
  const deleted = groups.map((group): ChangeEntry => {
    const changed = changedProperties(group, null, groupProperties);
    return { type: "group", action: "deleted", id: group.groupId, changed };
  });
  const recorded = await recordChanges(executor, organizationId, origin, [...around, ...deleted]);
  return { ...together(ended, recorded), memberships: ended.memberships, groups };
}

/** Groups that stay and are directly under one of these have no parent any more. */
async function releaseChildren(
  executor: Executor,
  organizationId: number,
  groupIds: readonly string[],
  at: Date,
): Promise<ChangeEntry[]> {
  const { rows } = await executor.query<{ groupId: string; parentGroupId: string }>(
    `with child as materialized (
       select group_id, parent_group_id from groups
       where organization_id = $1 and parent_group_id = any($2::text[]) and group_id <> all($2::text[])
     ), released as (
       update groups set parent_group_id = null, version = version + 1, updated_at = $3
       from child where groups.organization_id = $1 and groups.group_id = child.group_id
     )
     select group_id as "groupId", parent_group_id as "parentGroupId" from child order by group_id`,
    [organizationId, groupIds, at],
  );
  return rows.map(({ groupId, parentGroupId }) => ({
    type: "group",
    action: "updated",
    id: groupId,
    changed: { parentGroupId: { from: parentGroupId, to: null } },
  }));
}

async function detachFromLocations(
  executor: Executor,
  organizationId: number,
  groupIds: readonly string[],
  at: Date,
): Promise<ChangeEntry[]> {
  // The outer select sees the rows as they were before the statement.
  const { rows } = await executor.query<{ name: string; groups: string[] }>(
    `with gone as (
       delete from location_groups where organization_id = $1 and group_id = any($2::text[]) returning location_normalized
     ), detached as (
       update locations set version = version + 1, updated_at = $3
       where organization_id = $1 and name_normalized in (select location_normalized from gone)
       returning name, name_normalized
     )
     select name, array(select group_id from location_groups
       where organization_id = $1 and location_normalized = name_normalized order by group_id) as groups
     from detached order by name_normalized`,
    [organizationId, groupIds, at],
  );
  const gone = new Set(groupIds);
  return rows.map(({ name, groups }) => ({
    type: "location",
    action: "updated",
    id: name,
    changed: { groups: { from: groups, to: groups.filter((groupId) => !gone.has(groupId)) } },
  }));
}
