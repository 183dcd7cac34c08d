/** Drops the padding at the end of a text: NUL characters, and Ctrl-Z (U+001A), the end of a file to DOS. */
export interface PaddingFilter {
  /** Takes the next piece; returns the text up to what may be padding. */
  pass(text: string): string;
  /** Tells that there are no more pieces: what was held back was padding. Returns whether it has a Ctrl-Z. */
  end(): boolean;
}

/** More characters are not padding: blocks of tapes and mainframes have at most 32,760 bytes. */
const mostPadding = 1024 * 1024;

/** Makes a filter for one text. */
export function createPaddingFilter(): PaddingFilter {
  let held = "";
  return {
    pass(piece) {
      const end = contentLength(piece);
      if (end === piece.length && held === "") return piece;
      const before = end === 0 ? "" : held + piece.slice(0, end);
      held = end === 0 ? held + piece : piece.slice(end);
      if (held.length <= mostPadding) return before;
      const text = before + held;
      held = "";
      return text;
    },
    end: () => held.includes(controlZ),
  };
}

const controlZ = "\u001a";

function contentLength(text: string): number {
  let length = text.length;
  while (length > 0 && (text[length - 1] === "\0" || text[length - 1] === controlZ)) length -= 1;
  return length;
}
