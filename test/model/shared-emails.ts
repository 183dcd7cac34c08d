/** New people whose e-mail somebody else has, too (file formats, section 4.2). */
import type { Decision } from "./decide.ts";
import { groupBy } from "./group-by.ts";
import { primaryEmail } from "./identify-by-email.ts";
import type { Issue, Organization } from "./state.ts";

/** Warns of new people whose e-mail others have, too, and of e-mails that many people have. */
export function warnOfSharedEmails(
  before: Organization,
  source: number,
  applied: readonly Decision[],
  warn: (row: number, issue: Issue) => void,
): void {
  for (const { statement } of findSharedEmails(before, source, applied)) {
    warn(statement.firstRow, { code: "email_shared", field: "email" });
  }
  for (const { statement } of findEmailsOfMany(before, applied)) {
    warn(statement.firstRow, { code: "email_of_many", field: "email" });
  }
}

/** More people than a family are hardly the owners of one address. */
const manyPeople = 10;

/** Finds the first new person of each address that many people have, of the store and new ones. */
function findEmailsOfMany(before: Organization, applied: readonly Decision[]): Decision[] {
  const newcomers = applied.filter(({ fate }) => fate === "add");
  const emailOf = ({ statement }: Decision) => statement.primaryEmail?.value.normalized;
  return [...groupBy(newcomers, emailOf)].flatMap(([email, people]) => {
    const stored = [...before.users.values()].filter((user) => user.email.value?.normalized === email);
    return people.length + stored.length > manyPeople ? people.slice(0, 1) : [];
  });
}

/**
 * Finds the new people whom their e-mail alone would have made one with somebody else: those who have no other identifier,
 * if anybody else has the e-mail, and those whom it might have linked to somebody stored.
 * @param applied decisions of which none failed
 */
function findSharedEmails(before: Organization, source: number, applied: readonly Decision[]): Decision[] {
  const users = [...before.users.values()];
  const areMeant = new Set(applied.map(({ person }) => person.user?.id));
  return applied.filter((decision) => {
    const { fate, person, statement } = decision;
    const email = statement.primaryEmail?.value.normalized;
    if (fate !== "add" || email === undefined) return false;
    const stored = users.filter((user) => user.email.value?.normalized === email);
    const hasUsername = person.rows.some((row) => row.usernameNormalized);
    if (statement.databaseId === null && !hasUsername) {
      const others = applied.filter((other) => other !== decision && other.fate !== "nothing");
      return stored.length > 0 || others.some((other) => other.person.rows.some((row) => primaryEmail(row) === email));
    }
    return stored.some(
      (user) =>
        !areMeant.has(user.id) &&
        !(statement.username?.value && user.username.value) &&
        !(statement.databaseId !== null && typeof user.sources.get(source) === "string"),
    );
  });
}
