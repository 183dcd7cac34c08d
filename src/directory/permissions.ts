import sql, { empty, type Sql } from "sql-template-tag";
import { z } from "zod";
import { capabilities, roleRights } from "../organizations/role-capabilities.ts";
import { type Database, withOrganization } from "../store/database.ts";
import { prepared, selectRows } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { byDefault, manual, selfRegistered } from "./claims.ts";
import { roleNames } from "./roles.ts";
import { noSuchUser, readUserId } from "./users.ts";

const examplePermission = {
  userId: "17",
  databaseId: "900123456",
  username: "jdoe",
  firstName: "Jane",
  lastName: "Doe",
  scope: "group" as const,
  groupId: "CRS-0001",
  role: 3,
  capabilities: capabilities.slice(0, 4),
  origin: "source" as const,
  source: "employees",
  since: "2026-11-22T02:00:03.123456Z",
};

/** A right that plain members do not have. The role is the number that feeds write. Times are RFC 3339, UTC, microseconds. */
export const permissionSchema = z
  .object({
    userId: z.string(),
    databaseId: z.string().nullable().describe("In the highest-ranked source that knows the person."),
    username: z.string().nullable(),
    firstName: z.string(),
    lastName: z.string(),
    scope: z.enum(["organization", "group"]).describe("Where it counts: in every group, or in this one."),
    groupId: z.string().describe("The group of the membership that gives it."),
    role: z.int().describe(roleNames),
    capabilities: z.array(z.enum(capabilities)).describe("What the role may do there."),
    origin: z.enum(["manual", "self-registered", "default", "source"]).describe("Where the right came from."),
    source: z.string().nullable().describe("The source that granted it; null of other origins."),
    since: z.string().describe("Since when the person has this role in the group."),
  })
  .meta({ id: "Permission", examples: [examplePermission] });

export type Permission = z.infer<typeof permissionSchema>;

/** The permissions that a list shows. All given conditions have to apply. */
export interface PermissionFilter {
  readonly userId?: string | undefined;
  readonly groupId?: string | undefined;
  readonly role?: number | undefined;
}

/** The permission before a page. */
export type PermissionKey = readonly [userId: number, groupId: string];

interface PermissionPage {
  readonly after: PermissionKey | undefined;
  readonly limit: number;
}

const storedPermission = z.object({
  userId: z.string(),
  databaseId: z.string().nullable(),
  username: z.string().nullable(),
  firstName: z.string(),
  lastName: z.string(),
  groupId: z.string(),
  role: z.int(),
  owner: z.int(),
  source: z.string().nullable(),
  since: z.string(),
});

/**
 * The rights that plain members do not have, in the order of the people's ids and of the groups'.
 * @returns at most `limit` + 1 of them, so that the caller knows whether there are more
 * @throws MusterError not_found when there is no such user
 */
export function listPermissions(
  database: Database,
  organizationId: number,
  filter: PermissionFilter,
  page: PermissionPage,
): Promise<Permission[]> {
  const userId = filter.userId === undefined ? undefined : readUserId(filter.userId);
  return withOrganization(database, organizationId, async (transaction) => {
    if (userId !== undefined) await requireUser(transaction, organizationId, userId);
    const statement = pageOfPermissions(organizationId, { ...filter, userId }, page);
    const rows = await selectRows(transaction, storedPermission, prepared(statement));
    return rows.map(toPermission);
  });
}

async function requireUser(executor: Executor, organizationId: number, userId: number): Promise<void> {
  const statement = sql`select from users where organization_id = ${organizationId} and id = ${userId}`;
  if ((await executor.query(prepared(statement))).rowCount === 0) throw noSuchUser();
}

/** The statement of `listPermissions`. */
export const pageOfPermissions = (
  organizationId: number,
  { userId, groupId, role }: Omit<PermissionFilter, "userId"> & { readonly userId: number | undefined },
  { after = [0, ""], limit }: PermissionPage,
): Sql => sql`
  select m.user_id::text as "userId", users.username, users.first_name as "firstName", users.last_name as "lastName",
    m.group_id as "groupId", m.role, m.role_owner as owner, sources.name as source, timestamp_text(m.since) as since,
    (select us.database_id from user_sources us
       join sources s on s.organization_id = ${organizationId} and s.number = us.source
     where us.organization_id = ${organizationId} and us.user_id = m.user_id and us.database_id is not null
     order by s.rank, s.number limit 1) as "databaseId"
  from (
    select user_id, group_id, role, role_owner, since from memberships
    where organization_id = ${organizationId} and role > 0
      ${userId === undefined ? empty : sql`and user_id = ${userId}`}
      ${groupId === undefined ? empty : sql`and group_id = ${groupId}`}
      ${role === undefined ? empty : sql`and role = ${role}`}
      and (user_id, group_id) > (${after[0]}::bigint, ${after[1]}::text collate "C")
    order by user_id, group_id limit ${limit + 1}
  ) m
  join users on users.organization_id = ${organizationId} and users.id = m.user_id
  left join sources on sources.organization_id = ${organizationId} and sources.number = m.role_owner
  order by m.user_id, m.group_id`;

const origins: Readonly<Record<number, Permission["origin"]>> = {
  [manual]: "manual",
  [selfRegistered]: "self-registered",
  [byDefault]: "default",
};

function toPermission({ owner, ...stored }: z.infer<typeof storedPermission>): Permission {
  const rights = roleRights[stored.role]!;
  return {
    userId: stored.userId,
    databaseId: stored.databaseId,
    username: stored.username,
    firstName: stored.firstName,
    lastName: stored.lastName,
    scope: rights.scope,
    groupId: stored.groupId,
    role: stored.role,
    capabilities: [...rights.capabilities],
    origin: origins[owner] ?? "source",
    source: stored.source,
    since: stored.since,
  };
}
