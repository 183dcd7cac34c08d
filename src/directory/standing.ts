import { type Capability, capabilities, roleRights } from "../organizations/role-capabilities.ts";
import type { Executor } from "../store/statement.ts";
import { noSuchGroup } from "./groups.ts";
import { findVisibleGroup, readViewer, type VisibleGroup } from "./visible-groups.ts";

/** The rights of a person in a group, and the group as they see it. */
export interface Standing {
  readonly group: VisibleGroup;
  /** The person's role in the group; null: the person does not belong to it. */
  readonly role: number | null;
  readonly isNetworkAdministrator: boolean;
  /** From the table of roles: the capabilities of the person's role, all for network administrators, `see` alone for outsiders. */
  readonly capabilities: readonly Capability[];
}

/**
 * The rights of a person in a group.
 * @param executor inside a transaction of the organization
 * @throws MusterError not_found when there is no such user; or no such group, or the person may not see it
 */
export async function readStanding(
  executor: Executor,
  organizationId: number,
  userId: number,
  groupId: string,
): Promise<Standing> {
  const viewer = await readViewer(executor, organizationId, userId);
  const group = await findVisibleGroup(executor, organizationId, userId, viewer, groupId);
  if (!group) throw noSuchGroup();
  const { isNetworkAdministrator } = viewer;
  return {
    group,
    role: group.role,
    isNetworkAdministrator,
    capabilities: capabilitiesOf(group.role, isNetworkAdministrator),
  };
}

/**
 * The capabilities that a role gives in its group.
 * @param role null: the person does not belong to the group
 */
export function capabilitiesOf(role: number | null, isNetworkAdministrator: boolean): readonly Capability[] {
  if (isNetworkAdministrator) return capabilities;
  return role === null ? ["see"] : roleRights[role]!.capabilities;
}

/** Numbers of the roles that have a capability. */
export const rolesWith = (capability: Capability): readonly number[] =>
  roleRights.flatMap((rights, role) => (rights.capabilities.includes(capability) ? [role] : []));
