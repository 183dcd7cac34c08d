/**
 * The reference reconciler: what an import of users does to an organization, in memory and one person after another.
 * It is written to be read (file formats, sections 1 and 3 to 5). Property tests compare the set-based statements with it.
 */
import { isDeepStrictEqual } from "node:util";
import { rowIssues } from "../../src/errors.ts";
import type { UserRow } from "../../src/intake/records.ts";
import type { Style } from "../../src/organizations/settings.ts";
import { type Absence, findAbsences, letGo } from "./absences.ts";
import { applyEmails, applyPhones, removeOrdered } from "./contacts.ts";
import { type Decision, decide } from "./decide.ts";
import { inPurgeGroups, isOfThePerson, leaveRosters } from "./group-styles.ts";
import { identify } from "./identify.ts";
import { applyMemberships, joinDefaultGroups } from "./memberships.ts";
import { mergeRows, type Statement } from "./merge.ts";
import { createWhatIsNamed, removesOnly } from "./named-things.ts";
import { findNewPrimaryEmails } from "./primary-emails.ts";
import { recycledIdentifier } from "./recycled.ts";
import { findReturns, isUsernameFree, putBack } from "./returns.ts";
import { warnOfSharedEmails } from "./shared-emails.ts";
import {
  blankUser,
  byDefault,
  describeUser,
  type Issue,
  type Membership,
  manual,
  networkAdministrator,
  type Organization,
  type User,
} from "./state.ts";
import { applyScalars } from "./values.ts";

export type Outcome = "added" | "updated" | "unchanged" | "removed" | "failed";

export interface RowOutcome {
  readonly row: number;
  readonly outcome: Outcome;
  /** Sorted by code and field: notes of intake and of reconciliation form one bag. */
  readonly issues: readonly Issue[];
}

/** Rows by outcome, warnings, and memberships there were not before or are no more. */
export type Counts = Readonly<
  Record<Outcome | "rows" | "warnings" | "membershipsAdded" | "membershipsRemoved", number>
>;

export interface UserImport {
  /** Number of the source that sends the rows. */
  readonly source: number;
  readonly style: Style;
  /** In the order of the file. */
  readonly rows: readonly UserRow[];
}

type Warn = (row: number, issue: Issue) => void;

/** Imports rows into an organization. Returns the new state; the one given stays as it is. */
export function importUsers(
  before: Organization,
  { source, style, rows }: UserImport,
): {
  organization: Organization;
  outcomes: RowOutcome[];
  counts: Counts;
  absences: readonly Absence[];
  returned: number;
} {
  const organization = structuredClone(before);
  const issues = new Map<number, Issue[]>(rows.map((row) => [row.row, row.issues.map(issueOf)]));
  const outcomes = new Map<number, Outcome>();
  const warn: Warn = (row, issue) => issues.get(row)?.push(issue);
  const fail: Warn = (row, issue) => {
    issues.get(row)?.push(issue);
    outcomes.set(row, "failed");
  };

  for (const { row, failure } of rows) if (failure) fail(row, issueOf(failure));
  const identified = identify(
    organization,
    source,
    rows.filter((row) => !row.failure),
  );
  for (const [row, failure] of identified.failures) fail(row, failure);

  const statements = identified.persons.map((person) => ({
    person,
    statement: inPurgeGroups(organization, mergeRows(person, style)),
  }));
  const decisions = decide(organization, source, statements);
  for (const { person, failure } of decisions) if (failure) for (const { row } of person.rows) fail(row, failure);
  const failed = new Set(outcomes.keys());
  const absences = findAbsences(organization, { source, style, rows, failed }, decisions);
  createWhatIsNamed(organization, decisions);
  const failedRows = rows.filter(({ row }) => failed.has(row));
  const applied = decisions.filter(({ failure }) => !failure).map((decision) => sparingGroups(decision, failedRows));
  const returns = findReturns(before, source, applied);
  const newPrimaries = findNewPrimaryEmails(organization, source, applied);
  warnOfSharedEmails(before, source, applied, warn);
  for (const decision of applied) {
    if (isLinkAcrossSources(source, decision)) {
      warn(decision.statement.firstRow, { code: "person_linked_by_email", field: "email" });
    }
    const recycled = recycledIdentifier(source, decision);
    if (recycled) warn(decision.statement.firstRow, { code: "person_recycled", field: recycled });
    const deleted = returns.get(decision);
    const outcome = deleted
      ? comeBack(organization, source, decision, deleted, warn)
      : carryOut(organization, source, decision, newPrimaries, warn);
    if (deleted) {
      warn(decision.statement.firstRow, { code: "person_returned" });
      const user = organization.users.get(deleted.id);
      const isFree = isUsernameFree(before, deleted, decision, applied, returns);
      if (user) putBack(organization, user, deleted, { isUsernameFree: isFree });
    }
    for (const { row } of decision.person.rows) outcomes.set(row, outcome);
  }
  for (const { user, fate } of absences) {
    if (fate === "delete") organization.users.delete(user.id);
    if (fate === "withdraw") letGo(organization, source, user);
  }
  leaveRosters(before, organization, { source, failed: failedRows }, applied, warn);
  for (const [id, user] of before.users) if (!organization.users.has(id)) organization.tombstones.set(id, user);
  joinNewGroups(before, organization);
  keepLastAdministrators(before, organization, applied, warn);
  for (const { person, fate } of applied) {
    if (!(fate === "update" || fate === "keep") || !person.user) continue;
    const stored = before.users.get(person.user.id);
    const isSame = stored && isDeepStrictEqual(describeUser(stored), describeUser(person.user));
    for (const { row } of person.rows) outcomes.set(row, isSame ? "unchanged" : "updated");
  }

  const result = rows.map(({ row }) => ({
    row,
    outcome: outcomes.get(row) ?? "failed",
    issues: (issues.get(row) ?? []).sort((first, second) => compare(sortKey(first), sortKey(second))),
  }));
  return {
    organization,
    outcomes: result,
    counts: count(before, organization, result),
    absences,
    returned: returns.size,
  };
}

/** A failed row takes nobody's memberships away: the file may contain more about the person than could be read. */
function sparingGroups(decision: Decision, failed: readonly UserRow[]): Decision {
  if (!failed.some((row) => isOfThePerson(decision.statement, row))) return decision;
  return { ...decision, statement: { ...decision.statement, replacesGroups: false } };
}

/** If nobody would be network administrator any more, those who were stay it. */
function keepLastAdministrators(
  before: Organization,
  after: Organization,
  decisions: readonly Decision[],
  warn: Warn,
): void {
  const isOne = ({ role }: Membership) => role === networkAdministrator;
  if ([...after.users.values()].some(({ memberships }) => [...memberships.values()].some(isOne))) return;
  for (const { id, memberships } of before.users.values()) {
    const user = after.users.get(id);
    if (!user) continue;
    for (const [groupId, membership] of memberships) {
      if (!isOne(membership)) continue;
      user.memberships.set(groupId, structuredClone(membership));
      const statement = decisions.find(({ person }) => person.user === user)?.statement;
      if (!statement) continue;
      const { join, leave, leaveAll, firstRow } = statement;
      const row = join.get(groupId)?.row ?? leave.get(groupId) ?? leaveAll ?? firstRow;
      warn(row, { code: "role_kept", field: "groupID" });
    }
  }
}

/**
 * Adds the final network administrators to every group that the import created. It leaves out administrators who stay
 * only because nobody else would be: a second import of the file would find other people in the groups.
 */
function joinNewGroups(before: Organization, after: Organization): void {
  for (const { memberships } of after.users.values()) {
    if (![...memberships.values()].some(({ role }) => role === networkAdministrator)) continue;
    for (const groupId of after.groups.keys()) {
      if (before.groups.has(groupId) || memberships.has(groupId)) continue;
      memberships.set(groupId, { role: networkAdministrator, roleOwner: byDefault, claims: new Set([byDefault]) });
    }
  }
}

/** Does to one person what was decided. */
function carryOut(
  organization: Organization,
  source: number,
  decision: Decision,
  newPrimaries: ReadonlySet<User>,
  warn: Warn,
): Outcome {
  const { person, statement, fate } = decision;
  if (fate === "add") {
    organization.lastUserId += 1;
    const user = blankUser(organization.lastUserId);
    organization.users.set(user.id, user);
    applyStatement(organization, source, user, statement, warn);
    joinDefaultGroups(organization, user, statement);
    return "added";
  }
  if (!person.user) return "unchanged";
  if (removesOnly(decision)) {
    applyMemberships(organization, source, person.user, statement, warn);
    removeOrdered(source, person.user, statement);
    return "unchanged";
  }
  if (fate === "update") {
    applyStatement(organization, source, person.user, statement, warn, newPrimaries.has(person.user));
    return "updated";
  }
  if (fate === "remove") {
    organization.users.delete(person.user.id);
    return "removed";
  }
  warn(statement.firstRow, { code: "person_kept", field: "groupID" });
  return "unchanged";
}

/** Adds somebody who was deleted under the old id. The address that was entered by hand is the primary one again. */
function comeBack(
  organization: Organization,
  source: number,
  { statement }: Decision,
  deleted: User,
  warn: Warn,
): Outcome {
  const user = blankUser(deleted.id);
  organization.users.set(user.id, user);
  organization.tombstones.delete(user.id);
  if (deleted.email.owner === manual && deleted.email.value) user.email = { ...deleted.email };
  const isOfNewcomers: Warn = (row, issue) => {
    if (issue.code !== "primary_email_kept") warn(row, issue);
  };
  applyStatement(organization, source, user, statement, isOfNewcomers);
  joinDefaultGroups(organization, user, statement);
  return "added";
}

/** Applies everything that a file says about a person. */
function applyStatement(
  organization: Organization,
  source: number,
  user: User,
  statement: Statement,
  warn: Warn,
  takesPrimary = false,
): void {
  applyScalars(organization, source, user, statement, warn);
  applyEmails(source, user, statement, takesPrimary, warn);
  applyPhones(organization, source, user, statement, warn);
  applyMemberships(organization, source, user, statement, warn);
  user.claims.add(source);
  user.sources.set(source, statement.databaseId ?? user.sources.get(source) ?? null);
}

/** Tells whether only an e-mail links a person of another source to this one. */
function isLinkAcrossSources(source: number, { person }: Decision): boolean {
  const sources = person.user?.sources;
  return person.linkedByEmail && sources !== undefined && sources.size > 0 && !sources.has(source);
}

function count(before: Organization, after: Organization, outcomes: readonly RowOutcome[]): Counts {
  const rowsWith = (outcome: Outcome) => outcomes.filter((row) => row.outcome === outcome).length;
  const [had, has] = [memberships(before), memberships(after)];
  return {
    rows: outcomes.length,
    added: rowsWith("added"),
    updated: rowsWith("updated"),
    unchanged: rowsWith("unchanged"),
    removed: rowsWith("removed"),
    failed: rowsWith("failed"),
    warnings: outcomes.flatMap(({ issues }) => issues).filter(({ code }) => rowIssues[code].severity === "warning")
      .length,
    membershipsAdded: [...has].filter((membership) => !had.has(membership)).length,
    membershipsRemoved: [...had].filter((membership) => !has.has(membership)).length,
  };
}

function memberships(organization: Organization): Set<string> {
  return new Set(
    [...organization.users.values()].flatMap(({ id, memberships }) =>
      [...memberships.keys()].map((group) => `${id} ${group}`),
    ),
  );
}

const issueOf = ({ code, field }: Issue): Issue => (field === undefined ? { code } : { code, field });
const compare = (first: string, second: string): number => (first < second ? -1 : Number(first > second));
const sortKey = ({ code, field }: Issue): string => `${code} ${field ?? ""}`;
