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

const longest = Math.max(...[...placeholders].map((word) => word.length));

/** True for a word that means "nothing" in identifiers, e-mails, phones and groups. In names these words remain. */
export const isPlaceholder = (text: string): boolean => text.length <= longest && placeholders.has(text.toLowerCase());
