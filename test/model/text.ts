/** How lost letters show (file formats, section 5). */

/** Characters that are not letters, and signs of UTF-8 read in another encoding. */
const symbols = /[\u0080-\u00bf\u02c6\u02dc\u2010-\u203a\u20ac\u2122\u2200-\u22ff\u2500-\u25ff]/;
const leads = /[ÂÃ]/;

const count = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length;
const ascii = (text: string) => text.replace(/[^\u0021-\u007e]|[?]/g, "");

/** Tells whether a text is a stored one that lost letters on the way. Parts are joined by `|`. */
export function damages(stored: string, sent: string): boolean {
  const parts = stored.split("|");
  return stored !== sent && sent.split("|").some((part, index) => damagesPart(parts[index], part));
}

function damagesPart(stored: string | undefined, sent: string): boolean {
  if (stored === undefined || stored === "" || sent === "" || stored === sent) return false;
  if (sent.includes("\ufffd") && !stored.includes("\ufffd")) return true;
  const pattern = new RegExp(`^${sent.replace(/[.+*^${}()|[\]\\]/g, "\\$&").replaceAll("?", ".")}$`, "su");
  if (sent.includes("?") && !stored.includes("?") && pattern.test(stored)) return true;
  const letters = count(stored, /\P{ASCII}/gu);
  if (letters === 0 || ascii(stored) !== ascii(sent)) return false;
  return (
    count(sent, /[?]/g) > count(stored, /[?]/g) ||
    count(sent, /\P{ASCII}/gu) >= 2 * letters ||
    (symbols.test(sent) && !symbols.test(stored)) ||
    (leads.test(sent) && !leads.test(stored))
  );
}
