import { isAscii } from "node:buffer";
import { MusterError } from "../errors.ts";
import {
  chooseEncoding,
  type EncodingChoice,
  type EncodingOptions,
  encodingTitles,
  isUtf16,
  utf16Text,
} from "./encoding.ts";
import type { Encoding } from "./reading.ts";

/** Turns the bytes of a body into text, piece by piece. */
export interface Decoder {
  /** The encoding of the body, as far as it is known; certain at the end. */
  readonly encoding: Encoding;
  /**
   * Takes the next bytes; returns the text they complete. A character that is cut by the end of the bytes comes with
   * the next call. Keeps no reference to the bytes. Throws `encoding_unsupported` and `encoding_invalid`.
   */
  write(bytes: Uint8Array): string;
  /**
   * Tells that there are no more bytes. `complete` is false if the last character is cut: then the body was cut off,
   * and no reader may take it. Throws `encoding_unsupported` and `encoding_invalid`.
   */
  end(): { readonly text: string; readonly complete: boolean };
}

/** The text of bytes that hold whole characters; undefined if they are not in the encoding. */
type Conversion = (block: Uint8Array) => string | undefined;

interface Chosen extends EncodingChoice {
  readonly convert: Conversion;
}

/** A byte or character that is not in the encoding. */
interface Flaw {
  /** What stands there, for a person. */
  readonly what: string;
  /** The block before it; ASCII and line ends in it are right, whatever the encoding. */
  readonly before: string;
}

/** Bytes that Windows-1252 does not define: what holds them is something else. */
const undefinedInWindows1252 = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

/**
 * A strict decoder: a byte order mark is dropped, anything that is not in the body's encoding refuses the body.
 *
 * Where nothing tells the encoding, and the body is not XML, it is UTF-8 until a byte is not: if all before that byte
 * is ASCII, which is the same in both, the body is Windows-1252. After UTF-8 beyond ASCII such a byte is a mistake. A
 * body whose only character beyond ASCII is its last, and begins as UTF-8 does, counts as cut off.
 *
 * @param currentLine 1-based line up to which the reader has read the text that was returned so far, without a
 *   carriage return at its end, which a line feed may follow; asked for only to say where a byte is wrong
 */
export function createDecoder(currentLine: () => number, options: EncodingOptions): Decoder {
  let chosen: Chosen | undefined;
  /** Bytes that tell no encoding yet; later those of a character that is not complete. */
  let carried: Uint8Array = new Uint8Array(0);
  /** Whether all was ASCII so far, and nothing says UTF-8. */
  let mayBeWindows1252 = false;

  /** Returns the block without its byte order mark; undefined as long as it doesn't tell the encoding. */
  const choose = (block: Uint8Array, ended: boolean): Uint8Array | undefined => {
    const choice = chooseEncoding(block, options, ended);
    if (choice === undefined) return undefined;
    chosen = withConversion(choice);
    mayBeWindows1252 = choice.saidBy === undefined && !options.xml;
    return block.subarray(choice.start);
  };

  const decode = (block: Uint8Array, choice: Chosen): string => {
    const whole = block.subarray(0, block.length - cutCharacterLength(block, choice.encoding));
    const text = choice.convert(whole);
    if (text !== undefined) {
      mayBeWindows1252 &&= isAscii(whole);
      // a copy: the block is the caller's
      carried = new Uint8Array(block.subarray(whole.length));
      return text;
    }
    const flaw = flawIn(whole, choice.encoding);
    if (!mayBeWindows1252 || !isAscii(Buffer.from(flaw.before))) {
      throw invalid(flaw, choice, options.xml, currentLine());
    }
    mayBeWindows1252 = false;
    chosen = withConversion({ ...choice, encoding: "windows-1252" });
    return decode(block, chosen);
  };

  const take = (bytes: Uint8Array, ended: boolean): string => {
    const block = joined(carried, bytes);
    const text = chosen === undefined ? choose(block, ended) : block;
    if (chosen !== undefined && text !== undefined) return decode(text, chosen);
    carried = new Uint8Array(block);
    return "";
  };

  return {
    get encoding() {
      return chosen?.encoding ?? options.pinned ?? options.charset ?? "utf-8";
    },
    write: (bytes) => take(bytes, false),
    end() {
      const text = chosen === undefined ? take(new Uint8Array(0), true) : "";
      return { text, complete: carried.length === 0 };
    },
  };
}

function withConversion(choice: EncodingChoice): Chosen {
  return { ...choice, convert: conversionOf(choice.encoding) };
}

function conversionOf(encoding: Encoding): Conversion {
  if (isUtf16(encoding)) {
    return (block) => {
      const text = utf16Text(block, encoding);
      return text.isWellFormed() ? text : undefined;
    };
  }
  if (encoding === "windows-1252") {
    const decoder = new TextDecoder(encoding);
    return (block) => (undefinedInWindows1252.some((byte) => block.includes(byte)) ? undefined : decoder.decode(block));
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

/** Every block is decoded by itself, so that a byte order mark must not be dropped from each. */
function strictUtf8() {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
}

/** How many bytes at the end belong to a character that goes on. */
function cutCharacterLength(bytes: Uint8Array, encoding: Encoding): number {
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

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** The first flaw in a block that has one. */
function flawIn(block: Uint8Array, encoding: Encoding): Flaw {
  if (isUtf16(encoding)) {
    const text = utf16Text(block, encoding);
    const index = text.search(/\p{Surrogate}/u);
    const what = `the lone surrogate ${hexadecimal(text.charCodeAt(index))}`;
    return { what, before: text.slice(0, index) };
  }
  const index =
    encoding === "windows-1252"
      ? block.findIndex((byte) => undefinedInWindows1252.includes(byte))
      : firstFlawInUtf8(block);
  const before = Buffer.from(block.subarray(0, index)).toString("latin1");
  return { what: `the byte ${hexadecimal(block[index]!)}`, before };
}

function firstFlawInUtf8(block: Uint8Array): number {
  // the longest start of the block that is UTF-8, its last character perhaps cut
  let good = 0;
  let bad = block.length;
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (isStartOfUtf8(block.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  return good - cutUtf8Length(block.subarray(0, good));
}

function isStartOfUtf8(bytes: Uint8Array): boolean {
  try {
    strictUtf8().decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** The problem of a flaw; `line` is that of the first character of its block. */
function invalid(flaw: Flaw, choice: EncodingChoice, xml: boolean, line: number): MusterError {
  const place = line + flaw.before.split(/\r\n?|\n/).length - 1;
  const title = encodingTitles[choice.encoding];
  const found = `Line ${place.toLocaleString("en-US")} holds ${flaw.what}, which is not ${title} there`;
  const detail = `${found}${explanation(choice, xml)} and send it again. Nothing was changed.`;
  return new MusterError("encoding_invalid", detail, { line: place });
}

/** What it probably is, and what to do: goes on after the sentence that says what was found. */
function explanation({ encoding, saidBy }: EncodingChoice, xml: boolean): string {
  const wrongly = saidBy === undefined ? "" : `, although ${saidBy} says so`;
  if (encoding !== "utf-8") return `${wrongly}. Export the file as UTF-8, let nothing name another encoding,`;
  if (saidBy !== undefined) return `${wrongly}; the file is probably in Windows-1252 or ISO-8859-1. Export it as UTF-8`;
  if (!xml) return ", while characters before it are: the file mixes encodings. Export it as UTF-8";
  const declaration = '<?xml version="1.0" encoding="windows-1252"?>';
  return `; the file is probably in Windows-1252 or ISO-8859-1. Export it as UTF-8, or let it begin with ${declaration},`;
}

function hexadecimal(code: number): string {
  return `0x${code.toString(16).toUpperCase().padStart(2, "0")}`;
}
