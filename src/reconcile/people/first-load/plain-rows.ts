import { compareBytes } from "../../../directory/text.ts";
import type { UserRow } from "../../../intake/records.ts";
import type { Settings } from "../../../organizations/settings.ts";
import { createdScalarsJson, phoneJson } from "../../../person/document.ts";
import { networkAdministrator } from "../plan/protection.ts";
import type { PlainEntry } from "../stage/plain-entry.ts";

/** What a row of a file for an organization that knows nobody is held to. */
export interface PlainRules {
  /** The source's name, as documents show it. */
  readonly sourceName: string;
  readonly settings: Pick<Settings, "requireEmail" | "requireGroup">;
  /** Ids of the groups that are there. */
  readonly groups: ReadonlySet<string>;
  /** Whether imports create a group that is not. */
  readonly createsGroup: (groupId: string) => boolean;
  /** Ids of those that every new person joins. */
  readonly joinedByEverybody: readonly string[];
  /** Names of the locations that are there. */
  readonly locations: ReadonlySet<string>;
  /** Whether imports create a location that is not. */
  readonly createsLocation: (name: string) => boolean;
}

/**
 * What the log will say of a row's person, if the row is plain: as far as the row itself tells, it can mean nothing but a
 * new person who is just what the row says, and there is nothing to note about it. What other rows say is another matter.
 * The text is what `createdEntries` makes of the same person, in a quarter of the time, and while the database has other
 * things to do.
 * @returns undefined for any other row
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

/** Whether the row has what a new person needs (file formats, section 1), and somebody to be told apart by. */
function isNewPerson(row: UserRow, { settings, joinedByEverybody }: PlainRules): boolean {
  if (!row.databaseId && !row.username) return false;
  if (!row.firstName && !row.lastName) return false;
  if (settings.requireEmail && !row.emails?.length) return false;
  return !settings.requireGroup || row.namesGroup || joinedByEverybody.length > 0;
}

type Joins = NonNullable<UserRow["groups"]>["join"];

/**
 * The groups that a row joins, if it gives no other orders. Network administrators would join those that the file creates,
 * too.
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

/** The primary one comes first. */
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
