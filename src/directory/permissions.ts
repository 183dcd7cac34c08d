import { type Capability, type RoleScope, roleRights } from "../organizations/role-capabilities.ts";
import { type Database, withOrganization } from "../store/database.ts";
import { byDefault, manual, selfRegistered } from "./claims.ts";
import { noSuchUser, readUserId } from "./users.ts";

/** A right that somebody has beyond those of a member. */
export interface Permission {
  readonly userId: string;
  readonly databaseId: string | null;
  readonly username: string | null;
  readonly firstName: string;
  readonly lastName: string;
  readonly scope: RoleScope;
  /** The group of the membership that gives it; with the scope `organization` it counts everywhere. */
  readonly groupId: string;
  /** The number that feeds write (file formats, section 3). */
  readonly role: number;
  readonly capabilities: readonly Capability[];
  /** Where the right came from: `manual`, `self-registered`, `default` or `source`. */
  readonly origin: "manual" | "self-registered" | "default" | "source";
  /** Name of the source that granted it; null of the other origins. */
  readonly source: string | null;
  /** Since when: RFC 3339, UTC, microseconds. */
  readonly since: string;
}

/** Which permissions a list shows: those to which everything that is given applies. */
export interface PermissionFilter {
  readonly userId?: string | undefined;
  readonly groupId?: string | undefined;
  readonly role?: number | undefined;
}

/** The permission before a page. */
export type PermissionKey = readonly [userId: number, groupId: string];

type StoredPermission = Omit<Permission, "scope" | "capabilities" | "origin"> & {
  readonly owner: number;
  readonly [column: string]: unknown;
};

/**
 * Who may do more than a member, in the order of the people's ids and of the groups'.
 * @returns at most `limit` + 1 of them, so that the caller knows whether there are more
 * @throws MusterError not_found when there is no such user
 */
export function listPermissions(
  database: Database,
  organizationId: number,
  { userId, groupId, role }: PermissionFilter,
  { after, limit }: { readonly after: PermissionKey | undefined; readonly limit: number },
): Promise<Permission[]> {
  const wanted = userId === undefined ? null : readUserId(userId);
  return withOrganization(database, organizationId, async (client) => {
    if (wanted !== null) {
      const { rowCount } = await client.query("select from users where organization_id = $1 and id = $2", [
        organizationId,
        wanted,
      ]);
      if (!rowCount) throw noSuchUser();
    }
    const { rows } = await client.query<StoredPermission>(statement, [
      ...[organizationId, wanted, groupId ?? null, role ?? null, after?.[0] ?? 0, after?.[1] ?? "", limit + 1],
    ]);
    return rows.map(toPermission);
  });
}

const statement = `
  select m.user_id::text as "userId", users.username, users.first_name as "firstName", users.last_name as "lastName",
    m.group_id as "groupId", m.role, m.role_owner as owner, sources.name as source, timestamp_text(m.since) as since,
    (select us.database_id from user_sources us
       join sources s on s.organization_id = $1 and s.number = us.source
     where us.organization_id = $1 and us.user_id = m.user_id and us.database_id is not null
     order by s.rank, s.number limit 1) as "databaseId"
  from (
    select user_id, group_id, role, role_owner, since from memberships
    where organization_id = $1 and role > 0
      and ($2::bigint is null or user_id = $2) and ($3::text is null or group_id = $3) and ($4::smallint is null or role = $4)
      and (user_id, group_id) > ($5::bigint, $6::text collate "C")
    order by user_id, group_id limit $7
  ) m
  join users on users.organization_id = $1 and users.id = m.user_id
  left join sources on sources.organization_id = $1 and sources.number = m.role_owner
  order by m.user_id, m.group_id`;

const origins: Readonly<Record<number, Permission["origin"]>> = {
  [manual]: "manual",
  [selfRegistered]: "self-registered",
  [byDefault]: "default",
};

function toPermission({ owner, ...stored }: StoredPermission): Permission {
  const { userId, databaseId, username, firstName, lastName, groupId, role, source, since } = stored;
  const { scope, capabilities } = roleRights[role]!;
  return {
    ...{ userId, databaseId, username, firstName, lastName, scope, groupId, role, capabilities },
    ...{ origin: origins[owner] ?? "source", source, since },
  };
}
