/** Finds people whom a roster should name and does not, and decides about them (file formats, sections 4 and 5). */
import type { UserRow } from "../../src/intake/records.ts";
import type { Style } from "../../src/organizations/settings.ts";
import type { Decision } from "./decide.ts";
import { mayNotBeDeleted } from "./decide.ts";
import {
  byDefault,
  type ClaimNumber,
  followsImport,
  isRoster,
  manual,
  networkAdministrator,
  type Organization,
  obstacleToSilence,
  selfRegistered,
  type User,
} from "./state.ts";
import { textProperties } from "./texts.ts";

/** A user whom the file does not name. */
export interface Absence {
  readonly user: User;
  readonly fate: "delete" | "withdraw" | "keep";
}

/** Finds who is absent from a roster; a normal import has no absences. */
export function findAbsences(
  organization: Organization,
  {
    source,
    style,
    rows,
    failed,
  }: { source: number; style: Style; rows: readonly UserRow[]; failed: ReadonlySet<number> },
  decisions: readonly Decision[],
): Absence[] {
  if (style === "normal") return [];
  const users = [...organization.users.values()];
  const present = new Set(decisions.filter(({ fate }) => fate !== "fail").map(({ person }) => person.user));
  const named = (user: User) => rows.some((row) => carriesIdentifier(source, user, row, failed.has(row.row)));
  const own = ownClaims(organization, source);
  const claimedByOthers = (user: User) =>
    [...user.claims].some((claim) => !own.includes(claim) && claim !== selfRegistered && claim !== byDefault);
  const absent = users
    .filter((user) => [...user.claims].some((claim) => own.includes(claim)))
    .filter((user) => user.claims.has(source) || !claimedByOthers(user))
    .filter((user) => !present.has(user) && !named(user))
    .filter((user) => style !== "purge" || isInAGroup(user));
  const ordered = decisions.filter(({ statement, fate }) => statement.deletingRows > 0 && fate === "remove");
  const remains = (user: User) => claimedByOthers(user) && remainsAdministrator(organization, source, user);
  const leaving = [...ordered.flatMap(({ person }) => person.user ?? []), ...absent.filter((user) => !remains(user))];
  return absent.map((user) => {
    if (claimedByOthers(user)) return { user, fate: "withdraw" };
    return { user, fate: mayNotBeDeleted(organization, user, leaving) ? "keep" : "delete" };
  });
}

/** Tells if a person from whom the source withdraws is a network administrator afterwards, and not absent from the next file. */
function remainsAdministrator(organization: Organization, source: number, user: User): boolean {
  return [...user.memberships].some(([groupId, membership]) => {
    const { role, roleOwner, claims } = membership;
    if (role !== networkAdministrator) return false;
    if (!followsImport(organization, groupId)) return !isRoster(organization, groupId);
    if (!claims.has(source)) return true;
    if (claims.size === 1) return obstacleToSilence(organization, groupId, membership) !== undefined;
    return roleOwner !== source;
  });
}

/** The source `default` may be told to count people as its own whom nobody's feed brought. */
function ownClaims({ settings, sources }: Organization, source: number): ClaimNumber[] {
  if (sources.get("default")?.number !== source) return [source];
  return [
    source,
    ...(settings.protectManual ? [] : [manual]),
    ...(settings.protectSelfRegistered ? [] : [selfRegistered]),
  ];
}

/** Memberships by default alone don't count. */
const isInAGroup = (user: User) =>
  [...user.memberships.values()].some(({ claims }) => [...claims].some((claim) => claim !== byDefault));

/** An address may be another person's, too: it counts only in a failed row, which protects everybody it could mean. */
export function carriesIdentifier(source: number, user: User, row: UserRow, isFailed: boolean): boolean {
  const databaseId = user.sources.get(source);
  if (databaseId && databaseId === row.databaseId) return true;
  if (user.username.value && user.username.value.normalized === row.usernameNormalized) return true;
  const email = user.email.value?.normalized;
  return isFailed && email !== undefined && email === row.emails?.[0]?.normalized;
}

/** The source lets go of a user whom others claim; what nobody else claims goes, and its scalars are anybody's. */
export function letGo(organization: Organization, source: number, user: User): void {
  user.claims.delete(source);
  user.sources.delete(source);
  const scalars = [...textProperties, "username", "customFields", "location", "showAllGroups", "email"] as const;
  for (const scalar of scalars) if (user[scalar].owner === source) user[scalar].owner = null;
  for (const list of [user.emails, user.phones]) {
    for (const [key, { claims }] of list) {
      claims.delete(source);
      if (claims.size === 0) list.delete(key);
    }
  }
  for (const groupId of [...user.memberships.keys()]) {
    if (followsImport(organization, groupId)) letGoOfMembership(organization, source, user, groupId);
  }
}

/** Returns why a membership stays that nobody else claims. */
export function letGoOfMembership(
  organization: Organization,
  source: number,
  user: User,
  groupId: string,
): "static" | "role" | undefined {
  const membership = user.memberships.get(groupId);
  if (!membership?.claims.has(source)) return undefined;
  if (membership.claims.size === 1) {
    const obstacle = obstacleToSilence(organization, groupId, membership);
    if (!obstacle) user.memberships.delete(groupId);
    return obstacle;
  }
  membership.claims.delete(source);
  if (membership.roleOwner === source) {
    membership.role = 0;
    membership.roleOwner = Math.min(...membership.claims);
  }
  return undefined;
}
