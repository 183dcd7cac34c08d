import type { RowIssue, RowIssueCode } from "../errors.ts";
import { quoted, valueInvalid } from "./issues.ts";
import { limits } from "./limits.ts";
import { isCallingCode, readPhoneNumber } from "./phone-numbers.ts";
import type { Phone } from "./records.ts";
import { tokenDamage } from "./spreadsheet-damage.ts";

/** The phones of a cell. */
export interface ParsedPhones {
  /** Each number with its extension once, in the order in which they come first. */
  readonly phones: readonly Phone[];
  /** Warnings. */
  readonly issues: readonly RowIssue[];
  /** Whether something that isn't blank was left out, so that no phone may be withdrawn. */
  readonly incomplete: boolean;
  /** Why the row cannot be applied. */
  readonly failure?: RowIssue;
}

const labels = new Map<string, Phone["label"]>([
  ["", "cell"],
  ["home", "home"],
  ["work", "work"],
  ["cell", "cell"],
  ["other", "other"],
]);

/**
 * Reads a phone cell (file formats, section 2): tokens `number|carrier|messageType|countryCode|label` joined by `;`,
 * each position may be empty; numbers may also be joined by `,`. A token without a number says nothing. A number that
 * stands twice is taken once, with what is said of it last. More numbers than the limit make the row fail: taking some
 * of them would withdraw the others.
 *
 * @param value the cell
 * @param countryCode calling code of numbers that name none, e.g. "1"
 */
export function parsePhones(value: string, countryCode: string): ParsedPhones {
  const issues: RowIssue[] = [];
  const phones = new Map<string, Phone>();
  let incomplete = false;
  let count = 0;
  for (const token of splitTokens(value)) {
    const phone = parseToken(token.trim(), countryCode, issues);
    if (phone === "blank") continue;
    if (phone === undefined) incomplete = true;
    else phones.set(`${phone.number}x${phone.extension}`, phone);
    count += 1;
    if (count > limits.user.phones) {
      const failure = valueInvalid("phone", `it has more than ${limits.user.phones.toLocaleString("en-US")} numbers`);
      return { phones: [], issues: [], incomplete: true, failure };
    }
  }
  return { phones: [...phones.values()], issues, incomplete };
}

function splitTokens(value: string): readonly string[] {
  // ;ext= belongs to the number (RFC 3966)
  const parts = value.includes("ext=") ? value.replace(/;\s*ext=/g, ";ext=").split(/;(?!ext=)/) : value.split(";");
  return value.includes(",") ? parts.flatMap(splitAtCommas) : parts;
}

/**
 * Splits where a comma stands between numbers. After a number a comma with one to six digits is an extension; after
 * a | it belongs to the carrier unless a number follows.
 */
function splitAtCommas(part: string): string[] {
  const tokens: string[] = [];
  let start = 0;
  let position = 0;
  let inAttributes = false;
  for (const segment of part.split(",")) {
    if (position > 0 && beginsNumber(segment, inAttributes)) {
      tokens.push(part.slice(start, position - 1));
      start = position;
      inAttributes = false;
    }
    inAttributes ||= segment.includes("|");
    position += segment.length + 1;
  }
  tokens.push(part.slice(start));
  return tokens;
}

function beginsNumber(segment: string, inAttributes: boolean): boolean {
  const number = segment.split("|", 1)[0]!;
  const digits = number.replace(/\D/g, "").length;
  return inAttributes ? digits >= 7 && /^[\d\s()+./-]*$/.test(number) : digits === 0 || digits >= 7;
}

/** The phone of a token; "blank" if it has no number, undefined if that is left out. */
function parseToken(token: string, countryCode: string, issues: RowIssue[]): Phone | "blank" | undefined {
  const parts = token.split("|");
  const text = parts[0]!.trim();
  if (text === "") return "blank";
  const country = parts[3]?.trim() ?? "";
  const callingCode = readCountryCode(country, countryCode);
  const explanation = /[Ee#]/.test(text) ? tokenDamage(text) : undefined;
  if (explanation !== undefined) {
    issues.push({ code: "phone_damaged", field: "phone", details: { value: quoted(text), explanation } });
    return undefined;
  }
  const reading = readPhoneNumber(text, callingCode ?? countryCode);
  if (reading.kind !== "number") {
    issues.push(numberIssue(reading.kind === "filler" ? "phone_filler" : "phone_impossible", text));
    return undefined;
  }
  if (!reading.valid) issues.push(numberIssue("phone_not_valid", text));
  if (callingCode === undefined) issues.push(attributeIssue("countryCode", country, countryCode));
  if (parts.length > 5) {
    const surplus = parts.slice(5).find((part) => part.trim() !== "");
    if (surplus !== undefined) issues.push(attributeIssue("sixth position", surplus.trim(), "nothing"));
  }
  return {
    number: reading.number,
    extension: reading.extension,
    // an extension can be reached by voice only
    messageType: reading.extension === "" ? readMessageType(parts[2]?.trim() ?? "", issues) : 2,
    label: readLabel(parts[4]?.trim() ?? "", issues),
    carrier: readCarrier(parts[1]?.trim() ?? "", issues),
  };
}

function numberIssue(code: RowIssueCode, text: string): RowIssue {
  return { code, field: "phone", details: { value: quoted(text) } };
}

function attributeIssue(attribute: string, value: string, used: string): RowIssue {
  return { code: "phone_attribute_invalid", field: "phone", details: { attribute, value: quoted(value), used } };
}

function readMessageType(value: string, issues: RowIssue[]): Phone["messageType"] {
  if (value === "1") return 1;
  if (value === "2") return 2;
  if (value !== "3" && value !== "") issues.push(attributeIssue("messageType", value, "3"));
  return 3;
}

function readLabel(value: string, issues: RowIssue[]): Phone["label"] {
  const label = labels.get(value) ?? labels.get(value.toLowerCase());
  if (label === undefined) issues.push(attributeIssue("label", value, "cell"));
  return label ?? "cell";
}

function readCarrier(value: string, issues: RowIssue[]): string {
  if (value.length <= limits.user.phoneCarrierLength) return value;
  issues.push(attributeIssue("carrier", value, "none"));
  return "";
}

/** The calling code of a token: "1", "+1" and "001" are the same; the default if blank, undefined if there is none. */
function readCountryCode(country: string, countryCode: string): string | undefined {
  if (country === "" || country === countryCode) return countryCode;
  const digits = country.replace(/^(?:\+|00)/, "");
  return isCallingCode(digits) ? digits : undefined;
}
