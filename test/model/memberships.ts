/** Memberships of a person (file formats, sections 3 and 5). */
import { letGoOfMembership } from "./absences.ts";
import { roleHeight, type Statement } from "./merge.ts";
import {
  byDefault,
  defaultGroups,
  followsImport,
  hasGrantedRole,
  type Issue,
  isProtected,
  isSource,
  type Membership,
  type Organization,
  outranks,
  type User,
} from "./state.ts";

/** Removes, then adds, the memberships that a statement orders. */
export function applyMemberships(
  organization: Organization,
  source: number,
  user: User,
  statement: Statement,
  warn: (row: number, issue: Issue) => void,
): void {
  for (const [groupId, row] of namedGroups(statement)) {
    if (!organization.groups.has(groupId)) warn(row, { code: "group_unknown", field: "groupID" });
  }
  for (const [groupId, membership] of [...user.memberships]) {
    const row = statement.leave.get(groupId) ?? statement.leaveAll;
    if (row === undefined) continue;
    const isSpared = statement.onlyRemoves && isProtected(user);
    const obstacle = obstacleToRemoval(organization, isSpared, groupId, membership);
    if (!obstacle) user.memberships.delete(groupId);
    // who leaves and joins is to be a member: a membership that could not end is no news then
    else if (!statement.join.has(groupId)) warn(row, { code: obstacle, field: "groupID" });
  }
  if (statement.replacesGroups && statement.leaveAll === undefined) {
    for (const groupId of [...user.memberships.keys()]) {
      if (statement.join.has(groupId) || statement.leave.has(groupId) || !followsImport(organization, groupId))
        continue;
      const obstacle = letGoOfMembership(organization, source, user, groupId);
      if (obstacle === "role") warn(statement.firstRow, { code: "role_kept", field: "groupID" });
    }
  }
  for (const [groupId, { role, row }] of statement.join) {
    if (!organization.groups.has(groupId)) continue;
    const stored = user.memberships.get(groupId);
    if (!stored) {
      user.memberships.set(groupId, { role: role ?? 0, roleOwner: source, claims: new Set([source]) });
      continue;
    }
    stored.claims.add(source);
    const kept = !applyRole(organization, source, statement.mode, stored, role);
    if (kept && role !== null) warn(row, { code: "role_kept", field: "groupID" });
  }
}

/** Adds somebody new to the default groups, unless the file has them leave. */
export function joinDefaultGroups(organization: Organization, user: User, statement: Statement): void {
  for (const groupId of defaultGroups(organization)) {
    if (statement.leaveAll !== undefined || statement.leave.has(groupId)) continue;
    const joined = user.memberships.get(groupId);
    if (joined) joined.claims.add(byDefault);
    else user.memberships.set(groupId, { role: 0, roleOwner: byDefault, claims: new Set([byDefault]) });
  }
}

/** Why an import may not end a membership; undefined if it may. */
function obstacleToRemoval(
  organization: Organization,
  isSpared: boolean,
  groupId: string,
  membership: Membership,
): "membership_kept" | "role_kept" | undefined {
  if (organization.groups.get(groupId)?.style === "static" || isSpared) return "membership_kept";
  return hasGrantedRole(membership) ? "role_kept" : undefined;
}

/** Gives a stored membership the role of the file. Returns false if it keeps another one. */
function applyRole(
  organization: Organization,
  source: number,
  mode: Statement["mode"],
  membership: Membership,
  said: number | null,
): boolean {
  const role = said ?? (mode === "replace" ? 0 : null);
  if (role === null) return true;
  const { role: stored, roleOwner } = membership;
  if (role === stored) {
    if (outranks(organization, source, roleOwner)) membership.roleOwner = source;
    return true;
  }
  const ownerYields = isSource(roleOwner) && !outranks(organization, roleOwner, source);
  const promotes = roleHeight(role) > roleHeight(stored);
  // a plain member can always be promoted; a role of higher origin stays; without a databaseID nothing is taken away
  if (stored !== 0 && !(ownerYields && (promotes || mode === "replace"))) return false;
  membership.role = role;
  membership.roleOwner = source;
  return true;
}

/** Every group that a statement names, with the first row that names it. */
function namedGroups(statement: Statement): Map<string, number> {
  const named = new Map(statement.leave);
  for (const [groupId, { row }] of statement.join) named.set(groupId, Math.min(row, named.get(groupId) ?? row));
  return named;
}
