/** Holds back the white space at the end of what was read: at the end of a document it says nothing. */
export interface TrailingBlanks {
  /** Takes the next piece; returns the text up to white space at its end. */
  pass(text: string): string;
  /** Line ends that are held back. */
  lines(): number;
}

/**
 * Makes a filter for one document.
 * @param most characters that are held back at most
 */
export function createTrailingBlanks(most: number): TrailingBlanks {
  let held = "";
  return {
    pass(text) {
      const end = contentLength(text);
      if (end > 0) {
        const before = held + text.slice(0, end);
        held = text.slice(end);
        return before;
      }
      held += text;
      if (held.length <= most) return "";
      const before = held;
      held = "";
      return before;
    },
    // A line feed may follow a carriage return at the end.
    lines: () => (held === "" ? 0 : held.replace(/\r$/, "").split(/\r\n?|\n/).length - 1),
  };
}

function contentLength(text: string): number {
  let length = text.length;
  while (length > 0 && " \t\r\n".includes(text[length - 1]!)) length -= 1;
  return length;
}
