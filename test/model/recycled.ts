import type { Decision } from "./decide.ts";
import { agreement, nameAgreement } from "./names.ts";

/**
 * Names the identifier that alone leads to a known person, while the name and the e-mail differ (file formats, section 4.3).
 * @returns undefined if no identifier does
 */
export function recycledIdentifier(
  source: number,
  { fate, person, statement }: Decision,
): "databaseID" | "userID" | undefined {
  const { user } = person;
  const { databaseId, primaryEmail, username, firstName, lastName } = statement;
  if (fate !== "update" || user === null || statement.onlyRemoves) return undefined;
  if (!primaryEmail || !user.email.value || primaryEmail.value.normalized === user.email.value.normalized)
    return undefined;
  const isDatabaseIdKnown = databaseId !== null && user.sources.get(source) === databaseId;
  const isUserIdKnown = Boolean(username?.value) && username?.value?.normalized === user.username.value?.normalized;
  if (isDatabaseIdKnown === isUserIdKnown) return undefined;
  const stored = { first: user.firstName.value, last: user.lastName.value };
  const sent = { first: firstName?.value || stored.first, last: lastName?.value || stored.last };
  if (nameAgreement(sent, stored) !== agreement.differs) return undefined;
  return isDatabaseIdKnown ? "databaseID" : "userID";
}
