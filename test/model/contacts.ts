/** E-mail addresses and phones of a person: lists whose entries carry the claims of those who named them. */
import type { Statement } from "./merge.ts";
import { type Issue, type Organization, outranks, type User } from "./state.ts";
import { damages } from "./text.ts";

/**
 * The first address of the file becomes the primary one if the person has no primary one, or if it `takesPrimary`. All others are
 * further ones (file formats, section 5).
 */
export function applyEmails(
  source: number,
  user: User,
  statement: Statement,
  takesPrimary: boolean,
  warn: (row: number, issue: Issue) => void,
): void {
  const primary = statement.primaryEmail;
  if (primary && (takesPrimary || !user.email.value)) user.email = { value: primary.value, owner: source };
  if (primary && primary.value.normalized !== user.email.value?.normalized) {
    warn(primary.row, { code: "primary_email_kept", field: "email" });
  }
  const further = new Map(statement.emails);
  const stored = user.email.value?.normalized ?? "";
  further.delete(stored);
  user.emails.delete(stored);
  for (const [key, { email }] of further) {
    const known = user.emails.get(key);
    if (known) known.claims.add(source);
    else user.emails.set(key, { email, claims: new Set([source]) });
  }
  withdrawOrdered(source, user.emails, statement.removedEmails, further);
  if (statement.mode === "replace" && statement.emailsComplete) withdraw(source, user.emails, further);
}

/** Adds phones and replaces their attributes where the source may (file formats, section 5). */
export function applyPhones(
  organization: Organization,
  source: number,
  user: User,
  statement: Statement,
  warn: (row: number, issue: Issue) => void,
): void {
  for (const [key, sent] of statement.phones) {
    let phone = sent;
    const known = user.phones.get(key);
    if (!known) user.phones.set(key, { ...phone, owner: source, claims: new Set([source]) });
    else {
      known.claims.add(source);
      if (statement.mode !== "replace" || outranks(organization, known.owner, source)) continue;
      if (damages(known.carrier, sent.carrier)) {
        warn(statement.firstRow, { code: "text_damaged", field: "phone" });
        phone = { ...sent, carrier: known.carrier };
      }
      const isSame =
        phone.messageType === known.messageType && phone.label === known.label && phone.carrier === known.carrier;
      // who only repeats what another one says takes it over by rank alone, as with scalars
      if (isSame && !outranks(organization, source, known.owner)) continue;
      user.phones.set(key, { ...phone, owner: source, claims: known.claims });
    }
  }
  withdrawOrdered(source, user.phones, statement.removedPhones, statement.phones);
  if (statement.mode === "replace" && statement.phonesComplete) withdraw(source, user.phones, statement.phones);
}

/** Does what the rows of a person order to remove, and nothing else. */
export function removeOrdered(source: number, user: User, { removedEmails, removedPhones }: Statement): void {
  withdrawOrdered(source, user.emails, removedEmails, new Map());
  withdrawOrdered(source, user.phones, removedPhones, new Map());
}

/** Withdraws a source's claim from what its file orders to remove, unless it also adds it. */
function withdrawOrdered(
  source: number,
  stored: Map<string, { claims: Set<number> }>,
  ordered: ReadonlySet<string>,
  named: ReadonlyMap<string, unknown>,
): void {
  const kept = new Map([...stored].filter(([key]) => named.has(key) || !ordered.has(key)));
  withdraw(source, stored, kept);
}

/** Withdraws a source's claim from what it no longer names; what has no claim left goes. */
function withdraw(
  source: number,
  stored: Map<string, { claims: Set<number> }>,
  named: ReadonlyMap<string, unknown>,
): void {
  for (const [key, { claims }] of stored) {
    if (named.has(key)) continue;
    claims.delete(source);
    if (claims.size === 0) stored.delete(key);
  }
}
