/**
 * Who is who: which rows of a file are one person, and which stored user that is (file formats, section 4).
 * The rules are numbered in the order in which they are tried; a row is settled by the first that fits.
 */
import type { UserRow } from "../../src/intake/records.ts";
import { removesOnly } from "./merge.ts";
import { firstRow, type Person } from "./person.ts";
import type { Issue, Organization, User } from "./state.ts";

interface Identification {
  /** In the order of their first rows. */
  readonly persons: Person[];
  /** Row number → why the row belongs to nobody. */
  readonly failures: Map<number, Issue>;
}

/** Sorts rows without a failure into persons. `source` is the number of the source that sent them. */
export function identify(organization: Organization, source: number, rows: readonly UserRow[]): Identification {
  const persons: Person[] = [];
  const failures = new Map<number, Issue>();

  const fail = (failing: readonly UserRow[], issue: Issue) => {
    for (const row of failing) failures.set(row.row, issue);
  };
  const personOf = (user: User) => persons.find((person) => person.user === user);
  const belongToUser = (belonging: readonly UserRow[], user: User, linkedByEmail = false) => {
    const person = personOf(user);
    if (person) person.rows.push(...belonging);
    else persons.push({ rows: [...belonging], user, linkedByEmail });
  };
  const belongToNobodyKnown = (belonging: readonly UserRow[]) =>
    persons.push({ rows: [...belonging], user: null, linkedByEmail: false });

  // R1 and R2: rows with a databaseID. All rows with one databaseID are one person.
  for (const [databaseId, same] of groupBy(rows, (row) => row.databaseId)) {
    const known = userByDatabaseId(organization, source, databaseId);
    if (known) {
      belongToUser(same, known);
      continue;
    }
    // an order to remove, repeated, would hit whoever else has the username
    if (same.every(removesOnly)) {
      belongToNobodyKnown(same);
      continue;
    }
    const holderOf = (row: UserRow) => userByUsername(organization, row.usernameNormalized);
    // whoever has another databaseID in this source is somebody else; who may have the username is decided later
    const holders = new Set(
      same.map(holderOf).filter((user) => user !== undefined && typeof user.sources.get(source) !== "string"),
    );
    const [holder] = holders;
    if (holders.size > 1) fail(same, { code: "person_ambiguous", field: "userID" });
    else if (holder) belongToUser(same, holder);
    else belongToNobodyKnown(same);
  }

  // R2 and R2b: rows with a username alone. The stored user first, then the file, then somebody new.
  const withDatabaseId = [...persons];
  for (const [username, same] of groupBy(rows, (row) => (row.databaseId ? undefined : row.usernameNormalized))) {
    const holder = userByUsername(organization, username);
    if (holder) {
      belongToUser(same, holder);
      continue;
    }
    const candidates = withDatabaseId.filter((person) =>
      person.rows.some((row) => row.databaseId && row.usernameNormalized === username),
    );
    if (candidates.length > 1) fail(same, { code: "person_ambiguous", field: "userID" });
    else if (candidates[0]) candidates[0].rows.push(...same);
    else belongToNobodyKnown(same);
  }

  // R3: persons who are not known by either may be known by their primary e-mail
  for (const [person, user] of linksByEmail(organization, source, persons)) {
    person.user = user;
    person.linkedByEmail = true;
  }

  // R4: rows with nothing but an e-mail
  for (const [email, same] of groupBy(rows, (row) => (hasKey(row) ? undefined : primaryEmail(row)))) {
    const ofTheFile = persons.filter((person) => person.rows.some((row) => primaryEmail(row) === email));
    const stored = usersByPrimaryEmail(organization, email);
    const candidates = new Set([...ofTheFile, ...stored.map((user) => personOf(user) ?? user)]);
    const [candidate] = candidates;
    if (candidates.size > 1) fail(same, { code: "person_ambiguous", field: "email" });
    else if (!candidate) belongToNobodyKnown(same);
    else if ("rows" in candidate) candidate.rows.push(...same);
    else belongToUser(same, candidate, true);
  }

  for (const row of rows.filter((row) => !hasKey(row) && primaryEmail(row) === undefined)) {
    fail([row], { code: "identifier_missing" });
  }
  for (const person of persons) person.rows.sort((first, second) => first.row - second.row);
  persons.sort((first, second) => firstRow(first) - firstRow(second));
  return { persons, failures };
}

/** R3: which persons that are not resolved yet are which stored users by their primary e-mail. */
function linksByEmail(organization: Organization, source: number, persons: readonly Person[]): Map<Person, User> {
  const resolved = new Set(persons.map((person) => person.user));
  const wanted = new Map<Person, User>();
  for (const person of persons.filter((person) => person.user === null)) {
    // an order to remove, repeated, would hit whoever shares the address
    if (person.rows.every(removesOnly)) continue;
    const [email, ...others] = new Set(person.rows.map(primaryEmail).filter((email) => email !== undefined));
    if (email === undefined || others.length > 0) continue;
    const [user, ...more] = usersByPrimaryEmail(organization, email);
    if (user && more.length === 0 && !resolved.has(user)) wanted.set(person, user);
  }
  const links = new Map<Person, User>();
  for (const [person, user] of wanted) {
    const wantedByOthers = [...wanted].some(([other, same]) => same === user && other !== person);
    const hasDatabaseId = person.rows.some((row) => row.databaseId);
    const hasUsername = person.rows.some((row) => row.usernameNormalized);
    // neither is known in the store, or the person would be resolved: whatever the user has there differs
    const otherDatabaseId = hasDatabaseId && typeof user.sources.get(source) === "string";
    const otherUsername = hasUsername && user.username.value !== null;
    if (!wantedByOthers && !otherDatabaseId && !otherUsername) links.set(person, user);
  }
  return links;
}

/** The first address of a row, normalised. */
function primaryEmail(row: UserRow): string | undefined {
  return row.emails?.[0]?.normalized;
}

const hasKey = (row: UserRow): boolean => Boolean(row.databaseId || row.usernameNormalized);

function userByDatabaseId(organization: Organization, source: number, databaseId: string): User | undefined {
  return [...organization.users.values()].find((user) => user.sources.get(source) === databaseId);
}

function userByUsername(organization: Organization, normalized: string | undefined): User | undefined {
  if (!normalized) return undefined;
  return [...organization.users.values()].find((user) => user.username.value?.normalized === normalized);
}

function usersByPrimaryEmail(organization: Organization, normalized: string): User[] {
  return [...organization.users.values()].filter((user) => user.email.value?.normalized === normalized);
}

/** Rows by key, in order; rows whose key is undefined or blank are left out. */
function groupBy(rows: readonly UserRow[], keyOf: (row: UserRow) => string | undefined): Map<string, UserRow[]> {
  const groups = new Map<string, UserRow[]>();
  for (const row of rows) {
    const key = keyOf(row);
    if (!key) continue;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}
