/** What spreadsheets write when they cannot show or calculate a value. */
const errorValue = /^(?:#(?:N\/A|REF!|VALUE!|NAME\?|DIV\/0!|NULL!|NUM!|SPILL!)|#{3,})$/i;
/** 9.00E+08, with a comma in some countries. */
const shortenedNumber = /^-?\d(?:[.,]\d+)?E[+-]\d{1,3}$/i;
const month = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
/** Dates as spreadsheets write them: with slashes, dots, ISO 8601, or an abbreviated month as in 2-Jan and Jan-26. */
const date = new RegExp(
  `^(?:\\d{1,2}/\\d{1,2}/(?:\\d{2}|\\d{4})|\\d{1,2}\\.\\d{1,2}\\.\\d{4}|\\d{4}-\\d{2}-\\d{2})(?:[ T]\\d{1,2}:\\d{2}.*)?$|^\\d{1,2}-${month}(?:-\\d{2}(?:\\d{2})?)?$|^${month}-\\d{2}$`,
);
const plain = /^[A-Za-z0-9]*$/;
const quotationMarks = /^[“”„«»].*[“”„«»]$/s;

const errorExplanation = "a spreadsheet writes that when it cannot show or calculate a value";
const numberExplanation = "a spreadsheet shortened a long number, and its last digits are lost";

/**
 * What a spreadsheet did to an identifier, for a person; undefined when nothing shows.
 * Lost leading zeros don't show in the value alone: a field mapping's `pattern` tells of them.
 */
export function identifierDamage(value: string): string | undefined {
  if (plain.test(value)) return undefined;
  if (date.test(value)) return "a spreadsheet turned it into a date";
  if (quotationMarks.test(value)) return "typographic quotation marks stand around it, as a word processor puts them";
  return tokenDamage(value);
}

/** The same of a phone's number or a group. */
export function tokenDamage(value: string): string | undefined {
  if (shortenedNumber.test(value)) return numberExplanation;
  return errorValue.test(value) ? errorExplanation : undefined;
}

/** The same of a name, an address or a location. */
export const textDamage = (value: string): string | undefined =>
  value.startsWith("#") && errorValue.test(value) ? errorExplanation : undefined;

/** Whether typographic quotation marks stand around a text. */
export const isInSmartQuotes = (value: string): boolean => quotationMarks.test(value);
