/** Groups that have a style of their own, which concerns their memberships alone (file formats, section 5). */
import type { UserRow } from "../../src/intake/records.ts";
import { carriesIdentifier, letGoOfMembership } from "./absences.ts";
import type { Decision } from "./decide.ts";
import type { Statement } from "./merge.ts";
import { type Issue, isRoster, type Organization } from "./state.ts";

/** Treats a person in a group of style purge as if the whole file had that style, except for other groups. */
export function inPurgeGroups(organization: Organization, statement: Statement): Statement {
  const isPurge = (groupId: string) => organization.groups.get(groupId)?.style === "purge";
  if (![...statement.join.keys()].some(isPurge)) return statement;
  return { ...statement, mode: "replace" };
}

/**
 * Takes out of the groups that are rosters whom the file doesn't put into them, if it names the group at all. The source
 * withdraws its claim; who is also claimed by others stays.
 * @param before the state before the file, by which failed rows are somebody's
 * @param failed the rows that failed: they name no group and make nobody absent
 */
export function leaveRosters(
  before: Organization,
  organization: Organization,
  { source, failed }: { readonly source: number; readonly failed: readonly UserRow[] },
  applied: readonly Decision[],
  warn: (row: number, issue: Issue) => void,
): void {
  const speaking = applied.filter(({ fate }) => fate !== "nothing");
  const named = new Set(speaking.flatMap(({ statement }) => [...statement.join.keys(), ...statement.leave.keys()]));
  for (const stored of before.users.values()) {
    const user = organization.users.get(stored.id);
    if (!user) continue;
    const { statement, fate } = applied.find(({ person }) => person.user === user) ?? {};
    const mayBeMeant = (row: UserRow) =>
      carriesIdentifier(source, stored, row, true) || (statement !== undefined && isOfThePerson(statement, row));
    if (statement?.leaveAll !== undefined || statement?.groupsIncomplete || failed.some(mayBeMeant)) continue;
    for (const groupId of [...user.memberships.keys()]) {
      if (!named.has(groupId) || !isRoster(organization, groupId)) continue;
      if (statement?.join.has(groupId) || statement?.leave.has(groupId)) continue;
      const obstacle = letGoOfMembership(organization, source, user, groupId);
      if (obstacle === "role" && statement && fate === "update") {
        warn(statement.firstRow, { code: "role_kept", field: "groupID" });
      }
    }
  }
}

/** Tells whether a row has an identifier that the file gives a person. */
export function isOfThePerson({ databaseId, username, primaryEmail }: Statement, row: UserRow): boolean {
  return Boolean(
    (databaseId !== null && row.databaseId === databaseId) ||
      (username?.value && row.usernameNormalized === username.value.normalized) ||
      (primaryEmail && row.emails?.[0]?.normalized === primaryEmail.value.normalized),
  );
}
