/** Characters that a reader cannot see, or that steer a terminal: all but letters, marks, digits, symbols and the blank. */
const unprintable = /\r\n?|\n|(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u;
const allUnprintable = new RegExp(unprintable, "gu");

/**
 * Text of a sender as a message quotes it. A line end becomes ⏎; any other character that nobody can see becomes its
 * code, as in `Ann[U+200B]`.
 * @param most characters to show; a longer text ends in …
 * @returns a copy, so that a message does not keep the piece of the file in memory of which the text is a slice
 */
export function printable(text: string, most = 80): string {
  const shown = text.length > most ? `${text.slice(0, most).toWellFormed()}…` : text;
  if (unprintable.test(shown)) return shown.replace(allUnprintable, named);
  // V8 copies anything shorter by itself
  return shown.length < 13 ? shown : Buffer.from(shown).toString();
}

function named(character: string): string {
  if (character.startsWith("\r") || character === "\n") return "⏎";
  return `[${codePoint(character)}]`;
}

/** A character by its code, as in `U+200B`. */
export const codePoint = (character: string): string =>
  `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
