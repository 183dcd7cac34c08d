import type { Decision } from "./decide.ts";
import { agreement, nameAgreement } from "./names.ts";

/** Tells if a known databaseID arrives with another name, e-mail and userID (file formats, section 4.3). */
export function isRecycled(source: number, { fate, person, statement }: Decision): boolean {
  const { user } = person;
  const { databaseId, primaryEmail, username, firstName, lastName } = statement;
  if (fate !== "update" || user === null || statement.onlyRemoves) return false;
  if (databaseId === null || user.sources.get(source) !== databaseId) return false;
  if (!primaryEmail || !user.email.value || primaryEmail.value.normalized === user.email.value.normalized) return false;
  if (username?.value && username.value.normalized === user.username.value?.normalized) return false;
  const stored = { first: user.firstName.value, last: user.lastName.value };
  const sent = { first: firstName?.value || stored.first, last: lastName?.value || stored.last };
  return nameAgreement(sent, stored) === agreement.differs;
}
