import { MusterError } from "../errors.ts";
import type { Executor } from "../store/database.ts";

/**
 * Whose word a change of members is: `organization`, which may do everything, or `group`, an administrator of the group
 * alone, who neither makes network administrators nor changes or removes them, wherever they are it.
 */
export type MemberAuthority = "organization" | "group";

const networkAdministrator = 2;

/** Why an item of an edit is left out. */
export const notGrantable = "may be made network administrator by network administrators only";
export const notChangeable = "is a network administrator, whom only network administrators change";

/**
 * Of some people those whom the authority may not change.
 * @param executor inside a transaction of the organization that holds its lock, so that it stays so
 */
export async function findUntouchable(
  executor: Executor,
  organizationId: number,
  authority: MemberAuthority,
  userIds: readonly number[],
): Promise<ReadonlySet<number>> {
  if (authority === "organization") return new Set();
  const { rows } = await executor.query<{ id: number }>(
    `select distinct user_id as id from memberships
     where organization_id = $1 and user_id = any($2::bigint[]) and role = ${networkAdministrator}`,
    [organizationId, userIds],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Whether the authority may give a role. */
export const mayGrant = (authority: MemberAuthority, role: number): boolean =>
  authority === "organization" || role !== networkAdministrator;

/**
 * Makes sure that the authority may change one member.
 * @param role the role to be given; null: the membership is to end
 * @throws MusterError forbidden
 */
export async function requireAuthority(
  executor: Executor,
  organizationId: number,
  authority: MemberAuthority,
  userId: number,
  role: number | null,
): Promise<void> {
  if (role !== null && !mayGrant(authority, role)) {
    throw new MusterError("forbidden", "Only network administrators make network administrators.");
  }
  const untouchable = await findUntouchable(executor, organizationId, authority, [userId]);
  if (untouchable.has(userId)) {
    throw new MusterError("forbidden", "That is a network administrator, whom only network administrators change.");
  }
}
