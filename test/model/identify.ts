/**
 * Identifies people: the rows of a file that are one person, and the stored user (file formats, section 4).
 * The rules are numbered in the order in which they are tried; a row is settled by the first that fits.
 */
import type { UserRow } from "../../src/intake/records.ts";
import { groupBy } from "./group-by.ts";
import {
  holdersOfEmail,
  linksByEmail,
  matchNamedRows,
  primaryEmail,
  saidNames,
  userOfLostName,
} from "./identify-by-email.ts";
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
  const belongToNobodyKnown = (belonging: readonly UserRow[]) => {
    persons.push({ rows: [...belonging], user: null, linkedByEmail: false });
  };

  // R1 and R2: rows with a databaseID. All rows with one databaseID are one person.
  for (const [databaseId, same] of groupBy(rows, (row) => row.databaseId)) {
    const known = userByDatabaseId(organization, source, databaseId);
    if (known) {
      belongToUser(same, known);
      continue;
    }
    // an order to remove, repeated, would hit the next owner of the username
    if (same.every(removesOnly)) {
      belongToNobodyKnown(same);
      continue;
    }
    const holderOf = (row: UserRow) => userByUsername(organization, row.usernameNormalized);
    // another databaseID in this source means another person; the owner of the username is decided later
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

  identifyByEmail(organization, rows, { persons, fail, belongToUser, belongToNobodyKnown });
  for (const row of rows.filter((row) => !hasKey(row) && primaryEmail(row) === undefined)) {
    fail([row], { code: "identifier_missing" });
  }
  for (const person of persons) person.rows.sort((first, second) => first.row - second.row);
  persons.sort((first, second) => firstRow(first) - firstRow(second));
  return { persons, failures };
}

/** The persons found so far, and the ways in which rows become somebody's. */
interface Draft {
  readonly persons: Person[];
  readonly fail: (failing: readonly UserRow[], issue: Issue) => void;
  readonly belongToUser: (belonging: readonly UserRow[], user: User, linkedByEmail: boolean) => void;
  readonly belongToNobodyKnown: (belonging: readonly UserRow[]) => void;
}

/** Sorts the rows that have neither a databaseID nor a username. */
function identifyByEmail(
  organization: Organization,
  rows: readonly UserRow[],
  { persons, fail, belongToUser, belongToNobodyKnown }: Draft,
): void {
  // R3b: rows with nothing but an e-mail, of whose first name letters were lost
  const unnamed = rows.filter((row) => !hasKey(row) && !removesOnly(row));
  const lost = unnamed.flatMap((row) => {
    const user = userOfLostName(organization, row);
    return user ? [{ row, user }] : [];
  });
  for (const { row, user } of lost) belongToUser([row], user, true);
  const isLost = (row: UserRow) => lost.some((found) => found.row === row);

  // R4: the others, those with a name first
  const emailRows = (isNamed: boolean) =>
    rows.filter((row) => !hasKey(row) && !isLost(row) && (saidNames([row]).first !== "") === isNamed);
  for (const [email, same] of groupBy(emailRows(true), primaryEmail)) {
    for (const { rows: belonging, match } of matchNamedRows(organization, email, same, persons)) {
      if (match === "ambiguous") fail(belonging, { code: "person_ambiguous", field: "email" });
      else if (match === undefined) belongToNobodyKnown(belonging);
      else if ("rows" in match) match.rows.push(...belonging);
      else belongToUser(belonging, match, true);
    }
  }
  for (const [email, same] of groupBy(emailRows(false), primaryEmail)) {
    const [holder, ...others] = holdersOfEmail(organization, email, persons);
    if (others.length > 0) fail(same, { code: "person_ambiguous", field: "email" });
    else if (!holder) belongToNobodyKnown(same);
    else if ("rows" in holder) holder.rows.push(...same);
    else belongToUser(same, holder, true);
  }
}

const hasKey = (row: UserRow): boolean => Boolean(row.databaseId || row.usernameNormalized);

function userByDatabaseId(organization: Organization, source: number, databaseId: string): User | undefined {
  return [...organization.users.values()].find((user) => user.sources.get(source) === databaseId);
}

function userByUsername(organization: Organization, normalized: string | undefined): User | undefined {
  if (!normalized) return undefined;
  return [...organization.users.values()].find((user) => user.username.value?.normalized === normalized);
}
