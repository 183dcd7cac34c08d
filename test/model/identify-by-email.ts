/** Finds people by the primary e-mail and the name (file formats, section 4.2). */
import type { UserRow } from "../../src/intake/records.ts";
import { groupBy } from "./group-by.ts";
import { removesOnly } from "./merge.ts";
import { agreement, foldName, foldNames, type Names, nameAgreement } from "./names.ts";
import type { Person } from "./person.ts";
import type { Organization, User } from "./state.ts";
import { damages } from "./text.ts";

/** Somebody who has an e-mail: a person of the file, or a stored one whom the file did not mean so far. */
type Holder = Person | User;

/** Returns the first address of a row, normalised. */
export const primaryEmail = (row: UserRow): string | undefined => row.emails?.[0]?.normalized;

/** Returns the folded names that rows say: the last ones. Rows that only remove count if no other row has a name. */
function lastNames(rows: readonly UserRow[]): Names {
  const inOrder = [...rows].sort(
    (one, other) => Number(removesOnly(other)) - Number(removesOnly(one)) || one.row - other.row,
  );
  const last = (name: "firstName" | "lastName") =>
    inOrder.map((row) => foldName(row[name] ?? "")).findLast((folded) => folded !== "") ?? "";
  return { first: last("firstName"), last: last("lastName") };
}

/** Returns the folded names that rows say. A lone name counts as the first name. */
export const saidNames = (rows: readonly UserRow[]): Names => foldNames(lastNames(rows));

/** Returns the names that somebody has after the file. */
function namesOf(holder: Holder): Names {
  if (!("rows" in holder)) return storedNames(holder);
  const { rows, user } = holder;
  if (user === null) return saidNames(rows);
  const said = lastNames(rows.filter((row) => !removesOnly(row)));
  return foldNames({ first: said.first || user.firstName.value, last: said.last || user.lastName.value });
}

const storedNames = ({ firstName, lastName }: User) => foldNames({ first: firstName.value, last: lastName.value });

const usersByPrimaryEmail = (organization: Organization, normalized: string) =>
  [...organization.users.values()].filter((user) => user.email.value?.normalized === normalized);

/** Finds everybody who has an e-mail: people of the file with a row that has it, and stored people. */
export function holdersOfEmail(organization: Organization, email: string, persons: readonly Person[]): Holder[] {
  const ofTheFile = persons.filter((person) => person.rows.some((row) => primaryEmail(row) === email));
  const stored = usersByPrimaryEmail(organization, email);
  return [...new Set([...ofTheFile, ...stored.map((user) => persons.find((person) => person.user === user) ?? user)])];
}

/** Finds those whose names agree best with others, and how far they agree. */
function bestOf<Candidate extends Holder>(names: Names, candidates: readonly Candidate[]) {
  const scores = candidates.map((candidate) => nameAgreement(names, namesOf(candidate)));
  const degree = Math.max(agreement.differs, ...scores);
  const best = candidates.filter((_, index) => degree > agreement.differs && scores[index] === degree);
  return { degree, best };
}

/** R3: finds the new persons who are stored users by their primary e-mail and name. */
export function linksByEmail(
  organization: Organization,
  source: number,
  persons: readonly Person[],
): Map<Person, User> {
  const resolved = new Set(persons.map((person) => person.user));
  const wanted = new Map<Person, { user: User; degree: number }>();
  for (const person of persons.filter((person) => person.user === null)) {
    // an order to remove, repeated, would hit other people with the address
    if (person.rows.every(removesOnly)) continue;
    const [email, ...others] = new Set(person.rows.map(primaryEmail).filter((email) => email !== undefined));
    if (email === undefined || others.length > 0) continue;
    const { degree, best } = bestOf(saidNames(person.rows), usersByPrimaryEmail(organization, email));
    if (best.length === 1) wanted.set(person, { user: best[0]!, degree });
  }
  const links = new Map<Person, User>();
  for (const [person, { user, degree }] of wanted) {
    const hasRival = [...wanted].some(
      ([other, rival]) => other !== person && rival.user === user && rival.degree >= degree,
    );
    const hasDatabaseId = person.rows.some((row) => row.databaseId);
    const hasUsername = person.rows.some((row) => row.usernameNormalized);
    // neither is known in the store, or the person would be resolved: whatever the user has there differs
    const otherDatabaseId = hasDatabaseId && typeof user.sources.get(source) === "string";
    const otherUsername = hasUsername && user.username.value !== null;
    if (!hasRival && !otherDatabaseId && !otherUsername && !resolved.has(user)) links.set(person, user);
  }
  return links;
}

/** More people than a family are hardly the owners of one address. */
const manyPeople = 10;

const isDamageOf = (one: string, other: string) => damages(one, other) || damages(other, one);

/** R3b: finds the one stored user with a row's e-mail whose first name lost letters in the row, or before. */
export function userOfLostName(organization: Organization, row: UserRow): User | undefined {
  if (!/[?\u0080-\uffff]/.test(row.firstName ?? "")) return undefined;
  const users = usersByPrimaryEmail(organization, primaryEmail(row) ?? "");
  const [firstName, lastName] = [row.firstName ?? "", row.lastName ?? ""];
  const agrees = (user: User) => nameAgreement(saidNames([row]), storedNames(user)) > agreement.differs;
  if (users.length > manyPeople || users.some(agrees)) return undefined;
  const meant = users.filter(
    (user) =>
      isDamageOf(user.firstName.value, firstName) &&
      (lastName === "" || lastName === user.lastName.value || isDamageOf(user.lastName.value, lastName)),
  );
  return meant.length === 1 ? meant[0] : undefined;
}

/** Rows of one e-mail and one name, and whom they mean: somebody, nobody known, or several people. */
interface MatchedRows {
  readonly rows: readonly UserRow[];
  readonly match: Holder | "ambiguous" | undefined;
}

/** R4: finds whom rows mean that have one e-mail, names, and no other identifier. */
export function matchNamedRows(
  organization: Organization,
  email: string,
  rows: readonly UserRow[],
  persons: readonly Person[],
): MatchedRows[] {
  const holders = holdersOfEmail(organization, email, persons);
  const seekers = [...groupBy(rows, keyAmong(rows)).values()].map((belonging) => {
    const found = bestOf(saidNames(belonging), holders);
    // an order to remove, repeated, would hit the one who has no name
    const isMistaken = found.degree === agreement.unnamed && belonging.every(removesOnly);
    return { rows: belonging, degree: found.degree, best: isMistaken ? [] : found.best };
  });
  return seekers.map(({ rows, degree, best }) => {
    const [holder, ...others] = best;
    if (others.length > 0) return { rows, match: "ambiguous" };
    const rivals = seekers.filter(
      (seeker) => seeker.best.length === 1 && seeker.best[0] === holder && seeker.rows !== rows,
    );
    const isBest = rivals.every((rival) => rival.degree <= degree);
    // people of different names are not all one person
    const isAlone = degree === agreement.bothNames || rivals.every((rival) => rival.degree < degree);
    return { rows, match: isBest && isAlone ? holder : undefined };
  });
}

/** Returns what rows of one person share: the first name of the earliest row that has both names, in either order. */
function keyAmong(rows: readonly UserRow[]): (row: UserRow) => string {
  const pairOf = (row: UserRow) => {
    const { first, last } = saidNames([row]);
    return [first, last].sort().join(" ");
  };
  return (row) => saidNames([rows.find((earlier) => pairOf(earlier) === pairOf(row))!]).first;
}
