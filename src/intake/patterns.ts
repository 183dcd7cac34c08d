/** A pattern that a value must fit, whole. */
export interface Pattern {
  test(value: string): boolean;
}

const longestPattern = 200;
const longestRepeat = 200;
/** Each may try every length: three of them on 200 characters are a few million steps at the very most. */
const mostVariable = 3;

/** A literal, `\d`, or a class of literals and ranges; then how often. */
const part = /(?:[A-Za-z0-9@_/ -]|\\d|\\\.|\.|\[[A-Za-z0-9@_./ -]+\])(?:\{\d{1,3}(?:,\d{0,3})?\}|[?*+])?/y;

/**
 * Compiles a pattern of a field mapping. It is written as a regular expression, but only what can be matched in bounded
 * time is taken: literal characters, `.` for any character, `\.`, `\d`, classes like `[A-Z0-9_-]`, each with `?`, `*`, `+`,
 * `{n}` or `{n,m}`, and alternatives (`|`); at most three of varying length an alternative. It must fit the whole value.
 * @returns a reason, for a person, when it is not taken
 */
export function compilePattern(source: string): Pattern | string {
  if (source.length > longestPattern) return `a pattern has at most ${longestPattern} characters`;
  const alternatives = source.replace(/^\^/, "").replace(/\$$/, "").split("|");
  for (const alternative of alternatives) {
    const reason = reasonAgainst(alternative);
    if (reason !== undefined) return reason;
  }
  let expression: RegExp;
  try {
    expression = new RegExp(`^(?:${alternatives.join("|")})$`, "s");
  } catch {
    return "it is no valid pattern: a range or a repetition has its ends the wrong way round";
  }
  return expression;
}

function reasonAgainst(alternative: string): string | undefined {
  if (alternative === "") return "an alternative of the pattern is empty";
  let variable = 0;
  for (part.lastIndex = 0; part.lastIndex < alternative.length; ) {
    const position = part.lastIndex;
    const [text] = part.exec(alternative) ?? [];
    if (text === undefined) {
      return `${JSON.stringify(alternative.slice(position, position + 10))} is not allowed in a pattern; write letters, digits, \\d, classes like [A-Z0-9], and ? * + {n} {n,m} after them`;
    }
    const [, least, comma, most] = /\{(\d+)(,?)(\d*)\}$/.exec(text) ?? [];
    if (Number(least ?? 0) > longestRepeat || Number(most || 0) > longestRepeat) {
      return `something is repeated more than ${longestRepeat} times`;
    }
    if (/[?*+]$/.test(text) || comma) variable += 1;
  }
  return variable > mostVariable ? `more than ${mostVariable} parts of the pattern vary in length` : undefined;
}
