import type { RowIssue } from "../errors.ts";
import { parseEmails } from "./emails.ts";
import { parseGroupOrders } from "./group-orders.ts";
import { quoted, valueInvalid } from "./issues.ts";
import { limits } from "./limits.ts";
import { parsePhones } from "./phones.ts";
import type { NormalizationRules, SourceRecord, UserField, UserRow } from "./records.ts";
import { identifierDamage, isInSmartQuotes, textDamage } from "./spreadsheet-damage.ts";
import { toNfc } from "./text.ts";

/** A row while it is read. */
type Draft = { -readonly [K in keyof UserRow]: UserRow[K] } & { issues: RowIssue[] };

/** A character that may be forbidden or may combine with another one; others are in normal form C as they are. */
const suspectPattern = /[^\u0020-\u007e\u00a0-\u02ff]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const controlPattern = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;

/**
 * Normalises a record (file formats, sections 1 to 3): NFC, lists split, values checked against the limits.
 * A value that can't be taken makes the row fail, except for single e-mails and phones, which are left out with a
 * warning. A failed row keeps the identifiers that could be read and nothing else.
 *
 * Tabs and line breaks inside names, addresses, custom fields and locations become a space; inside an identifier they
 * are refused like any control character. Identifiers that are blank count as absent: a blank one neither finds nor
 * loses anything.
 */
export function normalizeUser(record: SourceRecord, rules: NormalizationRules): UserRow {
  const row: Draft = {
    row: record.row,
    line: record.line,
    emailsIncomplete: false,
    phonesIncomplete: false,
    namesGroup: false,
    issues: [],
  };
  if (record.unreadable && record.failure) return failedRow(row, 0, record.failure);
  const unidentified = readIdentifiers(record, row);
  const emailIssues = row.issues.length;
  const failure = record.failure ?? unidentified ?? readTexts(record, row) ?? readLists(record, row, rules);
  return failure === undefined ? row : failedRow(row, emailIssues, failure);
}

/** What remains of a row that fails: its place, its identifiers, and the warnings about its e-mails, which come first. */
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
function readIdentifiers(record: SourceRecord, row: Draft): RowIssue | undefined {
  let failure: RowIssue | undefined;
  const read = (field: UserField, limit: number): string | undefined => {
    const value = clean(field, record.values[field]);
    const checked = typeof value === "string" ? checkIdentifier(field, value, limit) : value;
    if (typeof checked === "object") failure ??= checked;
    if (typeof checked !== "string" || checked === "") return undefined;
    const damage = identifierDamage(checked);
    if (damage === undefined) return checked;
    failure ??= damaged(field, checked, damage);
    return undefined;
  };
  const databaseId = read("databaseID", limits.user.databaseIdLength);
  if (databaseId !== undefined) row.databaseId = databaseId;
  const username = read("userID", limits.user.usernameLength);
  if (username !== undefined) {
    row.username = username;
    row.usernameNormalized = toNfc(username.toLowerCase());
  }
  const email = clean("email", record.values.email);
  if (typeof email === "string") {
    const parsed = parseEmails(email);
    row.emails = parsed.emails;
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

/** Reads the values that are one text or a list of texts by position. */
function readTexts(record: SourceRecord, row: Draft): RowIssue | undefined {
  const { values } = record;
  let failure: RowIssue | undefined;
  const read = (field: UserField, check: (value: string) => string | RowIssue): string | undefined => {
    const value = clean(field, values[field]);
    const checked = typeof value === "string" ? check(value) : value;
    if (typeof checked === "object") failure ??= checked;
    if (typeof checked !== "string") return undefined;
    const damage = textDamage(checked);
    if (damage !== undefined) failure ??= damaged(field, checked, damage);
    if (isInSmartQuotes(checked))
      row.issues.push({ code: "smart_quotes", field, details: { field, value: quoted(checked) } });
    return checked;
  };
  const firstName = read("firstName", (value) => checkText("firstName", value, limits.user.firstNameLength));
  if (firstName !== undefined) row.firstName = firstName;
  const lastName = read("lastName", (value) => checkText("lastName", value, limits.user.lastNameLength));
  if (lastName !== undefined) row.lastName = lastName;
  const location = read("campusName", (value) => checkText("campusName", value, limits.user.locationLength));
  if (location !== undefined) row.location = location;
  const address = read("address", checkAddress);
  if (address !== undefined) row.address = address;
  const customFields = clean("customFields", values.customFields);
  const parsed = typeof customFields === "string" ? parseCustomFields(customFields) : customFields;
  if (Array.isArray(parsed)) row.customFields = parsed;
  else if (parsed !== undefined) failure ??= parsed as RowIssue;
  const showAllGroups = read("showAllGroups", (value) => value);
  if (showAllGroups === "0" || showAllGroups === "1") row.showAllGroups = showAllGroups === "1";
  else if (showAllGroups === "") row.showAllGroups = "";
  else if (showAllGroups !== undefined) {
    const details = { value: quoted(showAllGroups) };
    row.issues.push({ code: "show_all_groups_invalid", field: "showAllGroups", details });
  }
  return failure;
}

/** Reads phones and groups. */
function readLists(record: SourceRecord, row: Draft, rules: NormalizationRules): RowIssue | undefined {
  const phone = clean("phone", record.values.phone);
  if (typeof phone === "object") return phone;
  if (phone !== undefined) {
    const parsed = parsePhones(phone, rules.countryCode);
    if (parsed.failure !== undefined) return parsed.failure;
    row.phones = parsed.phones;
    row.phonesIncomplete = parsed.incomplete;
    addIssues(row, parsed.issues);
  }
  const groupId = clean("groupID", record.values.groupID);
  if (typeof groupId === "object") return groupId;
  if (groupId !== undefined) {
    const parsed = parseGroupOrders(groupId, rules.grantableRoles);
    if (parsed.failure !== undefined) return parsed.failure;
    row.groups = parsed.orders;
    row.namesGroup = parsed.orders.join.length > 0;
    addIssues(row, parsed.issues);
  }
  return undefined;
}

function damaged(field: UserField, value: string, explanation: string): RowIssue {
  return { code: "spreadsheet_damage", field, details: { field, value: quoted(value), explanation } };
}

function addIssues(row: Draft, issues: readonly RowIssue[]): void {
  for (const issue of issues) row.issues.push(issue);
}

/** The value in NFC; a failure if it holds what no value may. Tabs and line breaks are left to the field. */
function clean(field: UserField, value: string | undefined): string | RowIssue | undefined {
  if (value === undefined || !suspectPattern.test(value)) return value;
  if (!value.isWellFormed()) return valueInvalid(field, "it holds half of a character (a lone surrogate)");
  return refuseControls(field, value, controlPattern) ?? value.normalize("NFC");
}

function refuseControls(field: UserField, value: string, pattern: RegExp): RowIssue | undefined {
  const control = pattern.exec(value)?.[0];
  if (control === undefined) return undefined;
  const code = control.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  return valueInvalid(field, `it holds the control character U+${code}`);
}

function checkIdentifier(field: UserField, value: string, limit: number): string | RowIssue {
  return refuseControls(field, value, /[\t\r\n]/) ?? checkLength(field, value, limit);
}

function checkText(field: UserField, value: string, limit: number): string | RowIssue {
  return checkLength(field, inOneLine(value), limit);
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

/** Up to five parts joined by |, or free text; blank if all parts are. */
function checkAddress(value: string): string | RowIssue {
  const parts = value.split("|").map((part) => part.trim());
  if (parts.length > limits.user.addressParts) {
    return valueInvalid("address", `it has more than ${limits.user.addressParts} parts`);
  }
  return parts.every((part) => part === "") ? "" : checkText("address", parts.join("|"), limits.user.addressLength);
}

/** The custom fields by position, without the blank ones at the end. */
function parseCustomFields(value: string): string[] | RowIssue {
  const fields = value.split("|").map((part) => inOneLine(part.trim()));
  while (fields.at(-1) === "") fields.pop();
  if (fields.length > limits.user.customFields) {
    return valueInvalid("customFields", `there are more than ${limits.user.customFields}`);
  }
  const long = fields.findIndex((field) => field.length > limits.user.customFieldLength);
  if (long < 0) return fields;
  const limit = limits.user.customFieldLength.toLocaleString("en-US");
  return valueInvalid("customFields", `value ${long + 1} is longer than ${limit} characters`);
}
