import { MusterError } from "../errors.ts";

/** Turns the bytes of a body into text, piece by piece. */
export interface Decoder {
  /**
   * Takes the next bytes; returns the text they complete. A character that is cut by the end of the bytes comes with
   * the next call. Throws `encoding_unsupported` and `encoding_invalid`.
   */
  write(bytes: Uint8Array): string;
  /**
   * Tells that there are no more bytes. `complete` is false if the last character is cut: then the body was cut off,
   * and no reader may take it.
   */
  end(): { readonly text: string; readonly complete: boolean };
}

/** An XML declaration that is longer than this is refused: nobody can tell what encoding it names. */
const declarationBytes = 1_024;

const utf8Names = new Set(["utf-8", "utf8", "us-ascii", "ascii"]);

/** Bytes with which other encodings betray themselves (XML 1.0, appendix F); the longer mark comes first. */
const foreignMarks: readonly (readonly [bytes: readonly number[], name: string])[] = [
  [[0xff, 0xfe, 0x00, 0x00], "UTF-32"],
  [[0x00, 0x00, 0xfe, 0xff], "UTF-32"],
  [[0xff, 0xfe], "UTF-16"],
  [[0xfe, 0xff], "UTF-16"],
  [[0x3c, 0x00], "UTF-16"],
  [[0x00, 0x3c], "UTF-16"],
];

/**
 * A decoder for UTF-8, strict: a byte order mark is dropped, a byte that is not UTF-8 refuses the body. Other
 * encodings, told by a byte order mark or by an XML declaration, are refused for now.
 *
 * @param currentLine 1-based line up to which the reader has read the text that was returned so far; asked for only
 *   to say where a byte is wrong
 */
export function createDecoder(currentLine: () => number): Decoder {
  // every piece is decoded by itself, so a byte order mark must not be dropped from each
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  /** The first bytes, until they tell the encoding. */
  let head: Uint8Array | undefined = new Uint8Array(0);
  /** Bytes of a character that is not complete. */
  let carried: Uint8Array = new Uint8Array(0);

  const decode = (bytes: Uint8Array): string => {
    const block = joined(carried, bytes);
    const end = block.length - cutCharacterLength(block);
    carried = end === block.length ? new Uint8Array(0) : block.slice(end);
    const whole = block.subarray(0, end);
    try {
      return utf8.decode(whole);
    } catch {
      throw invalid(whole, currentLine());
    }
  };

  return {
    write(bytes) {
      if (head === undefined) return decode(bytes);
      head = joined(head, bytes);
      const start = textStart(head, false);
      if (start === undefined) return "";
      const rest = head.subarray(start);
      head = undefined;
      return decode(rest);
    },
    end() {
      const text = head === undefined ? "" : decode(head.subarray(textStart(head, true)));
      return { text, complete: carried.length === 0 };
    },
  };
}

/**
 * The index at which the text begins, after a byte order mark; undefined as long as the bytes don't tell whether they
 * are UTF-8. Throws `encoding_unsupported`.
 */
function textStart(head: Uint8Array, ended: boolean): number | undefined {
  for (const [mark, name] of foreignMarks) {
    if (startsWith(head, mark)) throw unsupported(name);
  }
  if (!ended && head.length < 4) return undefined;
  const start = startsWith(head, [0xef, 0xbb, 0xbf]) ? 3 : 0;
  const text = Buffer.from(head.subarray(start, start + declarationBytes)).toString("latin1");
  if ("<?xml".startsWith(text.slice(0, 5)) && text.length < 6 && !ended) return undefined;
  if (!/^<\?xml[ \t\r\n]/.test(text)) return start;
  const end = text.indexOf("?>");
  if (end < 0) {
    if (text.length >= declarationBytes) {
      const detail = `The XML declaration does not end within ${declarationBytes} bytes, so that nobody can tell the encoding.`;
      throw new MusterError("encoding_unsupported", `${detail} Begin with <?xml version="1.0" encoding="UTF-8"?>.`);
    }
    return ended ? start : undefined;
  }
  const encoding = /[ \t\r\n]encoding[ \t\r\n]*=[ \t\r\n]*(["'])(.*?)\1/s.exec(text.slice(0, end))?.[2];
  if (encoding !== undefined && !utf8Names.has(encoding.toLowerCase())) throw unsupported(encoding);
  return start;
}

function startsWith(bytes: Uint8Array, mark: readonly number[]): boolean {
  return mark.every((byte, index) => bytes[index] === byte);
}

/** How many bytes at the end belong to a character that goes on. */
function cutCharacterLength(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80 || byte > 0xf4 || byte === 0xc0 || byte === 0xc1) return 0;
    if (byte > 0xc1) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? back : 0;
    }
  }
  return 0;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function unsupported(encoding: string): MusterError {
  const name = encoding.replace(/[^A-Za-z0-9._:-]/g, "?").slice(0, 40);
  const detail = `The body is in ${name}, or says so. Send it as UTF-8, and if it has an XML declaration, let that say encoding="UTF-8". Nothing was changed.`;
  return new MusterError("encoding_unsupported", detail);
}

/** The problem for a block that holds a byte which is not UTF-8; `line` is that of the block's first character. */
function invalid(block: Uint8Array, line: number): MusterError {
  // the longest start of the block that is UTF-8, its last character perhaps cut
  let good = 0;
  let bad = block.length;
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (decoded(block.subarray(0, middle)) === undefined) bad = middle;
    else good = middle;
  }
  const place = line + (decoded(block.subarray(0, good)) ?? "").split(/\r\n?|\n/).length - 1;
  const start = good - cutCharacterLength(block.subarray(0, good));
  const byte = block[start]!.toString(16).toUpperCase().padStart(2, "0");
  const detail = `Line ${place.toLocaleString("en-US")} holds the byte 0x${byte}, which is not UTF-8 there; the file is probably in Windows-1252 or ISO-8859-1. Export it as UTF-8 and send it again. Nothing was changed.`;
  return new MusterError("encoding_invalid", detail, { line: place });
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true });
  } catch {
    return undefined;
  }
}
