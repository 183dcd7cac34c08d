import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { MusterError } from "../errors.ts";
import { literal, prepared, selectRows } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";

/**
 * The authority behind a change of members. `organization` may do everything. `groups` is an API key for groups alone: it
 * does not make network administrators, for these could give themselves all other services. `group` is an administrator of
 * the group alone, who neither makes network administrators nor changes or removes network administrators of any group.
 */
export type MemberAuthority = "organization" | "groups" | "group";

const networkAdministrator = 2;

/** Reasons to leave out an item of an edit. */
export const notGrantable = "may be made network administrator by network administrators and the service admin only";
export const notChangeable = "is a network administrator, whom only network administrators change";

/**
 * Finds those people whom the authority may not change.
 * @param executor inside a transaction of the organization that holds its lock, so that it stays so
 */
export async function findUntouchable(
  executor: Executor,
  organizationId: number,
  authority: MemberAuthority,
  userIds: readonly number[],
): Promise<ReadonlySet<number>> {
  if (authority !== "group") return new Set();
  const rows = await selectRows(executor, idRow, prepared(networkAdministratorsAmong(organizationId, userIds)));
  return new Set(rows.map(({ id }) => id));
}

const idRow = z.object({ id: z.int() });

/** The statement that finds the network administrators among some people. */
export const networkAdministratorsAmong = (organizationId: number, userIds: readonly number[]): Sql => sql`
  select distinct user_id as id from memberships
  where organization_id = ${organizationId} and user_id = any(${userIds}::bigint[])
    and role = ${literal(networkAdministrator)}`;

/**
 * Tells if the authority may give a role.
 * @param held the role that the person has in the group already; null: no membership
 */
export const mayGrant = (authority: MemberAuthority, role: number, held: number | null): boolean =>
  authority === "organization" || role !== networkAdministrator || role === held;

/**
 * Makes sure that the authority may change one member.
 * @param role the role to be given; null: the membership is to end
 * @param held the role that the person has in the group already; null: no membership
 * @throws MusterError forbidden
 */
export async function requireAuthority(
  executor: Executor,
  organizationId: number,
  authority: MemberAuthority,
  userId: number,
  role: number | null,
  held: number | null,
): Promise<void> {
  if (role !== null && !mayGrant(authority, role, held)) {
    throw new MusterError(
      "forbidden",
      "Only network administrators, and API keys with the service admin, make network administrators.",
    );
  }
  const untouchable = await findUntouchable(executor, organizationId, authority, [userId]);
  if (untouchable.has(userId)) {
    throw new MusterError("forbidden", "That is a network administrator, whom only network administrators change.");
  }
}
