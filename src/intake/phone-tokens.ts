/** Fewest digits of a number beside another one. */
const fewestDigits = 7;

const digitsOf = (text: string): number => text.replace(/\D/g, "").length;

/** Separators of numbers other than `;` and `,`. Most cells have none of them. */
const otherSeparators = /[/&\r\n\t]|\s(?:or|and)\s|\s\+|\d{10}\s+\d{10}|<br/i;
const betweenNumbers = /\s*[/&]\s*|\s+(?:or|and)\s+|\s+(?=\+)|(?<=\d{10})\s+(?=\d{10}(?!\d))/i;

/**
 * Splits a phone cell into tokens (file formats, section 2): at `;` and line breaks, and between numbers at `,`, `/`,
 * `&`, `or`, `and`, and at a blank before `+` or between two numbers of ten digits.
 */
export function splitPhones(value: string): string[] {
  const hasOthers = otherSeparators.test(value);
  const text = hasOthers ? value.replace(/[\r\n\t]+|<br ?\/?>/gi, ";") : value;
  // ;ext= and ;phone-context= belong to the number (RFC 3966)
  const parts = text.includes("=")
    ? text.replace(/;\s*(ext|phone-context)=/gi, ";$1=").split(/;(?!ext=|phone-context=)/i)
    : text.split(";");
  const tokens = text.includes(",") ? parts.flatMap(splitAtCommas) : parts;
  return hasOthers ? tokens.flatMap(splitNumbers) : tokens;
}

/**
 * Splits at commas between numbers. After a number a comma with one to six digits is an extension; after
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
  const digits = digitsOf(number);
  return inAttributes
    ? digits >= fewestDigits && /^[\d\s()+./-]*$/.test(number)
    : digits === 0 || digits >= fewestDigits;
}

/** Splits the number of a token, if several numbers are there. Attributes belong to the last one, as after commas. */
function splitNumbers(token: string): string[] {
  const bar = token.indexOf("|");
  const text = bar < 0 ? token : token.slice(0, bar);
  const numbers = text.split(betweenNumbers).filter((number) => number.trim() !== "");
  if (numbers.length < 2 || !numbers.every((number) => digitsOf(number) >= fewestDigits)) return [token];
  const last = numbers.pop()!;
  return [...numbers, bar < 0 ? last : last + token.slice(bar)];
}
