import parsePhoneNumber from "libphonenumber-js/core";
import metadata from "libphonenumber-js/metadata.max.json";
import { isCallingCode } from "./calling-codes.ts";

/** The reading of a text as a phone number. */
export type NumberReading =
  | {
      readonly kind: "number";
      /** E.164, with its +. */
      readonly number: string;
      /** Digits; "" for none. */
      readonly extension: string;
      /** True if it lies in a known range. */
      readonly valid: boolean;
    }
  /** A placeholder instead of a number. */
  | { readonly kind: "filler" }
  /** No number can look like this. */
  | { readonly kind: "impossible" };

/** Longer texts are no numbers. */
const textLength = 100;
const filler: NumberReading = { kind: "filler" };
const impossible: NumberReading = { kind: "impossible" };

/** Ten digits of calling code 1 in the ways that are written most; everything else is read by the library. */
const northAmericanPattern = /^(?:\+?1[-. ]?)?(?:\(([2-9]\d\d)\) ?|([2-9]\d\d)[-. ]?)(\d{3})[-. ]?(\d{4})$/;
/** Characters that copying from address books leaves: soft hyphen, zero width, direction. */
const invisiblePattern = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/**
 * Reads a phone number (file formats, section 2). `+`, `00` and `011` begin an international number and win over
 * `callingCode`, which holds for all others; but where a national number may begin with 011 (not under calling
 * code 1), that reading wins if it is valid. Extensions are recognised as libphonenumber does: `x12`, `ext. 12`, `#12`.
 *
 * @param text the number as it appears in the feed
 * @param callingCode digits of a country calling code; an unknown one makes national numbers impossible
 */
export function readPhoneNumber(text: string, callingCode: string): NumberReading {
  const plain = northAmericanPattern.exec(text);
  if (plain !== null && (callingCode === "1" || text.startsWith("+"))) {
    const national = (plain[1] ?? plain[2]!) + plain[3]! + plain[4]!;
    if (isOneDigit(national)) return filler;
    return { kind: "number", number: `+1${national}`, extension: "", valid: isValidNorthAmerican(national) };
  }
  return readAnyNumber(text.replace(invisiblePattern, "").trim(), callingCode);
}

function readAnyNumber(text: string, callingCode: string): NumberReading {
  if (!/\p{Nd}/u.test(text) || isOneDigit(text.replace(/\P{Nd}/gu, ""))) return filler;
  if (text.length > textLength) return impossible;
  const international = text.replace(/^[\s(]*00[\s).-]*/, "+");
  if (international !== text) return parse(international, callingCode);
  const abroad = text.replace(/^[\s(]*011[\s).-]*/, "+");
  if (abroad === text) return parse(text, callingCode);
  if (callingCode === "1") return parse(abroad, callingCode);
  const national = parse(text, callingCode);
  if (national.kind === "number" && national.valid) return national;
  const called = parse(abroad, callingCode);
  return called.kind === "number" ? called : national;
}

/** Reads by the library, which knows no prefixes but +. */
function parse(text: string, callingCode: string): NumberReading {
  // the library throws for calling codes that it doesn't know
  const options = isCallingCode(callingCode) ? { defaultCallingCode: callingCode, extract: false } : { extract: false };
  const phone = parsePhoneNumber(text, options, metadata);
  const extension = phone?.ext ?? "";
  if (phone === undefined || !/^\d*$/.test(extension)) return impossible;
  if (isOneDigit(phone.nationalNumber)) return filler;
  if (!phone.isPossible()) return impossible;
  const valid = phone.isValid();
  if (!valid && /^(?:1234567890|0?123456789)$/.test(phone.nationalNumber)) return filler;
  return { kind: "number", number: phone.number, extension, valid };
}

function isOneDigit(digits: string): boolean {
  const first = digits[0];
  for (const digit of digits) if (digit !== first) return false;
  return true;
}

/** How a country numbers its phones: an array in the library's metadata (its METADATA.md). */
interface NumberingPlan {
  /** Numbers that begin so are this country's, valid or not; absent where only the ranges tell. */
  readonly leading: RegExp | undefined;
  readonly valid: RegExp;
}

function numberingPlan(country: readonly unknown[]): NumberingPlan {
  const national = country[2] as string;
  const leading = country[10] as string | 0 | undefined;
  const types = country[11] as readonly (readonly [pattern: string, lengths?: readonly number[]] | 0 | undefined)[];
  const patterns = types
    .filter((type) => type !== 0 && type !== undefined)
    .filter(([pattern, lengths]) => pattern !== "" && (lengths ?? [10]).includes(10))
    .map(([pattern]) => pattern);
  return {
    leading: leading ? new RegExp(`^(?:${leading})`) : undefined,
    valid: new RegExp(`^(?=(?:${national})$)(?:${patterns.join("|")})$`),
  };
}

const northAmericanPlans: readonly NumberingPlan[] = metadata.country_calling_codes["1"]!.map((code) =>
  numberingPlan(metadata.countries[code]!),
);
const anyLeading = new RegExp(
  northAmericanPlans.flatMap(({ leading }) => (leading === undefined ? [] : [leading.source])).join("|"),
);

/**
 * Tells whether ten digits lie in a known range of calling code 1. Decides as the library does, by the same patterns, at a
 * fiftieth of its time: the first country whose leading digits match decides alone, others by their ranges.
 */
function isValidNorthAmerican(national: string): boolean {
  const maybeLed = anyLeading.test(national);
  for (const { leading, valid } of northAmericanPlans) {
    if (leading === undefined) {
      if (valid.test(national)) return true;
    } else if (maybeLed && leading.test(national)) {
      return valid.test(national);
    }
  }
  return false;
}
