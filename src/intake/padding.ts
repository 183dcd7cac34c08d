/** Drops the padding at the end of a text: NUL characters, and Ctrl-Z (U+001A), the end of a file to DOS. */
export interface PaddingFilter {
  /** Takes the next piece; returns the text up to what may be padding. */
  pass(text: string): string;
  /** Tells that there are no more pieces: what was held back was padding. Returns whether it has a Ctrl-Z. */
  end(): boolean;
}

const padding = /[\0\u001a]+$/;
/** More characters are not padding: blocks of tapes and mainframes have at most 32,760 bytes. */
const mostPadding = 1024 * 1024;

/** Makes a filter for one text. */
export function createPaddingFilter(): PaddingFilter {
  let held = "";
  return {
    pass(piece) {
      const last = piece.charCodeAt(piece.length - 1);
      if (held === "" && last !== 0 && last !== 0x1a) return piece;
      const text = held + piece;
      const found = padding.exec(text)?.index ?? text.length;
      held = text.length - found > mostPadding ? "" : text.slice(found);
      return held === "" ? text : text.slice(0, found);
    },
    end: () => held.includes("\u001a"),
  };
}
