import type { RowIssue } from "../errors.ts";
import { addressParts, parseAddress } from "../person/address.ts";
import { kindsOf, type Scalar, scalarField, scalarFields, type UserField } from "../person/fields.ts";
import { parseEmails } from "./emails.ts";
import { parseGroupOrders } from "./group-orders.ts";
import { hasInvisible, withoutInvisible } from "./invisible.ts";
import { damaged, quoted, valueInvalid } from "./issues.ts";
import { limits } from "./limits.ts";
import { parsePhones } from "./phones.ts";
import { isPlaceholder } from "./placeholders.ts";
import { codePoint } from "./printable.ts";
import type { NormalizationRules, SourceRecord, UserRow } from "./records.ts";
import {
  identifierDamage,
  isInSmartQuotes,
  lettersDamage,
  locationDamage,
  separatorDamage,
  textDamage,
} from "./spreadsheet-damage.ts";
import { toNfc } from "./text.ts";
import { withoutGuard, withoutTextGuard } from "./text-guards.ts";

/** A row while it is read. */
type Draft = { -readonly [K in keyof UserRow]: UserRow[K] } & { issues: RowIssue[] };

/** A character that may be forbidden or may combine with another one; others are in normal form C as they are. */
const suspectPattern = /[^\u0020-\u007e\u00a0-\u00ac\u00ae-\u02ff]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const controlPattern = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;
/** Characters that separate: without them two identifiers would become a third one. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const separatorPattern = /[\t\n\u000b\f\r\u001c-\u001f\u2028\u2029]/;
/** bcp writes a blank as NUL. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const nulPattern = /^\u0000+$/;
/** Fields whose values are compared, or reached: what nobody sees makes a different value of the same text. */
const comparedFields: ReadonlySet<UserField> = new Set(
  kindsOf("sources", "identifier", "emails", "phones", "memberships", "address", "location"),
);

/**
 * Normalises a record (file formats, sections 1 to 3): NFC, lists split, values checked against the limits.
 * A value that can't be taken makes the row fail, except for single e-mails and phones, which are left out with a
 * warning. A failed row keeps the identifiers that could be read and nothing else.
 *
 * Tabs and line breaks inside names, addresses, custom fields and locations become a space. Inside an identifier they
 * are refused: joined, two identifiers would become a third. Blank identifiers count as absent: a blank one neither
 * finds nor loses anything.
 */
export function normalizeUser(record: SourceRecord, rules: NormalizationRules): UserRow {
  const row: Draft = {
    row: record.row,
    line: record.line,
    emailsIncomplete: false,
    phonesIncomplete: false,
    namesGroup: false,
    issues: record.notes === undefined ? [] : [...record.notes],
  };
  if (record.unreadable && record.failure) return failedRow(row, 0, record.failure);
  const unidentified = readIdentifiers(record, row);
  const emailIssues = row.issues.length;
  const failure = record.failure ?? unidentified ?? readScalars(record, row) ?? readLists(record, row, rules);
  return failure === undefined ? row : failedRow(row, emailIssues, failure);
}

/** Returns the remains of a row that fails: its place, its identifiers, and the warnings about its e-mails, which come first. */
function failedRow(row: Draft, emailIssues: number, failure: RowIssue): UserRow {
  const { databaseId, username, usernameNormalized, emails } = row;
  return {
    row: row.row,
    line: row.line,
    ...(databaseId === undefined ? {} : { databaseId }),
    ...(username === undefined || usernameNormalized === undefined ? {} : { username, usernameNormalized }),
    ...(emails === undefined ? {} : { emails }),
    emailsIncomplete: row.emailsIncomplete,
    phonesIncomplete: false,
    namesGroup: false,
    issues: row.issues.slice(0, emailIssues),
    failure,
  };
}

/** Reads databaseID, userID and e-mails; all that are readable, whatever else fails. */
function readIdentifiers({ values }: SourceRecord, row: Draft): RowIssue | undefined {
  let failure: RowIssue | undefined;
  const read = (field: UserField, limit: number): string | undefined => {
    const identifier = readIdentifier(field, values[field], limit, row.issues);
    if (typeof identifier === "object") failure ??= identifier;
    return typeof identifier === "string" ? identifier : undefined;
  };
  const databaseId = read("databaseID", limits.user.databaseIdLength);
  if (databaseId !== undefined) row.databaseId = databaseId;
  const username = read("userID", scalarField("username").limit);
  if (username !== undefined) {
    row.username = username;
    row.usernameNormalized = toNfc(username.toLowerCase());
  }
  const email = clean("email", values.email, row.issues);
  if (typeof email === "string") {
    const parsed = parseEmails(email);
    const { removals } = parsed;
    // A cell that only orders removals gives no list of addresses.
    if (removals === undefined || parsed.emails.length > 0 || parsed.incomplete) row.emails = parsed.emails;
    if (removals !== undefined) row.emailRemovals = removals;
    row.emailsIncomplete = parsed.incomplete;
    addIssues(row, parsed.issues);
    failure ??= parsed.failure;
  } else if (email !== undefined) {
    row.emailsIncomplete = true;
    failure ??= email;
  }
  const named = databaseId !== undefined || username !== undefined || (row.emails ?? []).length > 0;
  return failure ?? (named ? undefined : { code: "identifier_missing", details: {} });
}

/** An identifier; undefined for a blank one. */
function readIdentifier(
  field: UserField,
  sent: string | undefined,
  limit: number,
  issues: RowIssue[],
): string | RowIssue | undefined {
  const cleaned = clean(field, sent, issues);
  if (typeof cleaned !== "string") return cleaned;
  const value = withoutGuard(cleaned);
  if (value === "") return undefined;
  if (isPlaceholder(value)) {
    issues.push({ code: "placeholder_word", field, details: { field, value: quoted(value) } });
    return undefined;
  }
  const checked = refuseControls(field, value, separatorPattern) ?? checkLength(field, value, limit);
  if (typeof checked === "object") return checked;
  const damage = identifierDamage(checked) ?? lettersDamage(checked) ?? separatorDamage(checked);
  return damage === undefined ? checked : damaged(field, checked, damage);
}

/** Reads the single values that identify nobody. */
function readScalars(record: SourceRecord, row: Draft): RowIssue | undefined {
  let failure: RowIssue | undefined;
  for (const field of describingFields) {
    const value = clean(field.feed, record.values[field.feed], row.issues);
    if (value === undefined) continue;
    const read = typeof value === "string" ? readScalar(field, value, row.issues) : value;
    if (isIssue(read)) failure ??= read;
    else if (read !== undefined) (row as Record<string, unknown>)[field.property] = read;
  }
  return failure;
}

const describingFields = scalarFields.filter(({ kind }) => kind !== "identifier");

type ScalarValue = string | readonly string[] | boolean;

const isIssue = (read: ScalarValue | RowIssue | undefined): read is RowIssue =>
  typeof read === "object" && "code" in read;

/** The value of a field; undefined if it is left out, with a warning. */
function readScalar(field: Scalar, value: string, issues: RowIssue[]): ScalarValue | RowIssue | undefined {
  switch (field.kind) {
    case "texts":
      return readTexts(field, value);
    case "flag":
      return readFlag(field, value, issues);
    case "address":
      return readAddress(field, value, issues);
    default:
      return readText(field, inOneLine(withoutTextGuard(value)), issues);
  }
}

function readText({ feed, kind, limit }: Scalar, value: string, issues: RowIssue[]): string | RowIssue {
  const checked = checkLength(feed, value, limit);
  if (typeof checked === "object") return checked;
  const damage = kind === "location" ? locationDamage(checked) : textDamage(checked);
  if (damage !== undefined) return damaged(feed, checked, damage);
  if (isInSmartQuotes(checked)) {
    issues.push({ code: "smart_quotes", field: feed, details: { field: feed, value: quoted(checked) } });
  }
  return checked;
}

function readAddress(field: Scalar, value: string, issues: RowIssue[]): string | RowIssue {
  const address = parseAddress(withoutTextGuard(value));
  if (address === undefined) return valueInvalid(field.feed, `it has more than ${addressParts.length} parts`);
  return readText(field, inOneLine(address), issues);
}

function readFlag({ feed }: Scalar, sent: string, issues: RowIssue[]): boolean | "" | RowIssue | undefined {
  const value = withoutGuard(sent);
  if (value === "0" || value === "1") return value === "1";
  if (value === "") return "";
  const damage = textDamage(value);
  if (damage !== undefined) return damaged(feed, value, damage);
  issues.push({ code: "show_all_groups_invalid", field: feed, details: { value: quoted(value) } });
  return undefined;
}

/** Texts by position, without the blank ones at the end. */
function readTexts({ feed, limit, most = 0 }: Scalar, value: string): readonly string[] | RowIssue {
  const texts = value.split("|").map((part) => inOneLine(withoutTextGuard(part.trim())));
  while (texts.at(-1) === "") texts.pop();
  if (texts.length > most) return valueInvalid(feed, `there are more than ${most}`);
  const long = texts.findIndex((text) => text.length > limit);
  if (long < 0) return texts;
  return valueInvalid(feed, `value ${long + 1} is longer than ${limit.toLocaleString("en-US")} characters`);
}

/** Reads phones and groups. */
function readLists({ values }: SourceRecord, row: Draft, rules: NormalizationRules): RowIssue | undefined {
  const phone = clean("phone", values.phone, row.issues);
  if (typeof phone === "object") return phone;
  if (phone !== undefined) {
    const parsed = parsePhones(phone, rules.countryCode);
    if (parsed.failure !== undefined) return parsed.failure;
    const { removals } = parsed;
    if (removals === undefined || parsed.phones.length > 0 || parsed.incomplete) row.phones = parsed.phones;
    if (removals !== undefined) row.phoneRemovals = removals;
    row.phonesIncomplete = parsed.incomplete;
    addIssues(row, parsed.issues);
  }
  const groupId = clean("groupID", values.groupID, row.issues);
  if (typeof groupId === "object") return groupId;
  if (groupId !== undefined) {
    const parsed = parseGroupOrders(groupId, rules.grantableRoles, rules.unusualGroups);
    if (parsed.failure !== undefined) return parsed.failure;
    row.groups = parsed.orders;
    row.namesGroup = parsed.orders.join.length > 0 || parsed.orders.incomplete === true;
    addIssues(row, parsed.issues);
  }
  return undefined;
}

function addIssues(row: Draft, issues: readonly RowIssue[]): void {
  for (const issue of issues) row.issues.push(issue);
}

/**
 * The value in NFC, without the characters that nobody sees where they would make another identifier, group, address or
 * location; a failure if it holds what no value may. Tabs and line breaks are left to the field.
 */
function clean(field: UserField, value: string | undefined, issues: RowIssue[]): string | RowIssue | undefined {
  if (value === undefined || !suspectPattern.test(value)) return value;
  if (!value.isWellFormed()) return valueInvalid(field, "it holds half of a character (a lone surrogate)");
  if (nulPattern.test(value)) return "";
  let visible = value;
  if (comparedFields.has(field) && hasInvisible(value)) {
    visible = withoutInvisible(value);
    if (field !== "phone") issues.push({ code: "invisible_removed", field, details: { field, value: quoted(value) } });
  }
  return refuseControls(field, visible, controlPattern) ?? visible.normalize("NFC");
}

function refuseControls(field: UserField, value: string, pattern: RegExp): RowIssue | undefined {
  const control = pattern.exec(value)?.[0];
  return control === undefined
    ? undefined
    : valueInvalid(field, `it holds the control character ${codePoint(control)}`);
}

function inOneLine(value: string): string {
  if (!/[\t\r\n]/.test(value)) return value;
  const lines = value.split(/[\t\r\n]+/).map((line) => line.trim());
  return lines.filter((line) => line !== "").join(" ");
}

function checkLength(field: UserField, value: string, limit: number): string | RowIssue {
  return value.length <= limit
    ? value
    : valueInvalid(field, `it is longer than ${limit.toLocaleString("en-US")} characters`);
}
