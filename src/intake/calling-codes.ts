import metadata from "libphonenumber-js/metadata.max.json";

/** True for a country calling code that exists. */
export function isCallingCode(code: string): boolean {
  const nonGeographic = (metadata as { readonly nonGeographic?: object }).nonGeographic;
  return Object.hasOwn(metadata.country_calling_codes, code) || Object.hasOwn(nonGeographic ?? {}, code);
}

const countries: Readonly<Record<string, readonly unknown[]>> = metadata.countries;

/** Usual letters and names of countries beside the two letters of ISO 3166-1. */
const otherNames: Readonly<Record<string, string>> = {
  USA: "US",
  "U.S.": "US",
  "U.S.A.": "US",
  "UNITED STATES OF AMERICA": "US",
  UK: "GB",
  "GREAT BRITAIN": "GB",
  ENGLAND: "GB",
  SCOTLAND: "GB",
  WALES: "GB",
  GBR: "GB",
  CAN: "CA",
  MEX: "MX",
  AUS: "AU",
  NZL: "NZ",
  IRL: "IE",
  IND: "IN",
  CHN: "CN",
  HKG: "HK",
  JPN: "JP",
  KOR: "KR",
  "SOUTH KOREA": "KR",
  DEU: "DE",
  FRA: "FR",
  ESP: "ES",
  ITA: "IT",
  NLD: "NL",
  CHE: "CH",
  AUT: "AT",
  BRA: "BR",
};

/** English names of countries in upper case, and their two letters. */
let names: ReadonlyMap<string, string> | undefined;

function countryNames(): ReadonlyMap<string, string> {
  const display = new Intl.DisplayNames("en", { type: "region" });
  names ??= new Map(Object.keys(countries).map((country) => [(display.of(country) ?? country).toUpperCase(), country]));
  return names;
}

/**
 * Reads the countryCode of a phone (file formats, section 2): a calling code as `1`, `+1` or `001`, the two letters of
 * ISO 3166-1, or the English name of a country.
 * @param byDefault the calling code of a blank text
 * @returns a calling code, or undefined for a text that cannot be read
 */
export function readCallingCode(text: string, byDefault: string): string | undefined {
  if (text === "" || text === byDefault) return byDefault;
  const digits = text.replace(/^(?:\+|00)/, "");
  if (/^\d+$/.test(digits)) return isCallingCode(digits) ? digits : undefined;
  const name = text.toUpperCase();
  const country = Object.hasOwn(countries, name) ? name : (otherNames[name] ?? countryNames().get(name));
  return country === undefined || !Object.hasOwn(countries, country) ? undefined : (countries[country]![0] as string);
}
