/** Known people whose primary address becomes the first one of the file (file formats, section 5.1). */
import type { Decision } from "./decide.ts";
import { type Organization, outranks, type User } from "./state.ts";

/**
 * People whose primary address the file replaces: all of a source that owns it, and those whose address moves between two
 * people of the file. One gives it up, and the other one, known or new, has it as first address.
 */
export function findNewPrimaryEmails(
  organization: Organization,
  source: number,
  applied: readonly Decision[],
): ReadonlySet<User> {
  const owns = [...organization.sources.values()].some((one) => one.number === source && one.ownsPrimaryEmail);
  const first = ({ statement }: Decision) => statement.primaryEmail?.value.normalized;
  const mayReplace = applied.flatMap((decision) => {
    const { person, statement, fate } = decision;
    const { email } = person.user ?? {};
    const said = first(decision);
    if (!person.user || !email?.value || fate !== "update" || statement.onlyRemoves) return [];
    if (said === undefined || said === email.value.normalized || statement.mode !== "replace") return [];
    if (email.owner !== null && outranks(organization, email.owner, source)) return [];
    return [{ user: person.user, said, stored: email.value.normalized }];
  });
  const taken = [...applied.filter(({ fate }) => fate === "add").map(first), ...mayReplace.map(({ said }) => said)];
  const givenUp = mayReplace.map(({ stored }) => stored);
  const moving = mayReplace.filter(({ said, stored }) => owns || taken.includes(stored) || givenUp.includes(said));
  return new Set(moving.map(({ user }) => user));
}
