import { recordChanges } from "../changes/record.ts";
import { MusterError } from "../errors.ts";
import type { ChangeContext } from "../organizations/organizations.ts";
import type { Executor } from "../store/database.ts";
import { asWriter } from "../store/organization-lock.ts";
import { changedProperties } from "./changed-properties.ts";
import { deleteGroups, endMemberships } from "./dissolve-groups.ts";
import { emergencyAlerts } from "./group-codes.ts";
import {
  type GroupDocument,
  type GroupWithMembers,
  groupDocument,
  groupProperties,
  invalidGroup,
  readGroup,
  type StoredGroup,
  storedGroupColumns,
} from "./groups.ts";
import { asSeenBy } from "./visible-groups.ts";

/** What is to become of a group: what is absent stays. */
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
 *   learn nothing of a parent that they may not see; absent: whoever asks may change all
 * @throws MusterError request_invalid when the name would change, or the parent is none or below the group; forbidden when
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
  return asWriter(database, queue, organizationId, async (client) => {
    const { members, ...before } = await readGroup(client, organizationId, groupId);
    checkVersion(before.version);
    if (patch.name !== undefined && patch.name !== before.name) {
      throw invalidGroup("name", `cannot be changed: a group keeps its name, and this one is called ${before.name}`);
    }
    const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
    const seen = async (group: GroupDocument) => ({
      ...(administrator === undefined ? group : await asSeenBy(client, organizationId, administrator, group)),
      members,
    });
    if (administrator !== undefined) {
      const known = await seen(before);
      requireOwn(Object.keys(changedProperties(known, { ...known, ...given }, groupProperties)));
      // It is as they see it, which may not be as it is.
      delete given.parentGroupId;
    }
    const wanted: GroupDocument = { ...before, ...given };
    const changed = changedProperties(before, wanted, groupProperties);
    if (Object.keys(changed).length === 0) return seen(before);
    if (changed.parentGroupId && wanted.parentGroupId !== null) {
      await requireParent(client, organizationId, groupId, wanted.parentGroupId);
    }
    const after = await writeGroup(client, organizationId, wanted, clock());
    await client.query("update organizations set rules_epoch = rules_epoch + 1 where id = $1", [organizationId]);
    await recordChanges(client, organizationId, { actor }, [
      { type: "group", action: "updated", id: groupId, changed },
    ]);
    return seen(after);
  });
}

/** What of a group concerns it alone; the rest concerns imports, other groups, or everybody. */
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

/** How many groups of a circle a message names. */
const mostNamed = 10;

/** Makes sure that there is such a parent, and that it is not the group itself or below it. */
async function requireParent(
  executor: Executor,
  organizationId: number,
  groupId: string,
  parentGroupId: string,
): Promise<void> {
  const { rows } = await executor.query<{ groupId: string }>(
    `with recursive above (group_id, parent_group_id, distance) as (
       select group_id, parent_group_id, 1 from groups where organization_id = $1 and group_id = $3
       union all
       select groups.group_id, groups.parent_group_id, distance + 1
       from above join groups on groups.organization_id = $1 and groups.group_id = above.parent_group_id
       where above.group_id <> $2
     )
     select group_id as "groupId" from above order by distance`,
    [organizationId, groupId, parentGroupId],
  );
  if (rows.length === 0) throw invalidGroup("parentGroupId", "is no group");
  const chain = [groupId, ...rows.map((row) => row.groupId)];
  if (chain.at(-1) !== groupId) return;
  const named = chain.length <= mostNamed ? chain : [...chain.slice(0, mostNamed), "…", groupId];
  throw invalidGroup("parentGroupId", `would close a circle, each group below the next: ${named.join(" → ")}`);
}

async function writeGroup(
  executor: Executor,
  organizationId: number,
  group: GroupDocument,
  at: Date,
): Promise<GroupDocument> {
  const { rows } = await executor.query<StoredGroup>(
    `update groups set category = $3, type = $4, privacy = $5, post_approval = $6, description = $7, style = $8,
       is_default = $9, is_protected = $10, guard_percent = $11, parent_group_id = $12, version = version + 1, updated_at = $13
     where organization_id = $1 and group_id = $2 returning ${storedGroupColumns}`,
    [
      ...[organizationId, group.groupId, group.category, group.type, group.privacy, group.postApproval],
      ...[group.description, group.style, group.default, group.protected, group.guardPercent, group.parentGroupId, at],
    ],
  );
  return groupDocument(rows[0]!);
}

/** How somebody who takes a group apart makes sure that it is the right one. */
export interface Expectation {
  /** How many members the group is said to have. */
  readonly expectedMembers: number | undefined;
  readonly checkVersion: CheckVersion;
}

/**
 * Deletes a group and its memberships, whoever claims them; people stay, groups below it lose their parent, and
 * locations let go of it.
 * @returns how many memberships ended
 * @throws MusterError not_found, organization_busy
 * @throws MusterError conflict when the number of members has to be named, or is another one
 */
export function deleteGroup(context: ChangeContext, groupId: string, expectation: Expectation): Promise<number> {
  const { database, queue, organizationId, actor, clock } = context;
  return asWriter(database, queue, organizationId, async (client) => {
    const group = await readGroup(client, organizationId, groupId);
    expectation.checkVersion(group.version);
    requireExpected(group, expectation);
    const { memberships } = await deleteGroups(client, organizationId, [groupId], { actor }, clock());
    return memberships;
  });
}

/**
 * Ends every membership of a group, whoever claims it; group and people stay. Of a group without members nothing can be
 * lost, so that a repeat does nothing, whatever number it names.
 * @returns how many memberships ended
 * @throws MusterError not_found, organization_busy
 * @throws MusterError conflict when the number of members has to be named, or is another one
 */
export function purgeGroup(context: ChangeContext, groupId: string, expectation: Expectation): Promise<number> {
  const { database, queue, organizationId, actor, clock } = context;
  return asWriter(database, queue, organizationId, async (client) => {
    const group = await readGroup(client, organizationId, groupId);
    expectation.checkVersion(group.version);
    if (group.members === 0) return 0;
    requireExpected(group, expectation);
    const { memberships } = await endMemberships(client, organizationId, [groupId], { actor }, clock());
    return memberships;
  });
}

/** From how many members on a group is large: whoever takes it apart has to say that they know. */
const largeGroup = 1000;

function requireExpected(group: GroupWithMembers, { expectedMembers }: Expectation): void {
  const { groupId, members, category } = group;
  if (expectedMembers === members) return;
  const isDelicate = members >= largeGroup || category === emergencyAlerts || group.protected;
  if (expectedMembers === undefined && !isDelicate) return;
  const count = `${members.toLocaleString("en-US")} ${members === 1 ? "member" : "members"}`;
  const detail =
    expectedMembers === undefined
      ? `The group ${groupId} has ${count}. Nothing was changed; if they are to leave it, say so: expectedMembers is ${members}.`
      : `The group ${groupId} has ${count}, not ${expectedMembers}. Nothing was changed; look at who belongs to it.`;
  const message = expectedMembers === undefined ? `is needed: ${members}` : `is ${members} by now`;
  throw new MusterError("conflict", detail, {
    field: "expectedMembers",
    errors: [{ field: "expectedMembers", message }],
  });
}
