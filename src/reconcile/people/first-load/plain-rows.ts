import { compareBytes } from "../../../directory/text.ts";
import type { UserRow } from "../../../intake/records.ts";
import type { Settings } from "../../../organizations/settings.ts";
import { createdScalarsJson, phoneJson } from "../../../person/document.ts";
import { networkAdministrator } from "../plan/protection.ts";
import type { PlainEntry } from "../stage/plain-entry.ts";

/** The rules that decide if a row of a file for an organization that knows nobody is plain. */
export interface PlainRules {
  /** The source's name, as documents show it. */
  readonly sourceName: string;
  readonly settings: Pick<Settings, "requireEmail" | "requireGroup">;
  /** Ids of the groups that exist. */
  readonly groups: ReadonlySet<string>;
  /** Tells if imports create a group that does not exist. */
  readonly createsGroup: (groupId: string) => boolean;
  /** Ids of the groups that every new person joins. */
  readonly joinedByEverybody: readonly string[];
  /** Names of the locations that exist. */
  readonly locations: ReadonlySet<string>;
  /** Tells if imports create a location that does not exist. */
  readonly createsLocation: (name: string) => boolean;
}

/**
 * Writes the change log's entry for the person of a plain row. A row is plain if it can only mean a new person who is just
 * what the row says, and if there is nothing to report about it. Other rows may still contradict it: `sortOutRows` finds
 * those. The text equals the one that `createdEntries` writes, takes a quarter of its time, and is written while PostgreSQL
 * does other work.
 * @returns undefined for a row that is not plain
 */
export function plainEntry(row: UserRow, rules: PlainRules): PlainEntry | undefined {
  if (row.failure !== undefined || row.issues.length > 0 || !isNewPerson(row, rules)) return undefined;
  const joins = plainJoins(row);
  if (joins === undefined) return undefined;
  const groups = joins.map(({ groupId }) => groupId).filter((groupId) => !rules.groups.has(groupId));
  const locations = !row.location || rules.locations.has(row.location) ? [] : [row.location];
  if (!groups.every(rules.createsGroup) || !locations.every(rules.createsLocation)) return undefined;
  return {
    changed: changedJson(row, rules.sourceName),
    memberships: membershipsJson(joins, rules.joinedByEverybody),
    wanted: { groups, locations },
  };
}

/** Tells if a row has an identifier, and all that a new person needs (file formats, section 1). */
function isNewPerson(row: UserRow, { settings, joinedByEverybody }: PlainRules): boolean {
  if (!row.databaseId && !row.username) return false;
  if (!row.firstName && !row.lastName) return false;
  if (settings.requireEmail && !row.emails?.length) return false;
  return !settings.requireGroup || row.namesGroup || joinedByEverybody.length > 0;
}

type Joins = NonNullable<UserRow["groups"]>["join"];

/**
 * Returns the groups that a row joins; undefined if it gives other orders, or makes a network administrator, who would also
 * join the groups that the file creates.
 */
function plainJoins({ groups }: UserRow): Joins | undefined {
  if (groups === undefined) return [];
  if (groups.deletePerson || groups.leaveAll || groups.leave.length > 0) return undefined;
  return groups.join.some(({ role }) => role === networkAdministrator) ? undefined : groups.join;
}

function changedJson(row: UserRow, sourceName: string): string {
  const members = createdScalarsJson(row);
  const add = (property: string, json: string) => members.push(`"${property}":{"from":null,"to":${json}}`);
  if (row.emails && row.emails.length > 0) add("emails", emailsJson(row.emails));
  if (row.phones && row.phones.length > 0) add("phones", phonesJson(row.phones));
  const databaseId = row.databaseId ? JSON.stringify(row.databaseId) : "null";
  add("sources", `[{"source":${JSON.stringify(sourceName)},"databaseId":${databaseId}}]`);
  return `{${members.join(",")}}`;
}

/** The primary address comes first. */
function emailsJson([primary, ...further]: NonNullable<UserRow["emails"]>): string {
  if (further.length > 1) further.sort((one, other) => compareBytes(one.normalized, other.normalized));
  return JSON.stringify([primary!, ...further].map(({ email }) => email));
}

function phonesJson(phones: NonNullable<UserRow["phones"]>): string {
  const sorted =
    phones.length === 1
      ? phones
      : phones.toSorted(
          (one, other) => compareBytes(one.number, other.number) || compareBytes(one.extension, other.extension),
        );
  return `[${sorted.map(phoneJson).join(",")}]`;
}

function membershipsJson(joins: Joins, joinedByEverybody: readonly string[]): string {
  const byDefault = joinedByEverybody
    .filter((groupId) => !joins.some((join) => join.groupId === groupId))
    .map((groupId) => ({ groupId, role: 0 }));
  const all = byDefault.length === 0 ? joins : [...joins, ...byDefault];
  const sorted = all.length < 2 ? all : all.toSorted((one, other) => compareBytes(one.groupId, other.groupId));
  const json = sorted.map(
    ({ groupId, role }) => `{"groupId":${JSON.stringify(groupId)},"role":{"from":null,"to":${Math.max(role ?? 0, 0)}}}`,
  );
  return `[${json.join(",")}]`;
}
