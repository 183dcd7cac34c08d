/** Small worlds for example tests, in few words. */
import { normalizeUser } from "../../src/intake/normalize-user.ts";
import type { SourceRecord, UserRow } from "../../src/intake/records.ts";
import { type Settings, type Style, settingsSchema } from "../../src/organizations/settings.ts";
import { importUsers, type RowOutcome } from "./import-users.ts";
import {
  blankUser,
  type ClaimNumber,
  type Group,
  isSource,
  locationKey,
  manual,
  type Organization,
  type Owned,
  phoneKey,
  plainGroup,
  plainLocation,
  type User,
} from "./state.ts";
import { type TextProperty, textProperties } from "./texts.ts";

/** The sources of every small world; students rank first. */
export const students = 3;
export const employees = 4;
export const affiliates = 5;

/** The strings of a record, by field. */
export type Values = SourceRecord["values"];

interface WorldOptions {
  settings?: Partial<Settings>;
  /** Group id → what differs from a plain group. */
  groups?: Record<string, Partial<Group>>;
  locations?: string[];
  users?: User[];
}

/** An organization with three sources; without options it has the plain groups G1 and G2 and nobody in it. */
export function world({
  settings = {},
  groups = {},
  locations = ["Main"],
  users = [],
}: WorldOptions = {}): Organization {
  const ids = ["G1", "G2", ...Object.keys(groups)];
  return {
    settings: settingsSchema.parse(settings),
    sources: new Map([
      ["students", { number: students, rank: 1 }],
      ["employees", { number: employees, rank: 2 }],
      ["affiliates", { number: affiliates, rank: 3 }],
    ]),
    groups: new Map(ids.map((groupId) => [groupId, { ...plainGroup(`Group ${groupId}`), ...groups[groupId] }])),
    locations: new Map(locations.map((name) => [locationKey(name), plainLocation(name)])),
    users: new Map(users.map((user) => [user.id, user])),
    tombstones: new Map(),
    optOuts: new Set(),
    lastUserId: Math.max(0, ...users.map(({ id }) => id)),
    lastGroupNumber: 1000,
  };
}

interface PersonOptions extends Partial<Record<TextProperty, string>> {
  username?: string;
  customFields?: string[];
  location?: string;
  showAllGroups?: boolean;
  email?: string;
  /** The owner of all these values; by default the first claimant. */
  owner?: ClaimNumber;
  /** Further addresses and their claims. */
  emails?: Record<string, ClaimNumber[]>;
  /** Numbers with their owners and claims. */
  phones?: Record<string, { owner: ClaimNumber; claims: ClaimNumber[] }>;
  memberships?: Record<string, { role?: number; owner: ClaimNumber; claims?: ClaimNumber[] }>;
  /** Source number → databaseID. */
  sources?: Record<number, string | null>;
  /** Claims beside the sources' claims. */
  origins?: ClaimNumber[];
}

/** A stored person, entered by hand unless sources or origins are given. */
export function stored(id: number, options: PersonOptions = {}): User {
  const user = blankUser(id);
  user.sources = new Map(Object.entries(options.sources ?? {}).map(([source, key]) => [Number(source), key]));
  user.claims = new Set([...(options.origins ?? []), ...user.sources.keys()]);
  if (user.claims.size === 0) user.claims.add(manual);
  const owner = options.owner ?? [...user.claims][0] ?? manual;
  const own = <Value>(value: Value | undefined, blank: Value): Owned<Value> =>
    value === undefined ? { value: blank, owner: null } : { value, owner };
  for (const property of textProperties) user[property] = own(options[property], "");
  user.firstName = own(options.firstName ?? "Ann", "");
  user.username = own(usernameOf(options.username), null);
  user.customFields = own<readonly string[]>(options.customFields, []);
  user.location = own(options.location, "");
  user.showAllGroups = own(options.showAllGroups, false);
  user.email = own(options.email === undefined ? undefined : addressOf(options.email), null);
  for (const [email, claims] of Object.entries(options.emails ?? {})) {
    user.emails.set(email.toLowerCase(), { email, claims: new Set(claims) });
  }
  for (const [number, { owner, claims }] of Object.entries(options.phones ?? {})) {
    const phone = { number, extension: "", messageType: 3, label: "cell", carrier: "" } as const;
    user.phones.set(phoneKey(phone), { ...phone, owner, claims: new Set(claims) });
  }
  for (const [groupId, { role = 0, owner, claims = [owner] }] of Object.entries(options.memberships ?? {})) {
    user.memberships.set(groupId, { role, roleOwner: owner, claims: new Set(claims) });
  }
  return user;
}

const addressOf = (email: string) => ({ email, normalized: email.toLowerCase() });
const usernameOf = (username?: string) =>
  username === undefined ? undefined : { username, normalized: username.toLowerCase() };

/** The rows of a file under the settings of an organization. */
export function rowsOf(organization: Organization, records: readonly SourceRecord[]): UserRow[] {
  return records.map((record) => normalizeUser(record, organization.settings));
}

interface Imported {
  organization: Organization;
  /** Outcomes of the rows, in order. */
  outcomes: string[];
  /** The notes of reconciliation, as "row code" or "row code field", without intake's notes about single values. */
  issues: string[];
  /** The only user there is afterwards. */
  readonly only: User;
}

/** Imports records, given as their values, and says what came of it. */
export function importRecords(
  organization: Organization,
  records: readonly Values[],
  source = students,
  style: Style = "normal",
): Imported {
  const rows = rowsOf(
    organization,
    records.map((values, index) => ({ row: index + 1, line: index + 1, values })),
  );
  const result = importUsers(organization, { source, style, rows });
  return {
    organization: result.organization,
    outcomes: result.outcomes.map(({ outcome }) => outcome),
    issues: result.outcomes.flatMap(describeIssues),
    get only() {
      const [user, ...others] = result.organization.users.values();
      if (!user || others.length > 0) throw new Error(`there are ${result.organization.users.size} users, not one`);
      return user;
    },
  };
}

const describeIssues = ({ row, issues }: RowOutcome): string[] =>
  issues.map(({ code, field }) => [row, code, field].filter((part) => part !== undefined).join(" "));

/** Every rule that a stored state keeps, by name; none of the answers may be a complaint. */
export function complaintsAbout(organization: Organization): string[] {
  const users = [...organization.users.values()];
  const complaints: string[] = [];
  const expect = (holds: boolean, complaint: string) => {
    if (!holds) complaints.push(complaint);
  };
  const isUnique = (values: readonly unknown[]) => new Set(values).size === values.length;
  const names = users.map((user) => user.username.value?.normalized).filter((name) => name !== undefined);
  expect(isUnique(names), "a username belongs to two people");
  for (const { number } of organization.sources.values()) {
    const keys = users.map((user) => user.sources.get(number)).filter((key) => typeof key === "string");
    expect(isUnique(keys), `a databaseID of source ${number} belongs to two people`);
  }
  for (const user of users) {
    const primary = user.email.value?.normalized;
    const lists = [user.emails, user.phones, user.memberships];
    const claims = [user.claims, ...lists.flatMap((list) => [...list.values()].map((entry) => entry.claims))];
    expect(user.id <= organization.lastUserId, `the id of ${user.id} was never given`);
    expect(primary === undefined || !user.emails.has(primary), `${user.id} has the primary address twice`);
    expect(
      claims.every((set) => set.size > 0),
      `something of ${user.id} is claimed by nobody`,
    );
    expect(
      [...user.claims].filter(isSource).every((source) => user.sources.has(source)),
      `${user.id} is claimed by a source without a link to it`,
    );
    expect(
      [...user.sources.keys()].every((source) => user.claims.has(source)),
      `${user.id} is linked to a source without a claim`,
    );
    expect(
      [...user.memberships.keys()].every((groupId) => organization.groups.has(groupId)),
      `${user.id} is in a group that does not exist`,
    );
    const location = user.location.value;
    expect(location === "" || organization.locations.has(locationKey(location)), `${user.id} is nowhere`);
  }
  return complaints;
}
