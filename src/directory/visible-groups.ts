import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { type Database, withOrganization } from "../store/database.ts";
import { literal, prepared, selectRow, selectRows } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import {
  exampleGroup,
  type GroupDocument,
  type GroupWithMembers,
  groupDocument,
  groupSchema,
  storedGroupColumns,
  storedGroupRow,
} from "./group-document.ts";
import { readGroup } from "./groups.ts";
import { roleNames } from "./roles.ts";
import { noSuchUser, readUserId } from "./users.ts";

/** A group that a person may see, with their role in it. */
export const visibleGroupSchema = groupSchema
  .extend({ role: z.int().nullable().describe(`${roleNames} null: the person does not belong to the group.`) })
  .meta({ id: "VisibleGroup", examples: [{ ...exampleGroup, role: null }] });
export type VisibleGroup = z.infer<typeof visibleGroupSchema>;

const viewerRow = z.object({
  showAllGroups: z.boolean(),
  /** The person's location, in lower case. */
  location: z.string().nullable(),
  isNetworkAdministrator: z.boolean(),
});
/** The values of a person that decide which groups they may see. */
export type Viewer = z.infer<typeof viewerRow>;

const secret = 3;
const networkAdministrator = 2;

/**
 * The groups that a person may see, in the order of their ids, byte by byte: those that the person belongs to; of the
 * others no secret ones, unless the person is network administrator anywhere; and without `showAllGroups` only the
 * groups of the person's location, and groups without a location.
 * @param page `after`: the id after which to begin
 * @returns at most `limit` + 1 of them, so that the caller knows whether there are more
 * @throws MusterError not_found when there is no such user
 */
export function listVisibleGroups(
  database: Database,
  organizationId: number,
  id: string,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<VisibleGroup[]> {
  const userId = readUserId(id);
  return withOrganization(database, organizationId, async (transaction) => {
    const viewer = await readViewer(transaction, organizationId, userId);
    const statement = pageOfGroups(organizationId, userId, viewer, after ?? "", limit + 1);
    const rows = await selectRows(transaction, visibleRow, prepared(statement));
    return withSeenParents(transaction, organizationId, userId, viewer, rows.map(visibleGroup));
  });
}

/** The statement of a page of the groups that a person may see. */
export const pageOfGroups = (
  organizationId: number,
  userId: number,
  viewer: Viewer,
  after: string,
  limit: number,
): Sql =>
  sql`${visibleGroups(organizationId, userId, viewer)} and groups.group_id > ${after} order by groups.group_id limit ${limit}`;

/**
 * One group as a person may see it.
 * @param executor inside a transaction of the organization
 * @returns undefined when there is no such group, or the person may not see it; callers cannot tell the two apart
 */
export async function findVisibleGroup(
  executor: Executor,
  organizationId: number,
  userId: number,
  viewer: Viewer,
  groupId: string,
): Promise<VisibleGroup | undefined> {
  const statement = sql`${visibleGroups(organizationId, userId, viewer)} and groups.group_id = ${groupId}`;
  const row = await selectRow(executor, visibleRow, prepared(statement));
  return row && visibleGroup(row);
}

/**
 * Groups as a person sees them: without the parents that they may not see.
 * @param executor inside a transaction of the organization
 */
async function withSeenParents<Shown extends Pick<GroupDocument, "parentGroupId">>(
  executor: Executor,
  organizationId: number,
  userId: number,
  viewer: Viewer,
  groups: readonly Shown[],
): Promise<Shown[]> {
  const parents = new Set(groups.map(({ parentGroupId }) => parentGroupId).filter((id) => id !== null));
  if (parents.size === 0) return [...groups];
  const statement = sql`${visibleGroups(organizationId, userId, viewer)} and groups.group_id = any(${[...parents]}::text[])`;
  const rows = await selectRows(executor, visibleRow, prepared(statement));
  const seen = new Set<string | null>(rows.map(({ groupId }) => groupId));
  return groups.map((group) => (seen.has(group.parentGroupId) ? group : { ...group, parentGroupId: null }));
}

/**
 * A group that a person may see, as they see it.
 * @param executor inside a transaction of the organization
 */
export async function asSeenBy<Shown extends Pick<GroupDocument, "parentGroupId">>(
  executor: Executor,
  organizationId: number,
  userId: number,
  group: Shown,
): Promise<Shown> {
  const viewer = await readViewer(executor, organizationId, userId);
  const [seen = group] = await withSeenParents(executor, organizationId, userId, viewer, [group]);
  return seen;
}

/**
 * A group that a person may see, as they see it, with the number of its members.
 * @throws MusterError not_found
 */
export function getGroupSeenBy(
  database: Database,
  organizationId: number,
  userId: number,
  groupId: string,
): Promise<GroupWithMembers> {
  return withOrganization(database, organizationId, async (transaction) =>
    asSeenBy(transaction, organizationId, userId, await readGroup(transaction, organizationId, groupId)),
  );
}

/**
 * The values of a person that decide which groups they may see.
 * @throws MusterError not_found when there is no such user
 */
export async function readViewer(executor: Executor, organizationId: number, userId: number): Promise<Viewer> {
  const viewer = await selectRow(executor, viewerRow, prepared(viewerOf(organizationId, userId)));
  if (!viewer) throw noSuchUser();
  return viewer;
}

/** The statement of `readViewer`. */
export const viewerOf = (organizationId: number, userId: number): Sql => sql`
  select u.show_all_groups as "showAllGroups",
    (select l.name_normalized from locations l where l.organization_id = ${organizationId} and l.name = u.location) as location,
    exists (select from memberships m
      where m.organization_id = ${organizationId} and m.user_id = ${userId} and m.role = ${literal(networkAdministrator)}
    ) as "isNetworkAdministrator"
  from users u where u.organization_id = ${organizationId} and u.id = ${userId}`;

const visibleRow = storedGroupRow.extend({ role: z.int().nullable() });

const visibleGroup = (row: z.infer<typeof visibleRow>): VisibleGroup => ({ ...groupDocument(row), role: row.role });

/** A select of the groups that a person may see. Further conditions on `groups` may follow. */
const visibleGroups = (
  organizationId: number,
  userId: number,
  { isNetworkAdministrator, showAllGroups, location }: Viewer,
): Sql => sql`
  select ${storedGroupColumns}, own.role
  from groups
  left join (
    select group_id as own_group_id, role from memberships
    where organization_id = ${organizationId} and user_id = ${userId}
  ) own on own.own_group_id = groups.group_id
  where organization_id = ${organizationId} and (
    own.role is not null
    or ((privacy <> ${literal(secret)} or ${isNetworkAdministrator}::boolean) and (
      ${showAllGroups}::boolean
      or not exists (select from location_groups l
        where l.organization_id = ${organizationId} and l.group_id = groups.group_id)
      or exists (select from location_groups l
        where l.organization_id = ${organizationId} and l.location_normalized = ${location}
          and l.group_id = groups.group_id))))`;
