/** People who were deleted and come back: their id, and what was entered by hand (file formats, section 5). */
import type { Decision } from "./decide.ts";
import { isBlank, type Statement } from "./merge.ts";
import { namesAgree } from "./names.ts";
import { locationKey, manual, type Organization, selfRegistered, type User } from "./state.ts";
import { textProperties } from "./texts.ts";

/**
 * Which of the people to be added are which deleted ones: those with whom two identifiers agree. Another databaseID in the
 * source speaks against it. Of several the one of whom most agrees, then the one who was deleted last.
 */
export function findReturns(
  organization: Organization,
  source: number,
  decisions: readonly Decision[],
): Map<Decision, User> {
  const best = new Map<User, { decision: Decision; agreeing: number }>();
  // All were deleted at the same time here: the larger id counts as the later one.
  const deleted = [...organization.tombstones.values()].sort((first, second) => second.id - first.id);
  for (const decision of decisions.filter(({ fate }) => fate === "add")) {
    const scores = deleted.map((user) => ({ user, agreeing: agreement(source, decision.statement, user) }));
    const most = Math.max(0, ...scores.map(({ agreeing }) => agreeing));
    const chosen = scores.find(({ agreeing }) => agreeing === most);
    if (!chosen || most < 2) continue;
    const rival = best.get(chosen.user);
    if (!rival || rival.agreeing < most) best.set(chosen.user, { decision, agreeing: most });
  }
  return new Map([...best].map(([user, { decision }]) => [decision, user]));
}

/** How many identifiers of the file and of a deleted person agree. */
function agreement(source: number, statement: Statement, user: User): number {
  const { databaseId, username, primaryEmail, firstName, lastName } = statement;
  const former = user.sources.get(source) ?? null;
  if (databaseId !== null && former !== null && databaseId !== former) return 0;
  const sent = { first: firstName?.value ?? "", last: lastName?.value ?? "" };
  const agrees = [
    databaseId !== null && databaseId === former,
    username?.value?.normalized !== undefined && username.value.normalized === user.username.value?.normalized,
    primaryEmail !== undefined &&
      primaryEmail.value.normalized === user.email.value?.normalized &&
      namesAgree(sent, { first: user.firstName.value, last: user.lastName.value }),
  ];
  return agrees.filter(Boolean).length;
}

const scalars = [...textProperties, "customFields", "showAllGroups"] as const;

/** Puts back what was entered by hand of somebody whom the file has just added again. */
export function putBack(
  organization: Organization,
  user: User,
  deleted: User,
  { isUsernameFree }: { readonly isUsernameFree: boolean },
): void {
  for (const scalar of scalars) {
    const { value, owner } = deleted[scalar];
    if (owner === manual && !isBlankValue(value)) Object.assign(user[scalar], { value, owner });
  }
  if (deleted.username.owner === manual && deleted.username.value && isUsernameFree)
    user.username = { ...deleted.username };
  if (deleted.location.owner === manual && organization.locations.has(locationKey(deleted.location.value)))
    user.location = { ...deleted.location };
  for (const [key, { email, claims }] of deleted.emails) {
    if (!claims.has(manual) || !user.email.value || key === user.email.value.normalized) continue;
    const known = user.emails.get(key);
    if (known) known.claims.add(manual);
    else user.emails.set(key, { email, claims: new Set([manual]) });
  }
  for (const [key, phone] of deleted.phones) {
    if (!phone.claims.has(manual)) continue;
    const known = user.phones.get(key);
    if (!known) user.phones.set(key, { ...phone, owner: manual, claims: new Set([manual]) });
    else {
      known.claims.add(manual);
      if (phone.owner === manual) user.phones.set(key, { ...phone, owner: manual, claims: known.claims });
    }
  }
  // A role above member does not come back by a file.
  for (const [groupId, { claims }] of deleted.memberships) {
    if (!claims.has(manual) || !organization.groups.has(groupId)) continue;
    const known = user.memberships.get(groupId);
    if (known) known.claims.add(manual);
    else user.memberships.set(groupId, { role: 0, roleOwner: manual, claims: new Set([manual]) });
  }
  if (deleted.claims.has(selfRegistered)) user.claims.add(selfRegistered);
}

/** A list of blanks is something here: it was entered. */
const isBlankValue = (value: unknown) =>
  Array.isArray(value) ? value.length === 0 : typeof value === "boolean" ? false : isBlank(value);

/** Tells whether a returning person's username is free: nobody else has it, gets it from the file, or brings it back. */
export function isUsernameFree(
  before: Organization,
  deleted: User,
  decision: Decision,
  decisions: readonly Decision[],
  returns: ReadonlyMap<Decision, User>,
): boolean {
  const name = deleted.username.value?.normalized;
  const says = ({ statement }: { statement: Statement }) => statement.username?.value?.normalized === name;
  return (
    ![...before.users.values()].some((user) => user.username.value?.normalized === name) &&
    !decisions.some(
      (other) => other !== decision && other.fate !== "fail" && other.fate !== "nothing" && says(other),
    ) &&
    ![...returns.values()].some((other) => other.id > deleted.id && other.username.value?.normalized === name)
  );
}
