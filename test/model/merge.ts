/** Merges the rows of one person (file formats, section 4). */
import type { EmailAddress, Phone, UserRow } from "../../src/intake/records.ts";
import type { Style } from "../../src/organizations/settings.ts";
import { foldName } from "./names.ts";
import { firstRow, type Person } from "./person.ts";
import { phoneKey, type Username } from "./state.ts";
import { eachText, type TextProperty } from "./texts.ts";

/** A value and the row that brought it, the place of warnings about it. A blank value is "", null, [] or false. */
export interface Said<Value> {
  readonly value: Value;
  readonly row: number;
}

/** The contents of a file about a person; undefined members are in no row. */
export interface Statement extends Readonly<Record<TextProperty, Said<string> | undefined>> {
  readonly firstRow: number;
  readonly databaseId: string | null;
  /** Several databaseIDs in the rows of one person: an error. */
  readonly databaseIdsConflict: boolean;
  /** Two rows differ in name and in primary e-mail: they mean two people, an error. */
  readonly areStrangers: boolean;
  /** Rows with a databaseID replace what the source brought, others fill what is blank (file formats, section 5). */
  readonly mode: "replace" | "fill";
  readonly username: Said<Username | null> | undefined;
  readonly customFields: Said<readonly string[]> | undefined;
  readonly location: Said<string> | undefined;
  readonly showAllGroups: Said<boolean> | undefined;
  readonly primaryEmail: Said<EmailAddress> | undefined;
  /** All addresses, the primary one included, by normalised address. */
  readonly emails: ReadonlyMap<string, EmailAddress>;
  /** True if the list is all addresses of the source: it was given, and every one could be read. */
  readonly emailsComplete: boolean;
  /** By `phoneKey`. */
  readonly phones: ReadonlyMap<string, Phone>;
  readonly phonesComplete: boolean;
  /** Keys of addresses and phones that some row orders to remove. */
  readonly removedEmails: ReadonlySet<string>;
  readonly removedPhones: ReadonlySet<string>;
  /** How many rows delete the person, and how many do anything else. */
  readonly deletingRows: number;
  readonly otherRows: number;
  /** Every row only removes: such rows never add a person. */
  readonly onlyRemoves: boolean;
  readonly namesGroup: boolean;
  /** Under purge: the file's groups replace the groups of the person. */
  readonly replacesGroups: boolean;
  /** Some group could not be read: the person leaves none by silence. */
  readonly groupsIncomplete: boolean;
  /** The first row that leaves all groups. */
  readonly leaveAll: number | undefined;
  /** Group id → first row that leaves it. */
  readonly leave: ReadonlyMap<string, number>;
  /** Group id → first row that joins it, and the highest role of any. */
  readonly join: ReadonlyMap<string, { readonly role: number | null; readonly row: number }>;
}

/** Merges the rows of a person. */
export function mergeRows(person: Person, style: Style): Statement {
  const { rows } = person;
  const databaseIds = new Set(rows.map((row) => row.databaseId).filter(Boolean));
  const [databaseId = null] = databaseIds;
  // A row that only removes says nothing else, so the person's other rows decide the values.
  const others = rows.filter((row) => !removesOnly(row));
  const speaking = others.length > 0 ? others : rows;
  const deleting = rows.filter((row) => row.groups?.deletePerson);
  const withEmail = speaking.findLast((row) => row.emails?.[0]);
  const [primary] = withEmail?.emails ?? [];
  return {
    firstRow: firstRow(person),
    databaseId: databaseId ?? null,
    databaseIdsConflict: databaseIds.size > 1,
    areStrangers: rows.some((one) => rows.some((other) => areStrangers(one, other))),
    mode: speaking.some((row) => row.databaseId) || style === "purge" ? "replace" : "fill",
    ...eachText((property) => lastSaid(speaking, (row) => row[property])),
    username: lastSaid(speaking, usernameOf),
    customFields: lastSaid(speaking, (row) => row.customFields),
    location: lastSaid(speaking, (row) => row.location),
    showAllGroups: lastSaid(speaking, (row) => (row.showAllGroups === "" ? false : row.showAllGroups)),
    primaryEmail: withEmail && primary && { value: primary, row: withEmail.row },
    // the last row wins: it decides how an address is written, and the attributes of a phone
    emails: new Map(speaking.flatMap((row) => (row.emails ?? []).map((email) => [email.normalized, email] as const))),
    emailsComplete: speaking.some((row) => row.emails) && !speaking.some((row) => row.emailsIncomplete),
    phones: new Map(speaking.flatMap((row) => (row.phones ?? []).map((phone) => [phoneKey(phone), phone] as const))),
    phonesComplete: speaking.some((row) => row.phones) && !speaking.some((row) => row.phonesIncomplete),
    removedEmails: new Set(rows.flatMap((row) => (row.emailRemovals ?? []).map(({ normalized }) => normalized))),
    removedPhones: new Set(rows.flatMap((row) => (row.phoneRemovals ?? []).map(phoneKey))),
    deletingRows: deleting.length,
    otherRows: rows.length - deleting.length,
    onlyRemoves: rows.every(removesOnly),
    replacesGroups:
      style === "purge" && rows.some((row) => row.groups && !removesOnly(row)) && !rows.some(isIncomplete),
    groupsIncomplete: rows.some(isIncomplete),
    namesGroup: rows.some((row) => row.namesGroup),
    ...mergeGroups(rows),
  };
}

/** Two rows mean different people: their primary e-mails differ, and their first or last names. */
function areStrangers(one: UserRow, other: UserRow): boolean {
  const differ = (value: string | undefined, otherValue: string | undefined) =>
    Boolean(value && otherValue && foldName(value) !== foldName(otherValue));
  return (
    differ(one.emails?.[0]?.normalized, other.emails?.[0]?.normalized) &&
    (differ(one.firstName, other.firstName) || differ(one.lastName, other.lastName))
  );
}

/** Removals of all rows, and their additions with the highest role of each. */
function mergeGroups(rows: readonly UserRow[]): Pick<Statement, "leaveAll" | "leave" | "join"> {
  const leave = new Map<string, number>();
  const join = new Map<string, { role: number | null; row: number }>();
  for (const { row, groups } of rows) {
    for (const groupId of groups?.leave ?? []) if (!leave.has(groupId)) leave.set(groupId, row);
    for (const { groupId, role } of groups?.join ?? []) {
      const earlier = join.get(groupId);
      if (!earlier) join.set(groupId, { role, row });
      else if (roleHeight(role) > roleHeight(earlier.role)) earlier.role = role;
    }
  }
  return { leaveAll: rows.find((row) => row.groups?.leaveAll)?.row, leave, join };
}

const isIncomplete = ({ groups }: UserRow) => groups?.incomplete === true;

/** No role is below every role. */
export const roleHeight = (role: number | null): number => [null, 0, 4, 3, 1, 2].indexOf(role);

/** Tells whether a row removes something and adds nothing. */
export function removesOnly({ groups }: UserRow): boolean {
  if (!groups || groups.join.length > 0) return false;
  return groups.deletePerson || groups.leaveAll || groups.leave.length > 0;
}

function usernameOf(row: UserRow): Username | null | undefined {
  if (row.username === undefined) return undefined;
  return row.usernameNormalized ? { username: row.username, normalized: row.usernameNormalized } : null;
}

/** The last value that isn't blank; a blank one if there is no other; undefined if no row says anything. */
function lastSaid<Value>(rows: readonly UserRow[], read: (row: UserRow) => Value | undefined): Said<Value> | undefined {
  const said = rows.flatMap((row) => {
    const value = read(row);
    return value === undefined ? [] : [{ value, row: row.row }];
  });
  return said.findLast(({ value }) => !isBlank(value)) ?? said.at(-1);
}

/** Tells whether a scalar is blank: "", null, false, or a list of nothing but "". */
export function isBlank(value: unknown): boolean {
  return Array.isArray(value) ? value.every((element) => element === "") : value === "" || value === null || !value;
}
