import { MusterError } from "../errors.ts";
import type { Executor } from "../store/database.ts";

/**
 * Whose word a change of members is: `organization`, which may do everything; `groups`, an API key for groups alone, which
 * does not make network administrators, for such a one could give itself all other services; or `group`, an administrator
 * of the group alone, who neither makes network administrators nor changes or removes them, wherever they are it.
 */
export type MemberAuthority = "organization" | "groups" | "group";

const networkAdministrator = 2;

/** Why an item of an edit is left out. */
export const notGrantable = "may be made network administrator by network administrators and the service admin only";
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
  if (authority !== "group") return new Set();
  const { rows } = await executor.query<{ id: number }>(
    `select distinct user_id as id from memberships
     where organization_id = $1 and user_id = any($2::bigint[]) and role = ${networkAdministrator}`,
    [organizationId, userIds],
  );
  return new Set(rows.map(({ id }) => id));
}

/**
 * Whether the authority may give a role.
 * @param held the role that the person has in the group already; null: none
 */
export const mayGrant = (authority: MemberAuthority, role: number, held: number | null): boolean =>
  authority === "organization" || role !== networkAdministrator || role === held;

/**
 * Makes sure that the authority may change one member.
 * @param role the role to be given; null: the membership is to end
 * @param held the role that the person has in the group already; null: none
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
