/** People who were deleted and come back: their id, and what was entered by hand (file formats, section 5). */
import type { Decision } from "./decide.ts";
import type { Statement } from "./merge.ts";
import { isBlank } from "./merge.ts";
import { locationKey, manual, type Organization, selfRegistered, type User } from "./state.ts";

/** Which of the people to be added are which deleted ones. */
export function findReturns(
  organization: Organization,
  source: number,
  decisions: readonly Decision[],
): Map<Decision, User> {
  const found = new Map<Decision, User>();
  const newcomers = decisions.filter(({ fate }) => fate === "add");
  // all were deleted at the same time here: the larger id counts as the later one
  const deleted = [...organization.tombstones.values()].sort((first, second) => second.id - first.id);
  const isFree = (user: User) => ![...found.values()].includes(user);
  const databaseIdOf = (user: User) => user.sources.get(source) ?? null;
  const email = (user: User) => user.email.value?.normalized;
  const wanting = () => newcomers.filter((decision) => !found.has(decision));

  for (const decision of wanting()) {
    const { databaseId } = decision.statement;
    const user = deleted.find((one) => databaseId !== null && databaseIdOf(one) === databaseId);
    if (user) found.set(decision, user);
  }
  const byDatabaseId = new Set(found.values());
  for (const decision of wanting()) {
    const { databaseId, username } = decision.statement;
    const isTheirs = (one: User) =>
      !byDatabaseId.has(one) &&
      username?.value?.normalized !== undefined &&
      one.username.value?.normalized === username.value.normalized &&
      (databaseIdOf(one) === null || databaseId === null);
    const user = deleted.find(isTheirs);
    if (user) found.set(decision, user);
  }
  const links = new Map<User, Decision[]>();
  for (const decision of wanting()) {
    const { databaseId, username, primaryEmail } = decision.statement;
    const address = primaryEmail?.value.normalized;
    if (address === undefined) continue;
    const [user, ...more] = deleted.filter((one) => email(one) === address);
    const isLiving = [...organization.users.values()].some((one) => email(one) === address);
    if (!user || more.length > 0 || isLiving || !isFree(user)) continue;
    if (databaseIdOf(user) !== null && databaseId !== null) continue;
    if (user.username.value && username?.value) continue;
    links.set(user, [...(links.get(user) ?? []), decision]);
  }
  for (const [user, [decision, ...others]] of links) if (decision && others.length === 0) found.set(decision, user);
  return found;
}

const scalars = ["firstName", "lastName", "address", "customFields", "showAllGroups"] as const;

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
  for (const [groupId, { role, roleOwner, claims }] of deleted.memberships) {
    if (!claims.has(manual) || !organization.groups.has(groupId)) continue;
    const known = user.memberships.get(groupId);
    const byHand = roleOwner === manual;
    if (!known)
      user.memberships.set(groupId, { role: byHand ? role : 0, roleOwner: manual, claims: new Set([manual]) });
    else {
      known.claims.add(manual);
      if (byHand) Object.assign(known, { role, roleOwner });
    }
  }
  if (deleted.claims.has(selfRegistered)) user.claims.add(selfRegistered);
}

/** A list of blanks is something here: it was entered. */
const isBlankValue = (value: unknown) =>
  Array.isArray(value) ? value.length === 0 : typeof value === "boolean" ? false : isBlank(value);

/** Whether nobody else has, or gets by the file, or brings back, the username of somebody who returns. */
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
