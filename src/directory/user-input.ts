import type { ProblemPlace } from "../errors.ts";
import { parseEmail } from "../intake/emails.ts";
import { readPhoneNumber } from "../intake/phone-numbers.ts";
import type { EmailAddress, Phone } from "../intake/records.ts";
import { type AddressDocument, type AddressPart, addressParts, joinAddress, parseAddress } from "../person/address.ts";
import { scalarField } from "../person/fields.ts";
import type { UserOrigin } from "./claims.ts";
import { compareBytes, foldCase } from "./text.ts";

/** A phone as a person writes it; the rest has the defaults of feeds (file formats, section 2). */
export interface PhoneInput {
  /** In any notation; without a country it is the organization's. */
  readonly number: string;
  readonly extension?: string | undefined;
  readonly messageType?: Phone["messageType"] | undefined;
  readonly label?: Phone["label"] | undefined;
  readonly carrier?: string | undefined;
}

/** A change of an address: parts that are named, or free text; null takes one away (RFC 7396). */
export type AddressInput = { readonly [Part in AddressPart | "text"]?: string | null | undefined };

/**
 * What a person or the API wants somebody to be: absent says nothing, null (or blank) takes the value away.
 * Texts are trimmed, in NFC, and within their limits (`line`).
 */
export interface UserInput {
  readonly firstName?: string | null | undefined;
  readonly lastName?: string | null | undefined;
  readonly username?: string | null | undefined;
  /** The whole list; the first is the primary address. */
  readonly emails?: readonly string[] | null | undefined;
  /** The whole list. */
  readonly phones?: readonly PhoneInput[] | null | undefined;
  /** Parts that are merged into what is there, or a whole one as feeds write it: five parts joined by |, or free text. */
  readonly address?: AddressInput | string | null | undefined;
  /** By position. */
  readonly customFields?: readonly string[] | null | undefined;
  /** Name of a location. */
  readonly location?: string | null | undefined;
  readonly showAllGroups?: boolean | null | undefined;
}

/** A new person. */
export interface NewUserInput extends UserInput {
  readonly origin?: UserOrigin | undefined;
  readonly memberships?: readonly { readonly groupId: string; readonly role: number }[] | undefined;
}

/** An input that was read: the values as they are stored. */
export interface UserEdit {
  readonly firstName?: string;
  readonly lastName?: string;
  readonly username?: { readonly username: string; readonly normalized: string } | null;
  /** Each once: the primary address, then the others in their order. */
  readonly emails?: readonly EmailAddress[];
  /** Each once, in their order. */
  readonly phones?: readonly Phone[];
  /** "" for none. */
  readonly address?: string;
  readonly customFields?: readonly string[];
  /** As the sender spells it. */
  readonly location?: string | null;
  /** null for the default that is nobody's. */
  readonly showAllGroups?: boolean | null;
}

/** A part of a request that cannot be taken; the message completes "<field> …". */
export type FieldError = NonNullable<ProblemPlace["errors"]>[number];

/**
 * Reads what somebody wants changed.
 * @param countryCode calling code of phones that name none, e.g. "1"
 * @param address the address into which parts are merged
 * @returns the edit, and every part that cannot be taken
 */
export function readUserInput(
  input: UserInput,
  countryCode: string,
  address: AddressDocument | null,
): { readonly edit: UserEdit; readonly errors: readonly FieldError[] } {
  const errors: FieldError[] = [];
  const edit: { -readonly [Name in keyof UserEdit]: UserEdit[Name] } = {};
  if (input.firstName !== undefined) edit.firstName = input.firstName ?? "";
  if (input.lastName !== undefined) edit.lastName = input.lastName ?? "";
  if (input.username !== undefined) edit.username = readUsername(input.username);
  if (input.emails !== undefined) edit.emails = readEmails(input.emails ?? [], errors);
  if (input.phones !== undefined) edit.phones = readPhones(input.phones ?? [], countryCode, errors);
  if (input.address !== undefined) edit.address = readAddress(input.address, address, errors);
  if (input.customFields !== undefined) edit.customFields = withoutBlankEnd(input.customFields ?? []);
  if (input.location !== undefined) edit.location = input.location || null;
  if (input.showAllGroups !== undefined) edit.showAllGroups = input.showAllGroups;
  return { edit, errors };
}

function readUsername(username: string | null): NonNullable<UserEdit["username"]> | null {
  return username ? { username, normalized: foldCase(username) } : null;
}

function readEmails(addresses: readonly string[], errors: FieldError[]): EmailAddress[] {
  const emails = new Map<string, EmailAddress>();
  for (const [index, text] of addresses.entries()) {
    const email = parseEmail(text);
    if (email === undefined) errors.push({ field: `emails.${index}`, message: "is not an e-mail address" });
    else if (!emails.has(email.normalized)) emails.set(email.normalized, email);
  }
  const [primary, ...further] = emails.values();
  if (primary === undefined) return [];
  return [primary, ...further.sort((one, other) => compareBytes(one.normalized, other.normalized))];
}

function readPhones(inputs: readonly PhoneInput[], countryCode: string, errors: FieldError[]): Phone[] {
  const phones = new Map<string, Phone>();
  for (const [index, input] of inputs.entries()) {
    const reading = readPhoneNumber(input.number, countryCode);
    if (reading.kind !== "number") {
      const message = reading.kind === "filler" ? "looks like a filler" : "is no possible phone number";
      errors.push({ field: `phones.${index}.number`, message });
      continue;
    }
    const extension = input.extension || reading.extension;
    phones.set(`${reading.number}x${extension}`, {
      number: reading.number,
      extension,
      // an extension can be reached by voice only
      messageType: extension === "" ? (input.messageType ?? 3) : 2,
      label: input.label ?? "cell",
      carrier: input.carrier ?? "",
    });
  }
  return [...phones.values()].sort(
    (one, other) => compareBytes(one.number, other.number) || compareBytes(one.extension, other.extension),
  );
}

function readAddress(
  input: NonNullable<UserInput["address"]> | null,
  before: AddressDocument | null,
  errors: FieldError[],
): string {
  if (input === null) return "";
  if (typeof input === "string") return readAddressText(input, errors);
  const merged = new Map<string, string>(Object.entries(before ?? {}));
  for (const [part, value] of Object.entries(input)) {
    if (value === undefined) continue;
    if (value?.includes("|")) errors.push({ field: `address.${part}`, message: "has a | in it" });
    merged.set(part, value ?? "");
  }
  const text = merged.get("text") ?? "";
  const stored = joinAddress(Object.fromEntries(merged));
  if (stored === "") return text;
  if (text !== "") {
    errors.push({ field: "address", message: "has both text and parts; set one of them to null" });
  }
  const { limit } = scalarField("address");
  if (stored.length > limit) {
    errors.push({ field: "address", message: `has more than ${limit} characters in all` });
  }
  return stored;
}

/** An address as feeds write it (file formats, section 1). Missing parts are blank ones. */
function readAddressText(text: string, errors: FieldError[]): string {
  const address = parseAddress(text);
  if (address === undefined) {
    errors.push({ field: "address", message: `has more than ${addressParts.length} parts` });
    return "";
  }
  if (!address.includes("|")) return address;
  const parts = address.split("|");
  return addressParts.map((_, index) => parts[index] ?? "").join("|");
}

function withoutBlankEnd(fields: readonly string[]): readonly string[] {
  return fields.slice(0, fields.findLastIndex((field) => field !== "") + 1);
}
