/** The characters that windows-1252 has for the bytes 0x80 to 0xBF. */
const trailing = "\\u0080-\\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";
/**
 * Signs of letters that were lost: the replacement character, a ? between two letters, and letters of UTF-8 that were read as
 * windows-1252, IBM437 or MacRoman. Greek, Cyrillic, Hebrew and Arabic show as pairs in windows-1252.
 */
const lostLetters = new RegExp(
  `[\\ufffd\\u2500-\\u257f]|\\p{L}\\?\\p{L}|√[^\\p{ASCII}]|[ÂÃ][${trailing}]|[ÄÅ][\\u0080-\\u00bf€ƒ†‡ˆ‰‹™›]|(?:[ÎÏÐÑ×ØÙÚÛ][${trailing}]){2}`,
  "u",
);
const suspect = /[?\u0080-\uffff]/;

/**
 * Tells if letters of a text were plainly lost on the way, so that it cannot name anything. A text that may well be intact,
 * such as `Who?`, does not count.
 */
export const hasLostLetters = (text: string): boolean => suspect.test(text) && lostLetters.test(text);

/** Characters that are not letters, and signs of UTF-8 that was read in another encoding. */
const symbols = /[\u0080-\u00bf\u02c6\u02dc\u2010-\u203a\u20ac\u2122\u2200-\u22ff\u2500-\u25ff]/;

/**
 * Tells if a text is what is left of a stored one after letters were lost, so that it must not replace the stored one. The SQL
 * function `damages_text` compares values of people in this way.
 */
export function damagesText(stored: string, sent: string): boolean {
  if (stored === "" || sent === "" || stored === sent) return false;
  if (sent.includes("\ufffd") && !stored.includes("\ufffd")) return true;
  if (sent.includes("?") && !stored.includes("?") && fits(sent, stored)) return true;
  const letters = count(stored);
  if (letters === 0 || plainOf(stored) !== plainOf(sent)) return false;
  const questions = (text: string) => text.split("?").length;
  return (
    questions(sent) > questions(stored) ||
    count(sent) >= 2 * letters ||
    (symbols.test(sent) && !symbols.test(stored)) ||
    (/[ÂÃ]/.test(sent) && !/[ÂÃ]/.test(stored))
  );
}

/** Each ? is one character of the stored text. */
function fits(sent: string, stored: string): boolean {
  const [ofSent, ofStored] = [[...sent], [...stored]];
  return (
    ofSent.length === ofStored.length &&
    ofSent.every((character, index) => character === "?" || character === ofStored[index])
  );
}

const count = (text: string): number => [...text].filter((character) => character > "\u007f").length;
const plainOf = (text: string): string => text.replace(/[^\u0021-\u007e]|[?]/g, "");
