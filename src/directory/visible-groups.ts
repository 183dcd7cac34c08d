import { type Database, withOrganization } from "../store/database.ts";
import { type GroupDocument, groupDocument, type StoredGroup, storedGroupColumns } from "./groups.ts";
import { noSuchUser, readUserId } from "./users.ts";

/** A group that somebody may see. */
export interface VisibleGroup extends GroupDocument {
  /** The person's role in it; null: the person does not belong to it. */
  readonly role: number | null;
}

interface Viewer extends Record<string, unknown> {
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
    const { rows: viewers } = await client.query<Viewer>(viewerStatement, [organizationId, userId]);
    const [viewer] = viewers;
    if (!viewer) throw noSuchUser();
    const { rows } = await client.query<StoredGroup & { readonly role: number | null }>(visibleStatement, [
      ...[organizationId, userId, after ?? "", limit + 1],
      ...[viewer.isNetworkAdministrator, viewer.showAllGroups, viewer.location],
    ]);
    return rows.map((row) => ({ ...groupDocument(row), role: row.role }));
  });
}

/** At most one row. Parameters: $1 organization, $2 user. */
const viewerStatement = `
  select u.show_all_groups as "showAllGroups",
    (select l.name_normalized from locations l where l.organization_id = $1 and l.name = u.location) as location,
    exists (select from memberships m
      where m.organization_id = $1 and m.user_id = $2 and m.role = ${networkAdministrator}) as "isNetworkAdministrator"
  from users u where u.organization_id = $1 and u.id = $2`;

/**
 * Parameters: $1 organization, $2 user, $3 id before the page, $4 groups at most, $5 whether secret groups are seen, $6
 * whether those of all locations are, $7 the user's location or null.
 */
const visibleStatement = `
  with own as materialized (
    select group_id, role from memberships where organization_id = $1 and user_id = $2
  )
  select ${storedGroupColumns}, (select own.role from own where own.group_id = groups.group_id) as role
  from groups
  where organization_id = $1 and group_id > $3 and (
    group_id in (select own.group_id from own)
    or ((privacy <> ${secret} or $5) and (
      $6
      or not exists (select from location_groups l where l.organization_id = $1 and l.group_id = groups.group_id)
      or exists (select from location_groups l
        where l.organization_id = $1 and l.location_normalized = $7 and l.group_id = groups.group_id))))
  order by group_id limit $4`;
