/** Quoted once too often, as in `"""900"""` of CSV. */
const quotedValue = /^"([^"]*)"$/;
const formula = /^=\s*"((?:[^"]|"")*)"$/;

/**
 * Reads through the marks that senders put around a value so that a spreadsheet keeps it as text: `="00001"`, `'00001`
 * and `"00001"` (file formats, section 1.6).
 */
export function withoutGuard(value: string): string {
  if (value.startsWith("'")) {
    const inner = value.slice(1).trim();
    return withoutGuard(inner.endsWith("'") ? inner.slice(0, -1).trim() : inner);
  }
  if (value.startsWith('"')) return quotedValue.exec(value)?.[1]?.trim() ?? value;
  if (!value.startsWith("=")) return value;
  const text = formula.exec(value)?.[1];
  return text === undefined ? value : text.replaceAll('""', '"').trim();
}

/** Reads through guards around texts, some of which begin with an apostrophe of their own, as in `'t Hooft`. */
export const withoutTextGuard = (value: string): string => (guardedText.test(value) ? withoutGuard(value) : value);
/** A text in a pair of marks, or with a mark that cannot be its own. */
const guardedText = /^(?:=|'[\d=+]|'[^']+'$|"[^"]+"$)/;
