import { type Database, type Executor, withOrganization } from "../store/database.ts";
import {
  type GroupDocument,
  type GroupWithMembers,
  groupDocument,
  readGroup,
  type StoredGroup,
  storedGroupColumns,
} from "./groups.ts";
import { noSuchUser, readUserId } from "./users.ts";

/** A group that somebody may see. */
export interface VisibleGroup extends GroupDocument {
  /** The person's role in it; null: the person does not belong to it. */
  readonly role: number | null;
}

/** What of a person says which groups they may see. */
export interface Viewer {
  readonly showAllGroups: boolean;
  /** The person's location, in lower case. */
  readonly location: string | null;
  readonly isNetworkAdministrator: boolean;
}

const secret = 3;
const networkAdministrator = 2;

/**
 * The groups that a person may see, in the order of their ids, byte by byte: those that the person belongs to; of the
 * others no secret ones, unless the person is network administrator anywhere; and without `showAllGroups` only those of
 * the person's location, and those of none.
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
  return withOrganization(database, organizationId, async (client) => {
    const viewer = await readViewer(client, organizationId, userId);
    const { rows } = await client.query<VisibleRow>(
      `${visibleGroups} and groups.group_id > $6 order by groups.group_id limit $7`,
      [organizationId, userId, ...viewerValues(viewer), after ?? "", limit + 1],
    );
    return withSeenParents(client, organizationId, userId, viewer, rows.map(visibleGroup));
  });
}

/**
 * One group as a person may see it.
 * @param executor inside a transaction of the organization
 * @returns undefined when there is no such group, or the person may not see it: that is told apart nowhere
 */
export async function findVisibleGroup(
  executor: Executor,
  organizationId: number,
  userId: number,
  viewer: Viewer,
  groupId: string,
): Promise<VisibleGroup | undefined> {
  const { rows } = await executor.query<VisibleRow>(`${visibleGroups} and groups.group_id = $6`, [
    ...[organizationId, userId, ...viewerValues(viewer), groupId],
  ]);
  return rows[0] && visibleGroup(rows[0]);
}

/**
 * Groups as a person sees them: without parents that are none to them, because they may not see those.
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
  const { rows } = await executor.query<VisibleRow>(`${visibleGroups} and groups.group_id = any($6::text[])`, [
    ...[organizationId, userId, ...viewerValues(viewer), [...parents]],
  ]);
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
  return withOrganization(database, organizationId, async (client) =>
    asSeenBy(client, organizationId, userId, await readGroup(client, organizationId, groupId)),
  );
}

/**
 * What of a person says which groups they may see.
 * @throws MusterError not_found when there is no such user
 */
export async function readViewer(executor: Executor, organizationId: number, userId: number): Promise<Viewer> {
  const { rows } = await executor.query<Viewer & Record<string, unknown>>(
    `select u.show_all_groups as "showAllGroups",
       (select l.name_normalized from locations l where l.organization_id = $1 and l.name = u.location) as location,
       exists (select from memberships m
         where m.organization_id = $1 and m.user_id = $2 and m.role = ${networkAdministrator}) as "isNetworkAdministrator"
     from users u where u.organization_id = $1 and u.id = $2`,
    [organizationId, userId],
  );
  if (!rows[0]) throw noSuchUser();
  return rows[0];
}

type VisibleRow = StoredGroup & { readonly role: number | null };

const visibleGroup = (row: VisibleRow): VisibleGroup => ({ ...groupDocument(row), role: row.role });

const viewerValues = ({ isNetworkAdministrator, showAllGroups, location }: Viewer) => [
  isNetworkAdministrator,
  showAllGroups,
  location,
];

/**
 * Parameters: $1 organization, $2 user, $3 whether secret groups are seen, $4 whether those of all locations are, $5 the
 * user's location or null. Further conditions on `groups` may follow.
 */
const visibleGroups = `
  select ${storedGroupColumns}, own.role
  from groups
  left join (select group_id as own_group_id, role from memberships where organization_id = $1 and user_id = $2) own
    on own.own_group_id = groups.group_id
  where organization_id = $1 and (
    own.role is not null
    or ((privacy <> ${secret} or $3) and (
      $4
      or not exists (select from location_groups l where l.organization_id = $1 and l.group_id = groups.group_id)
      or exists (select from location_groups l
        where l.organization_id = $1 and l.location_normalized = $5 and l.group_id = groups.group_id))))`;
