import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { type ChangeEntry, type Origin, recordChanges, together } from "../changes/record.ts";
import { prepared, selectRows } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { changedProperties } from "./changed-properties.ts";
import { expireDigests } from "./digests.ts";
import {
  type GroupDocument,
  groupDocument,
  groupProperties,
  storedGroupColumns,
  storedGroupRow,
} from "./group-document.ts";
import { type ChangedMemberships, changeMemberships, type MembershipExpressions } from "./membership-changes.ts";

/** Groups that were deleted, and what went with them. */
export interface DeletedGroups extends ChangedMemberships {
  /** The groups before the change, in the order of their ids. */
  readonly groups: readonly GroupDocument[];
}

/**
 * Ends every membership of these groups, whatever its claims, however many there are. Groups and people stay. The caller
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
  return changeMemberships(executor, organizationId, allMemberships(organizationId, groupIds), origin, at);
}

/** The expressions that end all memberships of groups. */
export const allMemberships = (organizationId: number, groupIds: readonly string[]): MembershipExpressions => [
  sql`changed as (
    delete from memberships where organization_id = ${organizationId} and group_id = any(${groupIds}::text[])
    returning user_id, group_id, role as role_from, null::smallint as role_to
  )`,
];

/**
 * Deletes these groups and their memberships; people stay, groups below them lose their parent, and locations lose
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
  const rows = await selectRows(executor, storedGroupRow, prepared(removeGroups(organizationId, groupIds)));
  const groups = rows.map(groupDocument);
  if (groups.length === 0) return { ...ended, groups };
  await expireDigests(executor, organizationId, { affectsRows: true });
  const deleted = groups.map((group): ChangeEntry => {
    const changed = changedProperties(group, null, groupProperties);
    return { type: "group", action: "deleted", id: group.groupId, changed };
  });
  const recorded = await recordChanges(executor, organizationId, origin, [...around, ...deleted]);
  return { ...together(ended, recorded), memberships: ended.memberships, groups };
}

/** The statement that deletes groups, and returns them in the order of their ids. */
export const removeGroups = (organizationId: number, groupIds: readonly string[]): Sql => sql`
  with gone as (
    delete from groups where organization_id = ${organizationId} and group_id = any(${groupIds}::text[]) returning *
  )
  select ${storedGroupColumns} from gone order by group_id`;

const childRow = z.object({ groupId: z.string(), parentGroupId: z.string() });

/** Takes the parent from the groups that remain and are directly under one of these. */
async function releaseChildren(
  executor: Executor,
  organizationId: number,
  groupIds: readonly string[],
  at: Date,
): Promise<ChangeEntry[]> {
  const rows = await selectRows(executor, childRow, prepared(removeParents(organizationId, groupIds, at)));
  return rows.map(({ groupId, parentGroupId }) => ({
    type: "group",
    action: "updated",
    id: groupId,
    changed: { parentGroupId: { from: parentGroupId, to: null } },
  }));
}

/** The statement of `releaseChildren`: a row for each group with its former parent. */
export const removeParents = (organizationId: number, groupIds: readonly string[], at: Date): Sql => sql`
  with child as materialized (
    select group_id, parent_group_id from groups
    where organization_id = ${organizationId} and parent_group_id = any(${groupIds}::text[])
      and group_id <> all(${groupIds}::text[])
  ), released as (
    update groups set parent_group_id = null, version = version + 1, updated_at = ${at}
    from child where groups.organization_id = ${organizationId} and groups.group_id = child.group_id
  )
  select group_id as "groupId", parent_group_id as "parentGroupId" from child order by group_id`;

const detachedRow = z.object({ name: z.string(), groups: z.array(z.string()) });

/** Takes the groups out of the locations that have them. */
async function detachFromLocations(
  executor: Executor,
  organizationId: number,
  groupIds: readonly string[],
  at: Date,
): Promise<ChangeEntry[]> {
  const rows = await selectRows(executor, detachedRow, prepared(detachGroups(organizationId, groupIds, at)));
  const gone = new Set(groupIds);
  return rows.map(({ name, groups }) => ({
    type: "location",
    action: "updated",
    id: name,
    changed: { groups: { from: groups, to: groups.filter((groupId) => !gone.has(groupId)) } },
  }));
}

/** The statement of `detachFromLocations`. Its outer select sees the rows as they were before, so it returns the former groups. */
export const detachGroups = (organizationId: number, groupIds: readonly string[], at: Date): Sql => sql`
  with gone as (
    delete from location_groups where organization_id = ${organizationId} and group_id = any(${groupIds}::text[])
    returning location_normalized
  ), detached as (
    update locations set version = version + 1, updated_at = ${at}
    where organization_id = ${organizationId} and name_normalized in (select location_normalized from gone)
    returning name, name_normalized
  )
  select name, array(select group_id from location_groups
    where organization_id = ${organizationId} and location_normalized = name_normalized order by group_id) as groups
  from detached order by name_normalized`;
