import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { recordChanges } from "../changes/record.ts";
import { MusterError } from "../errors.ts";
import type { ChangeContext } from "../organizations/organizations.ts";
import type { Transaction } from "../store/database.ts";
import { asWriter } from "../store/organization-lock.ts";
import { prepared, selectRows } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { changedProperties } from "./changed-properties.ts";
import { expireDigests, shapesRows } from "./digests.ts";
import { deleteGroups, endMemberships } from "./dissolve-groups.ts";
import { emergencyAlerts } from "./group-codes.ts";
import {
  type GroupDocument,
  type GroupWithMembers,
  groupDocument,
  groupProperties,
  storedGroupRow,
} from "./group-document.ts";
import { invalidGroup, readGroup } from "./groups.ts";
import { asSeenBy } from "./visible-groups.ts";

/** The wanted values of a group. Absent ones stay. */
export type GroupPatch = {
  readonly [Name in (typeof groupProperties)[number]]?: GroupDocument[Name] | undefined;
};

/** Throws when the stored version is not the one that the caller knows. */
type CheckVersion = (version: number) => void;

/**
 * Changes a group; a patch that changes nothing writes nothing. Imports look at unchanged rows again afterwards. A group
 * that becomes a default one is joined by those who come from then on.
 * @throws MusterError not_found, organization_busy
 * @param administrator id of the person who asks, if they administer the group alone: they change its own properties, and
 *   learn nothing of a parent that they may not see; absent if the caller may change all
 * @throws MusterError request_invalid when the name would change, or the parent does not exist or is below the group; forbidden when
 *   a property would change that is not theirs to change
 */
export function updateGroup(
  context: ChangeContext,
  groupId: string,
  patch: GroupPatch,
  checkVersion: CheckVersion,
  administrator?: number,
): Promise<GroupWithMembers> {
  const { database, queue, organizationId, actor, clock } = context;
  return asWriter(database, queue, organizationId, async (transaction) => {
    const { members, ...before } = await readGroup(transaction, organizationId, groupId);
    checkVersion(before.version);
    if (patch.name !== undefined && patch.name !== before.name) {
      throw invalidGroup("name", `cannot be changed: a group keeps its name, and this one is called ${before.name}`);
    }
    const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
    const seen = async (group: GroupDocument) => ({
      ...(administrator === undefined ? group : await asSeenBy(transaction, organizationId, administrator, group)),
      members,
    });
    if (administrator !== undefined) {
      const known = await seen(before);
      requireOwn(Object.keys(changedProperties(known, { ...known, ...given }, groupProperties)));
      // They sent the parent that they see, which may not be the stored one.
      delete given.parentGroupId;
    }
    const wanted: GroupDocument = { ...before, ...given };
    const changed = changedProperties(before, wanted, groupProperties);
    if (Object.keys(changed).length === 0) return seen(before);
    if (changed.parentGroupId && wanted.parentGroupId !== null) {
      await requireParent(transaction, organizationId, groupId, wanted.parentGroupId);
    }
    const after = await writeGroup(transaction, organizationId, wanted, clock());
    await expireDigests(transaction, organizationId, { affectsRows: shapesRows(changed) });
    await recordChanges(transaction, organizationId, { actor }, [
      { type: "group", action: "updated", id: groupId, changed },
    ]);
    return seen(after);
  });
}

/** The properties that concern the group alone. The others concern imports, other groups, or everybody. */
export const ownProperties = ["type", "privacy", "postApproval", "description"] as const satisfies (keyof GroupPatch)[];

function requireOwn(changed: readonly string[]): void {
  const others = changed.filter((name) => !(ownProperties as readonly string[]).includes(name));
  if (others.length === 0) return;
  throw new MusterError(
    "forbidden",
    `Only network administrators change ${others.join(", ")}. Nothing was changed; you may change ${ownProperties.join(", ")}.`,
    {
      field: others[0]!,
      errors: others.map((field) => ({ field, message: "is for network administrators to change" })),
    },
  );
}

/** The most groups of a circle that a message names. */
const mostNamed = 10;

/** Makes sure that there is such a parent, and that it is not the group itself or below it. */
async function requireParent(
  executor: Executor,
  organizationId: number,
  groupId: string,
  parentGroupId: string,
): Promise<void> {
  const rows = await selectRows(executor, groupIdRow, prepared(groupsAbove(organizationId, groupId, parentGroupId)));
  if (rows.length === 0) throw invalidGroup("parentGroupId", "is not a group");
  const chain = [groupId, ...rows.map((row) => row.groupId)];
  if (chain.at(-1) !== groupId) return;
  const named = chain.length <= mostNamed ? chain : [...chain.slice(0, mostNamed), "…", groupId];
  throw invalidGroup("parentGroupId", `would close a circle, each group below the next: ${named.join(" → ")}`);
}

const groupIdRow = z.object({ groupId: z.string() });

/** A select of a group and those above it, from below; it ends at the group that is to be put under it. */
export const groupsAbove = (organizationId: number, below: string, groupId: string): Sql => sql`
  with recursive above (group_id, parent_group_id, distance) as (
    select group_id, parent_group_id, 1 from groups where organization_id = ${organizationId} and group_id = ${groupId}
    union all
    select groups.group_id, groups.parent_group_id, distance + 1
    from above join groups on groups.organization_id = ${organizationId} and groups.group_id = above.parent_group_id
    where above.group_id <> ${below}
  )
  select group_id as "groupId" from above order by distance`;

async function writeGroup(
  transaction: Transaction,
  organizationId: number,
  group: GroupDocument,
  at: Date,
): Promise<GroupDocument> {
  const records = await transaction.records();
  const stored = await records.group.update({
    where: { organizationId_groupId: { organizationId, groupId: group.groupId } },
    data: {
      category: group.category,
      type: group.type,
      privacy: group.privacy,
      postApproval: group.postApproval,
      description: group.description,
      style: group.style,
      isDefault: group.default,
      isProtected: group.protected,
      guardPercent: group.guardPercent,
      parentGroupId: group.parentGroupId,
      version: { increment: 1 },
      updatedAt: at,
    },
  });
  return groupDocument(storedGroupRow.parse(stored));
}

/** The caller's way to make sure that it takes the right group apart. */
export interface Expectation {
  /** The number of members that the caller expects in the group. */
  readonly expectedMembers: number | undefined;
  readonly checkVersion: CheckVersion;
}

/**
 * Deletes a group and its memberships, whatever their claims. People stay, groups below it lose their parent, and
 * locations lose it.
 * @returns how many memberships ended
 * @throws MusterError not_found, organization_busy
 * @throws MusterError conflict when the number of members has to be named, or is another one
 */
export function deleteGroup(context: ChangeContext, groupId: string, expectation: Expectation): Promise<number> {
  const { database, queue, organizationId, actor, clock } = context;
  return asWriter(database, queue, organizationId, async (transaction) => {
    const group = await readGroup(transaction, organizationId, groupId);
    expectation.checkVersion(group.version);
    requireExpected(group, expectation);
    const { memberships } = await deleteGroups(transaction, organizationId, [groupId], { actor }, clock());
    return memberships;
  });
}

/**
 * Ends every membership of a group, whatever its claims; group and people stay. Of a group without members nothing can be
 * lost, so that a repeat does nothing, whatever number it names.
 * @returns how many memberships ended
 * @throws MusterError not_found, organization_busy
 * @throws MusterError conflict when the number of members has to be named, or is another one
 */
export function purgeGroup(context: ChangeContext, groupId: string, expectation: Expectation): Promise<number> {
  const { database, queue, organizationId, actor, clock } = context;
  return asWriter(database, queue, organizationId, async (transaction) => {
    const group = await readGroup(transaction, organizationId, groupId);
    expectation.checkVersion(group.version);
    if (group.members === 0) return 0;
    requireExpected(group, expectation);
    const { memberships } = await endMemberships(transaction, organizationId, [groupId], { actor }, clock());
    return memberships;
  });
}

/** Members from which on a group is large: a caller that takes it apart has to name their number. */
const largeGroup = 1000;

function requireExpected(group: GroupWithMembers, { expectedMembers }: Expectation): void {
  const { groupId, members, category } = group;
  if (expectedMembers === members) return;
  const isDelicate = members >= largeGroup || category === emergencyAlerts || group.protected;
  if (expectedMembers === undefined && !isDelicate) return;
  const count = `${members.toLocaleString("en-US")} ${members === 1 ? "member" : "members"}`;
  const detail =
    expectedMembers === undefined
      ? `The group ${groupId} has ${count}. Nothing was changed. To go on, send expectedMembers=${members}.`
      : `The group ${groupId} has ${count}, not ${expectedMembers}. Nothing was changed. Look at its members, then try again.`;
  const message = expectedMembers === undefined ? `is needed: ${members}` : `is ${members} by now`;
  throw new MusterError("conflict", detail, {
    field: "expectedMembers",
    errors: [{ field: "expectedMembers", message }],
  });
}
