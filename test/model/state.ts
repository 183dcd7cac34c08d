import type { GroupStyle } from "../../src/directory/group-codes.ts";
import type { RowIssueCode } from "../../src/errors.ts";
import type { EmailAddress, Phone } from "../../src/intake/records.ts";
import type { Settings } from "../../src/organizations/settings.ts";
import { eachText, type TextProperty } from "./texts.ts";

/** The number of a claim's owner: 0 manual, 1 self-registered, 2 default groups, from 3 the sources. */
export type ClaimNumber = number;
export const manual: ClaimNumber = 0;
export const selfRegistered: ClaimNumber = 1;
export const byDefault: ClaimNumber = 2;
export const firstSource: ClaimNumber = 3;

/** A single value and the one who set it last; `null` is nobody. Blank is "", null, [] or false. */
export interface Owned<Value> {
  value: Value;
  owner: ClaimNumber | null;
}

/** A login name: as written, and as compared. */
export interface Username {
  readonly username: string;
  readonly normalized: string;
}

export interface Membership {
  /** 0–4 (file formats, section 3). */
  role: number;
  roleOwner: ClaimNumber;
  claims: Set<ClaimNumber>;
}

export interface User extends Record<TextProperty, Owned<string>> {
  readonly id: number;
  username: Owned<Username | null>;
  customFields: Owned<readonly string[]>;
  /** The name of a location, spelled as the location spells it; "" for none. */
  location: Owned<string>;
  showAllGroups: Owned<boolean>;
  /** The primary address. */
  email: Owned<EmailAddress | null>;
  /** Further addresses, by normalised address; never the primary one. */
  emails: Map<string, { email: string; claims: Set<ClaimNumber> }>;
  /** By `phoneKey`. */
  phones: Map<string, Phone & { owner: ClaimNumber; claims: Set<ClaimNumber> }>;
  /** By group id. */
  memberships: Map<string, Membership>;
  claims: Set<ClaimNumber>;
  /** Source number → the person's databaseID there; null where that source named none. */
  sources: Map<ClaimNumber, string | null>;
}

export interface Group {
  name: string;
  /** Codes (file formats, section 6); so are `type` and `privacy`. */
  category: number;
  type: number;
  privacy: number;
  postApproval: boolean;
  description: string;
  /** How imports treat its memberships; null: as the import's style says. */
  style: GroupStyle | null;
  isDefault: boolean;
  isProtected: boolean;
  guardPercent: number | null;
  /** Id of the group above it. */
  parent: string | null;
}

/** A new group of which nothing but the name is known. */
export const plainGroup = (name: string): Group => ({
  name,
  category: 1,
  type: 1,
  privacy: 1,
  postApproval: false,
  description: "",
  style: null,
  isDefault: false,
  isProtected: false,
  guardPercent: null,
  parent: null,
});

export interface Location {
  readonly name: string;
  /** Ids of its groups. */
  groups: Set<string>;
}

/** A location without groups. */
export const plainLocation = (name: string): Location => ({ name, groups: new Set() });

export interface Organization {
  settings: Settings;
  /** By name. The smaller rank is the higher. */
  sources: Map<string, { number: ClaimNumber; rank: number; ownsPrimaryEmail?: boolean }>;
  groups: Map<string, Group>;
  /** By `locationKey`. */
  locations: Map<string, Location>;
  users: Map<number, User>;
  /** People who were deleted and may return, as they were. */
  tombstones: Map<number, User>;
  lastUserId: number;
  /** The last number that was given to a group without an id. */
  lastGroupNumber: number;
  /** Addresses and numbers to which nothing is to be sent: no import touches them (file formats, section 2). */
  optOuts: Set<string>;
}

/** Something to say about a row: the code, and the feed's name of the field where one is meant. */
export interface Issue {
  readonly code: RowIssueCode;
  readonly field?: string;
}

/** A phone is one number with one extension. */
export const phoneKey = (phone: { readonly number: string; readonly extension: string }): string =>
  `${phone.number}x${phone.extension}`;

/** Locations are compared without regard to case (file formats, section 7). */
export const locationKey = (name: string): string => name.toLowerCase();

/** Tells whether a claim number belongs to a source. */
export const isSource = (number: ClaimNumber): boolean => number >= firstSource;

/** A user without any data. */
export function blankUser(id: number): User {
  return {
    id,
    ...eachText(() => ({ value: "", owner: null })),
    username: { value: null, owner: null },
    customFields: { value: [], owner: null },
    location: { value: "", owner: null },
    showAllGroups: { value: false, owner: null },
    email: { value: null, owner: null },
    emails: new Map(),
    phones: new Map(),
    memberships: new Map(),
    claims: new Set(),
    sources: new Map(),
  };
}

/**
 * Tells whether `first` outranks `second`: manual outranks everything, then come the sources by rank, and any of them outranks
 * self-registered and default. Equals do not outrank each other.
 */
export function outranks(organization: Organization, first: ClaimNumber, second: ClaimNumber): boolean {
  return height(organization, first) < height(organization, second);
}

/** 0 is the top. */
function height(organization: Organization, number: ClaimNumber): number {
  if (number === manual) return 0;
  if (!isSource(number)) return Number.POSITIVE_INFINITY;
  const source = [...organization.sources.values()].find((candidate) => candidate.number === number);
  // a source that was removed still outranks what nobody vouches for
  return source?.rank ?? Number.MAX_SAFE_INTEGER;
}

/**
 * Self-registered people whom no source claims yet are protected from removals (file formats, section 5).
 */
export const isProtected = (user: User): boolean => user.claims.has(selfRegistered) && ![...user.claims].some(isSource);

/** A role above member that no source granted: imports neither end nor lower it (file formats, section 5). */
export const hasGrantedRole = (membership: Membership): boolean =>
  membership.role > 0 && !isSource(membership.roleOwner);

/** Tells whether the import's own style decides about the group's people who are not in the file. Protected static groups override it. */
export function followsImport(organization: Organization, groupId: string): boolean {
  const style = organization.groups.get(groupId)?.style ?? null;
  return style === null || style === "static";
}

/** Tells whether people whom the file does not put into the group leave it, in any style. */
export function isRoster(organization: Organization, groupId: string): boolean {
  const style = organization.groups.get(groupId)?.style;
  return style === "active-roster" || style === "purge";
}

/** Why a feed's silence does not end a membership that nobody else claims. */
export function obstacleToSilence(
  organization: Organization,
  groupId: string,
  membership: Membership,
): "static" | "role" | undefined {
  if (organization.groups.get(groupId)?.style === "static") return "static";
  return hasGrantedRole(membership) ? "role" : undefined;
}

/** The role that the last one who has it never loses by a feed. */
export const networkAdministrator = 2;

/** The groups that every new person joins: the default ones and one named ALL (file formats, section 5). */
export function defaultGroups(organization: Organization): string[] {
  return [...organization.groups]
    .filter(([groupId, group]) => group.isDefault || groupId === "ALL" || group.name === "ALL")
    .map(([groupId]) => groupId);
}

/** The user as a reader of the API sees it: without claims and owners. Lists are sorted. */
export function describeUser(user: User) {
  return {
    id: user.id,
    ...eachText((property) => user[property].value),
    email: user.email.value?.email ?? null,
    emails: [...user.emails.values()].map(({ email }) => email).sort(),
    phones: [...user.phones]
      .sort(([first], [second]) => (first < second ? -1 : 1))
      .map(([, { number, extension, messageType, label, carrier }]) => ({
        number,
        extension,
        messageType,
        label,
        carrier,
      })),
    memberships: [...user.memberships]
      .sort(([first], [second]) => (first < second ? -1 : 1))
      .map(([groupId, { role }]) => ({ groupId, role })),
    username: user.username.value?.username ?? null,
    customFields: [...user.customFields.value],
    location: user.location.value,
    showAllGroups: user.showAllGroups.value,
    sources: [...user.sources]
      .sort(([first], [second]) => first - second)
      .map(([source, databaseId]) => ({ source, databaseId })),
    origins: [
      ...(user.claims.has(manual) ? ["manual"] : []),
      ...(user.claims.has(selfRegistered) ? ["self-registered"] : []),
    ],
  };
}

/** Every user as a reader sees it, by id. */
export function describeUsers(organization: Organization): ReturnType<typeof describeUser>[] {
  return [...organization.users.values()].sort((first, second) => first.id - second.id).map(describeUser);
}
