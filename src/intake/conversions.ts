import { isUtf16, utf16Text } from "./encoding.ts";
import type { Encoding } from "./reading.ts";

/** The text of bytes that hold whole characters; undefined if a byte or character is not in the encoding. */
export type Conversion = (block: Uint8Array) => string | undefined;

/** A byte or character that is not in the encoding of its block. */
export interface Flaw {
  /** Its name, for people. */
  readonly what: string;
  /** The text of the block before it, right as far as ASCII and line ends go. */
  readonly before: string;
}

/** Encodings in which each byte is a character. */
export type SingleByteEncoding = Exclude<Encoding, "utf-8" | "utf-16le" | "utf-16be">;

/** Marks in a table a byte that the encoding does not define. */
const undefinedByte = "\ufffd";

/** The characters of 0x80 to 0xFF, for the encodings that `TextDecoder` lacks. */
const tables = new Map<SingleByteEncoding, string>([
  [
    "ibm850",
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀" +
      "ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0",
  ],
  [
    "ibm437",
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" +
      "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0",
  ],
]);

/** The characters of the bytes 0x80 to 0xFF; U+FFFD for those that are not defined. */
export function highCharacters(encoding: SingleByteEncoding): string {
  let table = tables.get(encoding);
  if (table === undefined) {
    const bytes = Uint8Array.from({ length: 128 }, (_, index) => 0x80 + index);
    // WHATWG has control characters where an encoding defines nothing
    table = new TextDecoder(encoding).decode(bytes).replace(/[\u0080-\u009f]/g, undefinedByte);
    tables.set(encoding, table);
  }
  return table;
}

/** The conversion from the bytes of an encoding to text. */
export function conversionOf(encoding: Encoding): Conversion {
  if (isUtf16(encoding)) {
    return (block) => {
      const text = utf16Text(block, encoding);
      return text.isWellFormed() ? text : undefined;
    };
  }
  if (encoding !== "utf-8") {
    const read = singleByteText(encoding);
    return (block) => {
      const text = read(block);
      return text.includes(undefinedByte) ? undefined : text;
    };
  }
  const decoder = strictUtf8();
  return (block) => {
    try {
      return decoder.decode(block);
    } catch {
      return undefined;
    }
  };
}

/** Decodes an encoding of single bytes. Bytes that it does not define become U+FFFD. */
export function singleByteText(encoding: SingleByteEncoding): (block: Uint8Array) => string {
  const table = highCharacters(encoding);
  return (block) =>
    Buffer.from(block.buffer, block.byteOffset, block.byteLength)
      .toString("latin1")
      .replace(/[\u0080-\u00ff]/g, (character) => table[character.charCodeAt(0) - 0x80]!);
}

/** Every block is decoded by itself, so that a byte order mark must not be dropped from each. */
const strictUtf8 = () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Returns the number of bytes at the end of a block that belong to an incomplete character. */
export function cutCharacterLength(bytes: Uint8Array, encoding: Encoding): number {
  if (encoding === "utf-8") return cutUtf8Length(bytes);
  return isUtf16(encoding) ? cutUtf16Length(bytes, encoding) : 0;
}

function cutUtf8Length(bytes: Uint8Array): number {
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

/** An odd byte, and before it the first half of a surrogate pair. */
function cutUtf16Length(bytes: Uint8Array, encoding: "utf-16le" | "utf-16be"): number {
  const odd = bytes.length % 2;
  const high = bytes[bytes.length - odd - (encoding === "utf-16le" ? 1 : 2)];
  return high !== undefined && high >= 0xd8 && high <= 0xdb ? odd + 2 : odd;
}

/**
 * The length of the UTF-8 character at a place that holds a byte of 0x80 or more; 0 if there is no such character
 * (Unicode 17, table 3-7).
 */
export function utf8Length(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0xc2 || first > 0xf4) return 0;
  const second = bytes[at + 1] ?? 0;
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 0;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  for (let index = 2; index < length; index += 1) if ((bytes[at + index] ?? 0) >> 6 !== 2) return 0;
  return length;
}

/** The first flaw in a block that has one. */
export function flawIn(block: Uint8Array, encoding: Encoding): Flaw {
  if (isUtf16(encoding)) {
    const text = utf16Text(block, encoding);
    const index = text.search(/\p{Surrogate}/u);
    return { what: `the lone surrogate ${hexadecimal(text.charCodeAt(index))}`, before: text.slice(0, index) };
  }
  const index = encoding === "utf-8" ? firstFlawInUtf8(block) : firstUndefined(block, encoding);
  const before = Buffer.from(block.subarray(0, index)).toString("latin1");
  return { what: `the byte ${hexadecimal(block[index]!)}`, before };
}

function firstFlawInUtf8(block: Uint8Array): number {
  let at = 0;
  while (at < block.length) {
    const length = block[at]! < 0x80 ? 1 : utf8Length(block, at);
    if (length === 0) return at;
    at += length;
  }
  return at;
}

function firstUndefined(block: Uint8Array, encoding: SingleByteEncoding): number {
  const table = highCharacters(encoding);
  return block.findIndex((byte) => byte >= 0x80 && table[byte - 0x80] === undefinedByte);
}

/** A code as in `0x0A`. */
export const hexadecimal = (code: number): string => `0x${code.toString(16).toUpperCase().padStart(2, "0")}`;
