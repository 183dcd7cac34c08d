/** Decides about each person of a file as a whole, before anything is applied. */

import type { Statement } from "./merge.ts";
import type { Person } from "./person.ts";
import type { Membership, Organization, User } from "./state.ts";
import { defaultGroups, hasGrantedRole, type Issue, isProtected, networkAdministrator } from "./state.ts";
import { decideUsername } from "./values.ts";

/** A person, what the file says, and what is done: `keep` is a deletion that isn't carried out. */
export interface Decision {
  readonly person: Person;
  readonly statement: Statement;
  readonly fate: "add" | "update" | "remove" | "keep" | "nothing" | "fail";
  /** Why all rows of the person fail. */
  readonly failure?: Issue;
}

/** Decides about every person of the file. */
export function decide(
  organization: Organization,
  source: number,
  persons: readonly { readonly person: Person; readonly statement: Statement }[],
): Decision[] {
  const leaving = persons
    .filter(
      ({ statement }) => statement.deletingRows > 0 && statement.otherRows === 0 && !statement.databaseIdsConflict,
    )
    .flatMap(({ person }) => person.user ?? []);
  const decisions = persons.map(({ person, statement }) => decideAlone(organization, person, statement, leaving));
  return failTakenUsernames(organization, source, decisions);
}

/** Makes the decisions that need no other people of the file. */
function decideAlone(
  organization: Organization,
  person: Person,
  statement: Statement,
  leaving: readonly User[],
): Decision {
  const { user } = person;
  const fail = (failure: Issue): Decision => ({ person, statement, fate: "fail", failure });
  if (statement.databaseIdsConflict) return fail({ code: "database_ids_conflict", field: "databaseID" });
  if (statement.areStrangers) return fail({ code: "identifier_shared" });
  if (statement.deletingRows > 0 && statement.otherRows > 0) {
    return fail({ code: "delete_contradicted", field: "groupID" });
  }
  if (user && statement.deletingRows > 0) {
    return {
      person,
      statement,
      fate: mayNotBeDeleted(organization, user, leaving) || isProtected(user) ? "keep" : "remove",
    };
  }
  if (user) return { person, statement, fate: "update" };
  if (statement.onlyRemoves) return { person, statement, fate: "nothing" };
  const missing = missingField(organization, statement);
  if (missing) return fail({ code: "required_missing", field: missing });
  return { person, statement, fate: "add" };
}

/** Tells whether no feed may delete a person (file formats, sections 3 and 5). `leaving`: all who might go. */
export function mayNotBeDeleted(organization: Organization, user: User, leaving: readonly User[]): boolean {
  const isStatic = (groupId: string) => organization.groups.get(groupId)?.style === "static";
  const isAdministrator = (one: User) =>
    [...one.memberships.values()].some(({ role }) => role === networkAdministrator);
  const isLastAdministrator =
    isAdministrator(user) &&
    ![...organization.users.values()].some((other) => !leaving.includes(other) && isAdministrator(other));
  const isKept = ([groupId, held]: [string, Membership]) => isStatic(groupId) || hasGrantedRole(held);
  return isLastAdministrator || [...user.memberships].some(isKept);
}

/** The first field that a new person lacks (file formats, section 1). */
function missingField(organization: Organization, statement: Statement): string | undefined {
  const { settings } = organization;
  if (!statement.firstName?.value && !statement.lastName?.value) return "firstName";
  if (settings.requireEmail && !statement.primaryEmail) return "email";
  if (settings.requireGroup && !statement.namesGroup && defaultGroups(organization).length === 0) return "groupID";
  return undefined;
}

/**
 * Fails people who newly want a username that another person keeps or newly wants, too. Those who fail keep what they have
 * stored, which may be what another one wanted: hence repeated until nobody fails any more.
 */
function failTakenUsernames(organization: Organization, source: number, decisions: readonly Decision[]): Decision[] {
  const isApplied = ({ fate }: Decision) => fate === "add" || fate === "update";
  const stored = (user: User | null) => user?.username.value?.normalized;
  const final = ({ person, statement }: Decision) =>
    statement.onlyRemoves
      ? stored(person.user)
      : decideUsername(organization, source, person.user, statement).value?.normalized;

  const applied = decisions.filter(isApplied);
  const gone = new Set(decisions.filter(({ fate }) => fate === "remove").map(({ person }) => person.user));
  const changing = new Set(applied.map(({ person }) => person.user));
  const names = [
    ...[...organization.users.values()].filter((user) => !gone.has(user) && !changing.has(user)).map(stored),
    ...applied.map(final),
  ];
  const isTaken = (decision: Decision) => {
    const name = final(decision);
    const isNew = name !== undefined && name !== stored(decision.person.user);
    return isNew && names.filter((other) => other === name).length > 1;
  };
  if (!applied.some(isTaken)) return [...decisions];
  const failure: Issue = { code: "username_taken", field: "userID" };
  const judged = decisions.map(
    (decision): Decision =>
      isApplied(decision) && isTaken(decision) ? { ...decision, fate: "fail", failure } : decision,
  );
  return failTakenUsernames(organization, source, judged);
}
