import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { type ChangeEntry, type Origin, type Recorded, recordChanges, together } from "../changes/record.ts";
import { inBatches } from "../store/batches.ts";
import { literal, selectRow } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { byDefault } from "./claims.ts";
import { expireDigests, newGroupAffectsRows, shapesRows } from "./digests.ts";
import type { GroupDocument, groupProperties } from "./group-document.ts";
import { type ChangedMemberships, changeMemberships, type MembershipExpressions } from "./membership-changes.ts";
import { foldCase } from "./text.ts";

/** The part of a group that files set; the rest is the service's own. */
export type GroupState = Pick<GroupDocument, "groupId" | (typeof groupProperties)[number]>;

/** A group as it is to be, and its changes for the log. */
export interface SavedGroup {
  readonly group: GroupState;
  /** True if the group is to be created; its id and name are free. */
  readonly isNew: boolean;
  readonly changed: ChangeEntry["changed"];
}

/**
 * Creates and updates groups, however many; a name is not changed. The caller holds the organization's lock.
 * @param lastGroupNumber the last number that was given out
 */
export async function saveGroups(
  executor: Executor,
  organizationId: number,
  groups: readonly SavedGroup[],
  lastGroupNumber: number,
  origin: Origin,
  at: Date,
): Promise<Recorded> {
  if (groups.length === 0) return { count: 0 };
  let recorded: Recorded = { count: 0 };
  for (const some of inBatches(groups)) {
    await executor.query(writeGroups(organizationId, some, at));
    recorded = together(recorded, await recordChanges(executor, organizationId, origin, some.map(entryOf)));
  }
  const affectsRows = groups.some(({ group, isNew, changed }) =>
    isNew ? newGroupAffectsRows(group.groupId) : shapesRows(changed ?? {}),
  );
  await expireDigests(executor, organizationId, { affectsRows });
  await executor.query(sql`
    update feed_heads set last_group_number = ${lastGroupNumber} where organization_id = ${organizationId}`);
  return recorded;
}

/** The statement that creates and updates groups. */
export function writeGroups(organizationId: number, groups: readonly SavedGroup[], at: Date): Sql {
  const rows = groups.map(({ group }) => ({ ...group, nameNormalized: foldCase(group.name) }));
  return sql`
    insert into groups (organization_id, group_id, name, name_normalized, category, type, privacy, post_approval,
      description, style, is_default, is_protected, guard_percent, parent_group_id, created_at, updated_at)
    select ${organizationId}, "groupId", name, "nameNormalized", category, type, privacy, "postApproval", description, style,
      "default", protected, "guardPercent", "parentGroupId", ${at}, ${at}
    from json_to_recordset(${JSON.stringify(rows)}) saved ("groupId" text, name text, "nameNormalized" text,
      category smallint, type smallint, privacy smallint, "postApproval" boolean, description text, style text,
      "default" boolean, protected boolean, "guardPercent" smallint, "parentGroupId" text)
    on conflict (organization_id, group_id) do update
    set category = excluded.category, type = excluded.type, privacy = excluded.privacy,
      post_approval = excluded.post_approval, description = excluded.description, style = excluded.style,
      is_default = excluded.is_default, is_protected = excluded.is_protected, guard_percent = excluded.guard_percent,
      parent_group_id = excluded.parent_group_id, version = groups.version + 1, updated_at = excluded.updated_at`;
}

const entryOf = ({ group, isNew, changed }: SavedGroup): ChangeEntry => ({
  type: "group",
  action: isNew ? "created" : "updated",
  id: group.groupId,
  changed,
});

/** A select of the people who are network administrators of any group. */
const networkAdministrators = (organizationId: number): Sql =>
  sql`select distinct user_id from memberships where organization_id = ${organizationId} and role = 2`;

const countRow = z.object({ count: z.int() });

/** Counts the network administrators. */
export async function countNetworkAdministrators(executor: Executor, organizationId: number): Promise<number> {
  return (await selectRow(executor, countRow, networkAdministratorCount(organizationId)))!.count;
}

/** The statement of `countNetworkAdministrators`. */
export const networkAdministratorCount = (organizationId: number): Sql =>
  sql`select count(*)::integer as count from (${networkAdministrators(organizationId)}) administrator`;

/**
 * Makes all network administrators members of these groups, in their role (file formats, section 6). The memberships are
 * claimed like memberships of default groups: no import takes them away. The caller holds the organization's lock.
 */
export function joinNetworkAdministrators(
  executor: Executor,
  organizationId: number,
  groupIds: readonly string[],
  origin: Origin,
  at: Date,
): Promise<ChangedMemberships> {
  const expressions = administratorMemberships(organizationId, groupIds, at);
  return changeMemberships(executor, organizationId, expressions, origin, at);
}

const claim = literal(byDefault);

/** The expressions that make network administrators members of groups. */
export const administratorMemberships = (
  organizationId: number,
  groupIds: readonly string[],
  at: Date,
): MembershipExpressions => [
  sql`changed as (
      insert into memberships (organization_id, user_id, group_id, role, role_owner, claims, since)
      select ${organizationId}, user_id, group_id, 2, ${claim}, 1::bigint << ${claim}, ${at}
      from (${networkAdministrators(organizationId)}) administrator cross join unnest(${groupIds}::text[]) group_id
      on conflict do nothing
      returning user_id, group_id, null::smallint as role_from, role as role_to
    )`,
];
