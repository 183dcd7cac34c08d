import { isAscii } from "node:buffer";
import { MusterError } from "../errors.ts";
import {
  type Conversion,
  conversionOf,
  cutCharacterLength,
  type Flaw,
  flawIn,
  type SingleByteEncoding,
} from "./conversions.ts";
import { markedText } from "./damage.ts";
import { chooseEncoding, type EncodingChoice, type EncodingOptions, isUtf16, untrue } from "./encoding.ts";
import { type Evidence, guessEncoding, looksForeign, looksGarbled, utf8Evidence } from "./encoding-evidence.ts";
import { encodingTitles } from "./encoding-labels.ts";
import { createPaddingFilter } from "./padding.ts";
import type { Encoding, Reading } from "./reading.ts";

/** Turns the bytes of a body into text, piece by piece. */
export interface Decoder {
  /** The encoding of the body, as far as it is known; certain at the end. */
  readonly encoding: Encoding;
  /** The encoding that the content type or the XML declaration names, if the bytes show that the body is UTF-8. */
  readonly overruled: Encoding | undefined;
  /** True if the text so far has a mark in place of a byte that is not in the encoding (`damageOf`). */
  readonly isDamaged: boolean;
  /**
   * Takes the next bytes; returns the text they complete. A character that is cut by the end of the bytes comes with
   * the next call. Keeps no reference to the bytes. Throws `encoding_unsupported` and `encoding_invalid`.
   */
  write(bytes: Uint8Array): string;
  /** Tells that there are no more bytes. Throws `encoding_unsupported` and `encoding_invalid`. */
  end(): DecodedEnd;
}

/** The end of a text. */
export interface DecodedEnd {
  /** The rest of it. */
  readonly text: string;
  /** False if the last character is cut: then the body was cut off, and no reader may take it. */
  readonly complete: boolean;
  /** True if a Ctrl-Z says that the text is whole. */
  readonly isMarked: boolean;
}

const nothing = new Uint8Array(0);

interface Chosen extends EncodingChoice {
  /** The encoding that something names and the bytes exclude. */
  readonly overruled?: Encoding;
  readonly convert: Conversion;
}

/** Bytes from the first one beyond ASCII on that are looked at before a file counts as UTF-8 or as something else. */
const evidenceBytes = 1024 * 1024;
/** So many characters of UTF-8, and no byte that is not, are evidence enough. */
const enoughCharacters = 16;
/** So many characters of UTF-8 refuse a file whose source is set to another encoding. */
const enoughToRefuse = 3;
/** So few bytes that are not UTF-8 do not refuse a file that claims to be UTF-8. */
const fewStrangers = 2;

/**
 * A decoder. A byte order mark is dropped, and padding at the end. In XML, a byte that is not in the encoding refuses the body (XML 1.0, 4.3.3).
 * In any other body it becomes a mark that its reader notes on the row.
 *
 * If nothing tells the encoding, and the body is not XML, all bytes beyond ASCII of its next megabyte decide: see
 * `guessEncoding`. A body whose only character beyond ASCII is its last, and begins as UTF-8 does, counts as cut off.
 *
 * @param currentLine 1-based line up to which the reader has read the text that was returned so far, without a
 *   carriage return at its end, which a line feed may follow; asked for only to say where a byte is wrong
 */
export function createDecoder(currentLine: () => number, options: EncodingOptions): Decoder {
  let chosen: Chosen | undefined;
  /** Bytes that do not tell the encoding yet; later the bytes of a character that is not complete. */
  let carried: Uint8Array = nothing;
  /** True if all bytes so far were ASCII: it is UTF-8 unless the others say otherwise. */
  let isOnTrial = false;
  /** The length at which evidence was last looked at: looking again at each piece would take too long. */
  let judgedLength = 0;
  let isDamaged = false;
  const padding = createPaddingFilter();

  /** Returns the block without its byte order mark; undefined as long as it does not tell the encoding. */
  const choose = (block: Uint8Array, ended: boolean): Uint8Array | undefined => {
    const choice = chooseEncoding(block, options, ended);
    if (choice === undefined) return undefined;
    chosen = withConversion(choice);
    isOnTrial =
      isSingleByte(choice) || (choice.encoding === "utf-8" && (!options.xml || choice.otherwise !== undefined));
    return block.subarray(choice.start);
  };

  const hold = (block: Uint8Array): string => {
    carried = new Uint8Array(block);
    return "";
  };

  /** Decides, by a block with bytes beyond ASCII, whether it is UTF-8; false as long as the block does not tell. */
  const decide = (block: Uint8Array, choice: Chosen, ended: boolean): boolean => {
    if (!ended && block.length < evidenceBytes && block.length < 2 * judgedLength) return false;
    judgedLength = block.length;
    const evidence = utf8Evidence(block);
    if (!isClear(evidence) && !ended && block.length < evidenceBytes) return false;
    isOnTrial = false;
    const other = betterChoice(block, choice, evidence, { ...options, currentLine });
    if (other !== undefined) chosen = withConversion(other);
    return true;
  };

  const decode = (block: Uint8Array, ended: boolean): string => {
    if (isOnTrial && !isAscii(block) && !decide(block, chosen!, ended)) return hold(block);
    const { encoding, convert } = chosen!;
    const whole = block.subarray(0, block.length - cutCharacterLength(block, encoding));
    // a copy: the block is the caller's
    carried = whole.length === block.length ? nothing : new Uint8Array(block.subarray(whole.length));
    const text = convert(whole);
    if (text !== undefined) return text;
    if (options.xml) throw invalid(flawIn(whole, encoding), chosen!, true, currentLine());
    isDamaged = true;
    return markedText(whole, encoding);
  };

  const take = (bytes: Uint8Array, ended: boolean): string => {
    const block = joined(carried, bytes);
    const text = chosen === undefined ? choose(block, ended) : block;
    return chosen === undefined || text === undefined ? hold(block) : decode(text, ended);
  };

  return {
    get encoding() {
      return chosen?.encoding ?? options.pinned ?? options.charset ?? "utf-8";
    },
    get overruled() {
      return chosen?.overruled;
    },
    get isDamaged() {
      return isDamaged;
    },
    write: (bytes) => padding.pass(take(bytes, false)),
    end() {
      const text = padding.pass(take(nothing, true));
      return { text, complete: carried.length === 0, isMarked: padding.end() };
    },
  };
}

/** The encoding of a body as its reading tells it. */
export const foundEncoding = ({ encoding, overruled }: Decoder): Pick<Reading, "encoding" | "encodingDeclared"> =>
  overruled === undefined ? { encoding } : { encoding, encodingDeclared: overruled };

const isClear = ({ strangers, characters }: Evidence) => strangers === 0 && characters >= enoughCharacters;

function withConversion(choice: Omit<Chosen, "convert">): Chosen {
  return { ...choice, convert: conversionOf(choice.encoding) };
}

/**
 * The choice that the bytes beyond ASCII of a body show, if it is another one.
 * @throws MusterError `encoding_invalid`
 */
function betterChoice(
  block: Uint8Array,
  choice: EncodingChoice,
  evidence: Evidence,
  { currentLine, ...options }: EncodingOptions & { readonly currentLine: () => number },
): Omit<Chosen, "convert"> | undefined {
  if (isSingleByte(choice)) {
    const { encoding } = choice;
    return isUtf8InTruth(block, choice, evidence, options)
      ? { ...choice, encoding: "utf-8", overruled: encoding }
      : undefined;
  }
  if (evidence.strangers === 0 || !looksForeign(evidence)) return undefined;
  return otherChoice(block, choice, evidence, options.xml, currentLine);
}

const isSingleByte = (choice: EncodingChoice): choice is EncodingChoice & { readonly encoding: SingleByteEncoding } =>
  choice.encoding !== "utf-8" && !isUtf16(choice.encoding);

/**
 * Tells whether a body that is said to be in an encoding of single bytes is UTF-8: its bytes are, and in that encoding
 * most words would be garbled, as in `ZoÃ«`.
 * @throws MusterError `encoding_invalid` if the setting of the source is wrong
 */
function isUtf8InTruth(
  block: Uint8Array,
  choice: EncodingChoice & { readonly encoding: SingleByteEncoding },
  { characters, strangers }: Evidence,
  { xml, pinned }: EncodingOptions,
): boolean {
  if (characters < (pinned === undefined ? 1 : enoughToRefuse) || strangers * 10 > characters || (xml && strangers > 0))
    return false;
  if (!looksGarbled(block, choice.encoding)) return false;
  if (pinned === undefined || choice.saidBy === undefined) return true;
  throw untrue({ encoding: pinned, saidBy: choice.saidBy }, "its bytes beyond ASCII are characters of UTF-8");
}

/**
 * The choice for a body that looks foreign to UTF-8.
 * @throws MusterError `encoding_invalid` if something says that it is UTF-8, or if it cannot be told what it is
 */
function otherChoice(
  block: Uint8Array,
  choice: EncodingChoice,
  evidence: Evidence,
  xml: boolean,
  currentLine: () => number,
): EncodingChoice {
  if (choice.otherwise !== undefined) {
    return { encoding: choice.otherwise, saidBy: "the XML declaration", start: 0 };
  }
  if (choice.saidBy !== undefined) {
    if (evidence.strangers <= fewStrangers) return choice;
    throw invalid(flawIn(block, "utf-8"), choice, xml, currentLine());
  }
  const encoding = guessEncoding(block);
  if (encoding === undefined) throw unknown(flawIn(block, "utf-8"), currentLine());
  return { ...choice, encoding };
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** The line of a flaw. `line`: the line of the first character of its block. */
const lineOf = (flaw: Flaw, line: number): number => line + flaw.before.split(/\r\n?|\n/).length - 1;

/** The problem of a flaw that refuses the body. */
function invalid(flaw: Flaw, choice: EncodingChoice, xml: boolean, start: number): MusterError {
  const line = lineOf(flaw, start);
  const title = encodingTitles[choice.encoding];
  const found = `Line ${line.toLocaleString("en-US")} contains ${flaw.what}, which is not ${title}`;
  const detail = `${found}${explanation(choice, xml)} and send it again. Nothing was changed.`;
  return new MusterError("encoding_invalid", detail, { line });
}

/** Says what the body probably is, and what to do: goes on after the sentence that says what was found. */
function explanation({ encoding, saidBy }: EncodingChoice, xml: boolean): string {
  const wrongly = saidBy === undefined ? "" : `, although ${saidBy} says so`;
  if (encoding !== "utf-8") return `${wrongly}. Export the file as UTF-8, let nothing name another encoding,`;
  const probably = "The file is probably in Windows-1252 or ISO-8859-1. Export it as UTF-8";
  if (saidBy !== undefined || !xml) return `${wrongly}. ${probably}`;
  const declaration = '<?xml version="1.0" encoding="windows-1252"?>';
  return `. ${probably}, or let it begin with ${declaration},`;
}

function unknown(flaw: Flaw, start: number): MusterError {
  const line = lineOf(flaw, start);
  const found = `Line ${line.toLocaleString("en-US")} contains ${flaw.what}, which is not UTF-8`;
  const advice = "Export the file as UTF-8, or name its encoding: Content-Type: text/csv; charset=macintosh";
  const detail = `${found}, and the file's words look right in no other encoding, or in several. ${advice}. Nothing was changed.`;
  return new MusterError("encoding_invalid", detail, { line });
}
