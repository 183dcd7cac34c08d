/** Characters that nobody sees: controls but those that separate, formats, and what Unicode says to ignore. */
const invisiblePattern =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
  /[\u0000-\u0008\u000e-\u001b\u007f-\u009f]|[\p{Cf}\p{Default_Ignorable_Code_Point}]/u;
const invisibleCharacters = new RegExp(invisiblePattern, "gu");

/** True for text with a character that nobody sees, and that separates nothing. */
export const hasInvisible = (text: string): boolean => invisiblePattern.test(text);

/** The text without such characters, and without white space around it. */
export const withoutInvisible = (text: string): string =>
  hasInvisible(text) ? text.replace(invisibleCharacters, "").trim() : text;
