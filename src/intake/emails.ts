import type { RowIssue } from "../errors.ts";
import { quoted, valueInvalid } from "./issues.ts";
import { limits } from "./limits.ts";
import type { EmailAddress } from "./records.ts";
import { toNfc } from "./text.ts";

/** The e-mail addresses of a cell. */
export interface ParsedEmails {
  /** Each once; the first is the primary one. */
  readonly emails: readonly EmailAddress[];
  /** Warnings. */
  readonly issues: readonly RowIssue[];
  /** Whether something was left out, so that no address may be withdrawn. */
  readonly incomplete: boolean;
  /** Why the row cannot be applied. */
  readonly failure?: RowIssue;
}

/** Longer texts are no addresses, with a name or without. */
const tokenLength = 1_000;
/** A valid e-mail address of the HTML standard, with a dot in its domain: mail of a person comes from outside too. */
const asciiPattern =
  /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;
/** The same with what RFC 6531 adds, but for spaces, controls and invisible characters. */
const internationalPattern =
  /^(?:[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]|[^\p{ASCII}\p{C}\p{Z}])+@(?:[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?\.)+[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?$/u;

/**
 * Reads an e-mail cell (file formats, section 1): addresses joined by `;` or `,`, also written `mailto:…` or
 * `Name <address>`. Addresses with a quoted local part are not taken, so a comma always separates, except in a quoted
 * name. What is no address is left out with a warning; more addresses than the limit make the row fail.
 *
 * The normalised form is NFC in lower case, the local part too. The standards let a server tell `Jane@` from `jane@`,
 * but hardly one does, and to take one mailbox for two people is the worse mistake.
 */
export function parseEmails(value: string): ParsedEmails {
  const issues: RowIssue[] = [];
  const emails = new Map<string, EmailAddress>();
  let incomplete = false;
  let count = 0;
  for (const token of split(value)) {
    const text = token.trim();
    if (text === "") continue;
    const email = parseEmail(text);
    if (email === undefined) {
      incomplete = true;
      issues.push({ code: "email_invalid", field: "email", details: { value: quoted(text) } });
    } else if (!emails.has(email.normalized)) {
      emails.set(email.normalized, email);
    }
    count += 1;
    if (count > limits.user.emails) {
      const failure = valueInvalid("email", `it has more than ${limits.user.emails.toLocaleString("en-US")} addresses`);
      return { emails: [], issues: [], incomplete: true, failure };
    }
  }
  return { emails: [...emails.values()], issues, incomplete };
}

/** One address, or undefined if it is none. */
export function parseEmail(text: string): EmailAddress | undefined {
  if (text.length > tokenLength) return undefined;
  const inner = text.endsWith(">") ? (/^[^<>]*<([^<>]*)>$/.exec(text)?.[1] ?? "").trim() : text;
  const email = toNfc(/^mailto:/i.test(inner) ? inner.slice(7).trim() : inner);
  if (!asciiPattern.test(email) && !internationalPattern.test(email)) return undefined;
  if (Buffer.byteLength(email) > limits.user.emailLength) return undefined;
  if (Buffer.byteLength(email.slice(0, email.indexOf("@"))) > limits.user.emailLocalPartLength) return undefined;
  return { email, normalized: toNfc(email.toLowerCase()) };
}

function split(value: string): readonly string[] {
  const quotes = value.includes('"') ? value.split('"').length - 1 : 0;
  // a lone quote quotes nothing
  return quotes > 0 && quotes % 2 === 0 ? (value.match(/(?:"[^"]*"|[^;,"])+/g) ?? []) : value.split(/[;,]/);
}
