import type { RowIssue, RowIssueCode } from "../errors.ts";
import { readCallingCode } from "./calling-codes.ts";
import { quoted, valueInvalid } from "./issues.ts";
import { limits } from "./limits.ts";
import { readPhoneNumber } from "./phone-numbers.ts";
import { splitPhones } from "./phone-tokens.ts";
import { labelOf, messageTypeOf, readWrittenNumber, type WrittenNumber } from "./phone-words.ts";
import { isPlaceholder } from "./placeholders.ts";
import type { Phone, PhoneKey } from "./records.ts";
import { readRemovalOrder, removedBy } from "./removal-orders.ts";
import { phoneDamage } from "./spreadsheet-damage.ts";
import { withoutGuard } from "./text-guards.ts";

/** The phones of a cell. */
export interface ParsedPhones {
  /** Each number with its extension once, in the order in which they come first. */
  readonly phones: readonly Phone[];
  /** Numbers that the cell orders to remove, if it does. */
  readonly removals?: readonly PhoneKey[];
  /** Warnings. */
  readonly issues: readonly RowIssue[];
  /** True when something that isn't blank was left out, so that no phone may be withdrawn. */
  readonly incomplete: boolean;
  /** Why the row cannot be applied. */
  readonly failure?: RowIssue;
}

/** The meaning of a token. */
type Token =
  | { readonly kind: "blank" }
  | { readonly kind: "phone"; readonly phone: Phone }
  | { readonly kind: "removal"; readonly phone: PhoneKey }
  /** Left out, with an issue. */
  | { readonly kind: "unreadable" };

const blank: Token = { kind: "blank" };
const unreadable: Token = { kind: "unreadable" };

/**
 * Reads a phone cell (file formats, section 2): tokens `number|carrier|messageType|countryCode|label`, each position of
 * which may be empty. A token without a number says nothing. A number that comes twice is taken once, with what is said
 * of it last. More numbers than the limit make the row fail: taking some of them would withdraw the others.
 *
 * @param value the cell
 * @param countryCode calling code of numbers that name none, e.g. "1"
 */
export function parsePhones(value: string, countryCode: string): ParsedPhones {
  const issues: RowIssue[] = [];
  const phones = new Map<string, Phone>();
  const removals = new Map<string, PhoneKey>();
  let incomplete = false;
  let followsOrder = false;
  let count = 0;
  for (const part of splitPhones(withoutGuard(value))) {
    const text = part.trim();
    followsOrder ||= readRemovalOrder(text) === "remove";
    const token = followsOrder ? unclearOrder(text, issues) : readToken(text, countryCode, issues);
    if (token.kind === "blank") continue;
    if (token.kind === "unreadable") incomplete = true;
    else if (token.kind === "removal") removals.set(keyOf(token.phone), token.phone);
    else phones.set(keyOf(token.phone), token.phone);
    count += 1;
    if (count > limits.user.phones) {
      const failure = valueInvalid("phone", `it has more than ${limits.user.phones.toLocaleString("en-US")} numbers`);
      return { phones: [], issues: [], incomplete: true, failure };
    }
  }
  const read = { phones: [...phones.values()], issues, incomplete };
  return removals.size === 0 ? read : { ...read, removals: [...removals.values()] };
}

const keyOf = ({ number, extension }: PhoneKey): string => `${number}x${extension}`;

function readToken(token: string, countryCode: string, issues: RowIssue[]): Token {
  if (token === "") return blank;
  const attributes = token.split("|");
  const text = withoutGuard(attributes.shift()!.trim());
  for (let position = 0; position < attributes.length; position += 1) {
    attributes[position] = withoutGuard(attributes[position]!.trim());
  }
  const order = attributes.length === 0 ? undefined : orderOf(attributes);
  if (text === "") {
    return order === "remove" ? unclearOrder(token, issues) : blank;
  }
  if (order === "unclear") return unclearOrder(token, issues);
  const removed = order === "remove" ? text : removedBy(text);
  if (removed !== undefined) return readRemoval(removed, attributes, countryCode, issues);
  if (isPlaceholder(text)) {
    issues.push({ code: "placeholder_word", field: "phone", details: { field: "phone", value: quoted(text) } });
    return blank;
  }
  return readPhone(text, attributes, countryCode, issues);
}

/** Refuses a token that may order something: nobody can tell which number it means, or what. */
function unclearOrder(token: string, issues: RowIssue[]): Token {
  if (token === "") return blank;
  issues.push({ code: "order_unclear", field: "phone", details: { field: "phone", value: quoted(token) } });
  return unreadable;
}

/** The order among the attributes of a phone. */
function orderOf(attributes: readonly string[]): "remove" | "unclear" | undefined {
  let isUnclear = false;
  for (let position = 0; position < attributes.length; position += 1) {
    const attribute = attributes[position]!;
    const order = attribute.length < shortestOrder ? undefined : readRemovalOrder(attribute);
    if (order === "remove") return "remove";
    // 001 is a calling code; a carrier of 0, 1 or 2 is what a spreadsheet leaves of an order's code.
    if (order === "unclear" && position !== countryPosition) isUnclear = true;
    if (position === 0 && /^[0-2](?:[.,]0+)?$/.test(attribute)) isUnclear = true;
  }
  return isUnclear ? "unclear" : undefined;
}
const countryPosition = 2;
const shortestOrder = 2;

function readRemoval(text: string, attributes: readonly string[], countryCode: string, issues: RowIssue[]): Token {
  const phone = readNumber(text, attributes[countryPosition] ?? "", countryCode, issues);
  if (phone === undefined) return unreadable;
  issues.push({ code: "removal_ordered", field: "phone", details: { field: "phone", value: quoted(text) } });
  return { kind: "removal", phone: { number: phone.number, extension: phone.extension } };
}

function readPhone(text: string, attributes: readonly string[], countryCode: string, issues: RowIssue[]): Token {
  const phone = readNumber(text, attributes[countryPosition] ?? "", countryCode, issues);
  if (phone === undefined) return unreadable;
  const { number, extension } = phone;
  if (!phone.valid) issues.push(numberIssue("phone_not_valid", text));
  const surplus = attributes.slice(4).find((part) => part !== "");
  if (surplus !== undefined) issues.push(attributeIssue("sixth position", surplus, "nothing"));
  const [carrier = "", type = "", , label = ""] = attributes.some(isPlaceholder)
    ? attributes.map((part) => (isPlaceholder(part) ? "" : part))
    : attributes;
  // A column Type says Mobile as often as Voice.
  const labelInType = label === "" ? labelOf(type) : undefined;
  const messageType = labelInType ? 3 : readMessageType(type, phone.messageType, issues);
  return {
    kind: "phone",
    phone: {
      number,
      extension,
      // an extension can be reached by voice only
      messageType: extension === "" ? messageType : 2,
      label: label === "" ? (labelInType ?? phone.label ?? "cell") : readLabel(label, issues),
      carrier: readCarrier(carrier, issues),
    },
  };
}

/** The number of a token, with the label that is written beside it; undefined if it is left out, with an issue. */
function readNumber(
  text: string,
  country: string,
  countryCode: string,
  issues: RowIssue[],
): (PhoneKey & Omit<WrittenNumber, "number"> & { readonly valid: boolean }) | undefined {
  const explanation = /[Ee#.,]|[a-z]{3}/.test(text) ? phoneDamage(text) : undefined;
  if (explanation !== undefined) {
    issues.push({ code: "phone_damaged", field: "phone", details: { value: quoted(text), explanation } });
    return undefined;
  }
  const callingCode = readCallingCode(country, countryCode);
  const written = readWrittenNumber(text);
  const reading = readPhoneNumber(written.number, callingCode ?? "");
  if (reading.kind === "number") {
    if (callingCode === undefined) issues.push(attributeIssue("countryCode", country, "The number's own country"));
    const { label, messageType } = written;
    return { ...reading, label, messageType };
  }
  if (callingCode === undefined && reading.kind === "impossible") {
    const details = { value: quoted(text), country: quoted(country) };
    issues.push({ code: "phone_country_unknown", field: "phone", details });
  } else {
    issues.push(numberIssue(reading.kind === "filler" ? "phone_filler" : "phone_impossible", text));
  }
  return undefined;
}

function numberIssue(code: RowIssueCode, text: string): RowIssue {
  return { code, field: "phone", details: { value: quoted(text) } };
}

function attributeIssue(attribute: string, value: string, used: string): RowIssue {
  return { code: "phone_attribute_invalid", field: "phone", details: { attribute, value: quoted(value), used } };
}

/** @param written the type that is written beside the number */
function readMessageType(
  value: string,
  written: Phone["messageType"] | undefined,
  issues: RowIssue[],
): Phone["messageType"] {
  if (value === "") return written ?? 3;
  const type = messageTypeOf(value);
  if (type === undefined) issues.push(attributeIssue("messageType", value, "3"));
  return type ?? 3;
}

function readLabel(value: string, issues: RowIssue[]): Phone["label"] {
  const label = labelOf(value);
  if (label === undefined) issues.push(attributeIssue("label", value, "cell"));
  return label ?? "cell";
}

function readCarrier(value: string, issues: RowIssue[]): string {
  if (value.length <= limits.user.phoneCarrierLength) return value;
  issues.push(attributeIssue("carrier", value, "none"));
  return "";
}
