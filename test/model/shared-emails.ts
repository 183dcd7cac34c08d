/** New people whose e-mail somebody else has, too (file formats, section 4.2). */
import type { Decision } from "./decide.ts";
import { primaryEmail } from "./identify-by-email.ts";
import type { Organization } from "./state.ts";

/**
 * Finds the new people whom their e-mail alone would have made one with somebody else: those who have no other identifier,
 * if anybody else has the e-mail, and those whom it might have linked to somebody stored.
 * @param applied decisions of which none failed
 */
export function findSharedEmails(before: Organization, source: number, applied: readonly Decision[]): Decision[] {
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
