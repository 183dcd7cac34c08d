import type { ProblemPlace } from "../errors.ts";
import { parseEmail } from "../intake/emails.ts";
import { readPhoneNumber } from "../intake/phone-numbers.ts";
import type { EmailAddress, Phone } from "../intake/records.ts";
import { type AddressDocument, type AddressPart, addressParts, joinAddress, parseAddress } from "../person/address.ts";
import { personFields, type Scalar, type ScalarsOf, scalarField } from "../person/fields.ts";
import type { UserOrigin } from "./claims.ts";
import { compareBytes } from "./text.ts";

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

type InputScalars = ScalarsOf<{
  readonly text: string | null | undefined;
  readonly identifier: string | null | undefined;
  /** Parts that are merged into the stored address, or a whole one as feeds write it. */
  readonly address: AddressInput | string | null | undefined;
  readonly texts: readonly string[] | null | undefined;
  readonly location: string | null | undefined;
  readonly flag: boolean | null | undefined;
}>;

/**
 * The wanted values of a person. An absent one says nothing; null (or blank) takes the value away. Texts are trimmed, in
 * NFC, and within their limits (`line`).
 */
export interface UserInput extends Partial<InputScalars> {
  /** The whole list; the first is the primary address. */
  readonly emails?: readonly string[] | null | undefined;
  /** The whole list. */
  readonly phones?: readonly PhoneInput[] | null | undefined;
}

/** A new person. */
export interface NewUserInput extends UserInput {
  readonly origin?: UserOrigin | undefined;
  readonly memberships?: readonly { readonly groupId: string; readonly role: number }[] | undefined;
}

type EditedScalars = ScalarsOf<{
  readonly text: string;
  readonly identifier: string | null;
  /** The stored form; "" for none. */
  readonly address: string;
  readonly texts: readonly string[];
  /** The name as the sender spells it. */
  readonly location: string | null;
  /** null for the default, which nobody owns. */
  readonly flag: boolean | null;
}>;

/** An input that was read: the values as they are stored. */
export interface UserEdit extends Partial<EditedScalars> {
  /** Each once: the primary address, then the others in their order. */
  readonly emails?: readonly EmailAddress[];
  /** Each once, in their order. */
  readonly phones?: readonly Phone[];
}

/** A part of a request that cannot be taken; the message completes "<field> …". */
export type FieldError = NonNullable<ProblemPlace["errors"]>[number];

/**
 * Reads an input.
 * @param countryCode calling code of phones that name no country, e.g. "1"
 * @param address the address into which parts are merged
 * @returns the edit, and every part that cannot be taken
 */
export function readUserInput(
  input: UserInput,
  countryCode: string,
  address: AddressDocument | null,
): { readonly edit: UserEdit; readonly errors: readonly FieldError[] } {
  const errors: FieldError[] = [];
  const edited = personFields.flatMap((field) => {
    const value = readField(field, input, countryCode, address, errors);
    return value === undefined ? [] : [[field.property, value] as const];
  });
  return { edit: Object.fromEntries(edited) as UserEdit, errors };
}

/** The value of a field as it is stored; undefined if the input does not say it. */
function readField(
  field: (typeof personFields)[number],
  input: UserInput,
  countryCode: string,
  address: AddressDocument | null,
  errors: FieldError[],
): UserEdit[keyof UserEdit] {
  switch (field.kind) {
    case "emails":
      return input.emails === undefined ? undefined : readEmails(input.emails ?? [], errors);
    case "phones":
      return input.phones === undefined ? undefined : readPhones(input.phones ?? [], countryCode, errors);
    case "memberships":
    case "sources":
      return undefined;
    default: {
      const value = input[field.property];
      return value === undefined ? undefined : readScalar(field, value, address, errors);
    }
  }
}

/** A single value as it is stored. */
function readScalar(
  { kind }: Pick<Scalar, "kind">,
  input: NonNullable<UserInput[Scalar["property"]]> | null,
  address: AddressDocument | null,
  errors: FieldError[],
): EditedScalars[Scalar["property"]] {
  switch (kind) {
    case "text":
      return (input as string | null) ?? "";
    case "identifier":
    case "location":
      return (input as string | null) || null;
    case "address":
      return readAddress(input as AddressInput | string | null, address, errors);
    case "texts":
      return withoutBlankEnd((input as readonly string[] | null) ?? []);
    case "flag":
      return input as boolean | null;
  }
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
      const message = reading.kind === "filler" ? "looks like a filler" : "is not a possible phone number";
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
  input: AddressInput | string | null,
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
