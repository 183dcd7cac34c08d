/** Words that exports write where there is nothing (file formats, section 1.6), in lower case. */
export const placeholders: ReadonlySet<string> = new Set([
  "null",
  "\\n",
  "n/a",
  "#n/a",
  "nan",
  "none",
  "(null)",
  "<null>",
  "[null]",
  "undefined",
  "-",
  "--",
]);

/** True for the codes of characters with which some word begins. Few values begin so. */
const begins = Array.from({ length: 128 }, (_, code) =>
  [...placeholders].some((word) => word[0] === String.fromCharCode(code).toLowerCase()),
);
const longest = Math.max(...[...placeholders].map((word) => word.length));

/** True for a word that means "nothing" in identifiers, e-mails, phones and groups. In names these words remain. */
export const isPlaceholder = (text: string): boolean =>
  begins[text.charCodeAt(0)] === true && text.length <= longest && placeholders.has(text.toLowerCase());
