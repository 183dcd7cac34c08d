import type { RowIssue, RowIssueCode } from "../errors.ts";
import { quoted, valueInvalid } from "./issues.ts";
import { limits } from "./limits.ts";
import { isPlaceholder } from "./placeholders.ts";
import type { EmailAddress } from "./records.ts";
import { readRemovalOrder, removedBy } from "./removal-orders.ts";
import { hasEscapes } from "./spreadsheet-damage.ts";
import { toNfc } from "./text.ts";
import { withoutGuard } from "./text-guards.ts";

/** The e-mail addresses of a cell. */
export interface ParsedEmails {
  /** Each once; the first is the primary one. */
  readonly emails: readonly EmailAddress[];
  /** Addresses that the cell orders to remove, if it does. */
  readonly removals?: readonly EmailAddress[];
  /** Warnings. */
  readonly issues: readonly RowIssue[];
  /** True when something was left out, so that no address may be withdrawn. */
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

/** The contents of a cell so far. */
interface Draft {
  readonly emails: Map<string, EmailAddress>;
  readonly removals: Map<string, EmailAddress>;
  readonly issues: RowIssue[];
  /** The primary address, where the cell marks one that is not the first. */
  primary: string | undefined;
  incomplete: boolean;
}

/**
 * Reads an e-mail cell (file formats, section 1.6): addresses joined by `;`, `,`, line breaks or blanks, also written
 * `mailto:…`, `smtp:…` or `Name <address>`. `SMTP:` marks the primary one. Addresses with a quoted local part are not
 * taken, so a comma always separates, except in a quoted name. Text that is not an address is left out with a warning;
 * more addresses than the limit make the row fail.
 *
 * The normalised form is NFC in lower case, the local part too. The standards let a server tell `Jane@` from `jane@`,
 * but hardly one does, and to take one mailbox for two people is the worse mistake.
 */
export function parseEmails(value: string): ParsedEmails {
  const draft: Draft = { emails: new Map(), removals: new Map(), issues: [], primary: undefined, incomplete: false };
  let followsOrder = false;
  let count = 0;
  const cell = withoutGuard(value);
  for (const part of split(cell.includes("<br") ? cell.replace(/<br ?\/?>/g, ";") : cell)) {
    const text = withoutGuard(part.trim());
    if (text === "") continue;
    followsOrder ||= readRemovalOrder(text) === "remove";
    if (followsOrder) leaveOut(draft, "order_unclear", text);
    else readToken(text, draft);
    count += 1;
    if (Math.max(count, draft.emails.size) > limits.user.emails) {
      const failure = valueInvalid("email", `it has more than ${limits.user.emails.toLocaleString("en-US")} addresses`);
      return { emails: [], issues: [], incomplete: true, failure };
    }
  }
  const { removals, issues, incomplete } = draft;
  const emails = primaryFirst(draft);
  return removals.size === 0
    ? { emails, issues, incomplete }
    : { emails, removals: [...removals.values()], issues, incomplete };
}

function primaryFirst({ emails, primary }: Draft): EmailAddress[] {
  const all = [...emails.values()];
  const first = primary === undefined ? undefined : emails.get(primary);
  return first === undefined ? all : [first, ...all.filter((email) => email !== first)];
}

function readToken(text: string, draft: Draft): void {
  const email = parseEmail(text);
  if (email !== undefined) add(draft, email, /^SMTP:/.test(text));
  else if (isPlaceholder(text)) note(draft, "placeholder_word", text);
  else if (otherAddress.test(text)) note(draft, "email_invalid", text);
  else if (!readRemoval(text, draft) && !readSeveral(text, draft)) leaveOut(draft, "email_invalid", text);
}

/** Addresses of other systems, which Active Directory's proxyAddresses also has: they withdraw nothing. */
const otherAddress = /^(?:x500|x400|sip|eum|notes|ccmail|spo|rfax|fax):/i;

function add(draft: Draft, email: EmailAddress, isPrimary: boolean): void {
  if (!draft.emails.has(email.normalized)) draft.emails.set(email.normalized, email);
  if (isPrimary) draft.primary ??= email.normalized;
}

/** Reads `address|delete`, `delete address` and the like; false if the text has no order. */
function readRemoval(text: string, draft: Draft): boolean {
  const bar = text.indexOf("|");
  const orders = bar < 0 ? [] : text.slice(bar + 1).split("|");
  const read = orders.map((order) => readRemovalOrder(order.trim()));
  const address = read.includes("remove") ? text.slice(0, bar).trim() : removedBy(text);
  if (address === undefined && read.every((order) => order === undefined)) return false;
  const email = address === undefined ? undefined : parseEmail(address);
  if (email === undefined) {
    leaveOut(draft, "order_unclear", text);
    return true;
  }
  draft.removals.set(email.normalized, email);
  note(draft, "removal_ordered", text);
  return true;
}

/** Reads addresses that line breaks, blanks or slashes separate; false if the text has anything else than addresses. */
function readSeveral(text: string, draft: Draft): boolean {
  if (text.length > tokenLength || !/[\s/|&]/.test(text)) return false;
  const emails = addressesOf(text.split(/[\r\n]+/)) ?? addressesOf(text.split(/[\s/|&]+/));
  if (emails === undefined) return false;
  for (const { email, isPrimary } of emails) add(draft, email, isPrimary);
  return true;
}

function addressesOf(
  parts: readonly string[],
): readonly { readonly email: EmailAddress; readonly isPrimary: boolean }[] | undefined {
  const emails: { email: EmailAddress; isPrimary: boolean }[] = [];
  for (const part of parts) {
    const text = part.trim();
    if (text === "" || /^(?:or|and)$/i.test(text)) continue;
    const email = parseEmail(text);
    if (email === undefined) return undefined;
    emails.push({ email, isPrimary: /^SMTP:/.test(text) });
  }
  return emails.length < 2 ? undefined : emails;
}

function note(draft: Draft, code: RowIssueCode, text: string): void {
  const value = quoted(text);
  const details = code === "email_invalid" ? { value } : { field: "email", value };
  draft.issues.push({ code, field: "email", details });
}

function leaveOut(draft: Draft, code: RowIssueCode, text: string): void {
  draft.incomplete = true;
  note(draft, code, text);
}

const prefix = /^(?:mailto|smtp):/i;
/** A word after an address that tells where it belongs, as in `(work)`. */
const remark =
  /\s*\((?:home|work|office|business|personal|private|school|campus|university|student|primary|secondary|preferred|alternate|other)\)$/i;

/** One address, or undefined if the text is not one. */
export function parseEmail(text: string): EmailAddress | undefined {
  if (text.length > tokenLength) return undefined;
  if (text.endsWith(")") && remark.test(text)) return parseEmail(text.replace(remark, ""));
  const inner = text.endsWith(">") ? (/^[^<>]*<([^<>]*)>$/.exec(text)?.[1] ?? "").trim() : text;
  const email = toNfc(prefix.test(inner) ? inner.replace(prefix, "").trim() : inner);
  if (!asciiPattern.test(email) && !internationalPattern.test(email)) return undefined;
  if (Buffer.byteLength(email) > limits.user.emailLength) return undefined;
  if (Buffer.byteLength(email.slice(0, email.indexOf("@"))) > limits.user.emailLocalPartLength) return undefined;
  return { email, normalized: toNfc(email.toLowerCase()) };
}

function split(value: string): readonly string[] {
  // The ; of an escaped character separates nothing.
  if (hasEscapes(value)) return value.split(/(?<!&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,6}|#x[0-9a-fA-F]{1,5}));|,/i);
  const quotes = value.includes('"') ? value.split('"').length - 1 : 0;
  // a lone quote quotes nothing
  return quotes > 0 && quotes % 2 === 0 ? (value.match(/(?:"[^"]*"|[^;,"])+/g) ?? []) : value.split(/[;,]/);
}
