import { isAscii, isUtf8 } from "node:buffer";
import { MusterError } from "../errors.ts";
import { encodingNamed, encodingTitles, supportedEncoding, unsupportedEncoding } from "./encoding-labels.ts";
import type { Encoding } from "./reading.ts";
import { type Declaration, declarationLength, readDeclaration } from "./xml-declaration.ts";

/** Hints about the encoding of a body beside its bytes. */
export interface EncodingOptions {
  /** Set by the source. A body whose bytes show another one is refused. */
  readonly pinned?: Encoding | undefined;
  /** Named by the content type. A byte order mark wins over it; it wins over an XML declaration (RFC 7303, 3). */
  readonly charset?: Encoding | undefined;
  /** True for XML, which may declare its encoding and is UTF-8 when it does not (XML 1.0, 4.3.3). */
  readonly xml: boolean;
}

/** The encoding of a body. */
export interface EncodingChoice {
  readonly encoding: Encoding;
  /** The source of the choice, as a problem names it. Undefined if nothing names it: then it is UTF-8, on trial. */
  readonly saidBy: string | undefined;
  /** Bytes of the byte order mark, which is not text. */
  readonly start: number;
  /** The encoding that an XML declaration names beside a content type that says UTF-8: read so if the body is not UTF-8. */
  readonly otherwise?: Encoding | undefined;
}

/** The encoding that the first bytes show. */
interface Signature {
  readonly encoding: Encoding;
  /** Bytes of the byte order mark; 0 when NUL bytes show the encoding. */
  readonly length: number;
}

/** The encoding that something other than the bytes names. */
interface Statement {
  readonly encoding: Encoding;
  readonly saidBy: string;
}

const contentType = "the content type";
const setting = "the setting of the source";
/** The number of first bytes that show an encoding. */
const signatureLength = 256;

/**
 * The encoding that the first bytes of a body show by themselves: by a byte order mark, or by the NUL bytes beside
 * characters of ASCII (XML 1.0, appendix F).
 */
export function shownEncoding(head: Uint8Array): Encoding | undefined {
  return signatureOf(head)?.encoding;
}

/** The text of UTF-16; an odd byte at the end is left out, lone surrogates are kept. */
export function utf16Text(bytes: Uint8Array, encoding: "utf-16le" | "utf-16be"): string {
  const end = bytes.length - (bytes.length % 2);
  if (encoding === "utf-16le") return asBuffer(bytes).toString("utf16le", 0, end);
  // a copy: the bytes are the caller's
  return Buffer.from(bytes.subarray(0, end)).swap16().toString("utf16le");
}

export function isUtf16(encoding: Encoding): encoding is "utf-16le" | "utf-16be" {
  return encoding === "utf-16le" || encoding === "utf-16be";
}

/**
 * Chooses the encoding of a body. The order is: the setting of the source, a byte order mark, the content type, the XML
 * declaration, and NUL bytes (file formats, section 1.5). A setting that the bytes exclude refuses the body. A content
 * type or a declaration that the bytes exclude is passed over.
 *
 * @param head the first bytes
 * @param ended whether these are all
 * @returns undefined as long as the bytes do not tell
 * @throws MusterError `encoding_unsupported`, `encoding_invalid`
 */
export function chooseEncoding(head: Uint8Array, options: EncodingOptions, ended: boolean): EncodingChoice | undefined {
  if (head.length < signatureLength && !ended) return undefined;
  if (isUtf32(head)) throw unsupportedEncoding("UTF-32");
  const signature = signatureOf(head);
  const { pinned, charset, xml } = options;
  if (pinned !== undefined) return choiceBySetting(head, pinned, signature, xml);
  const declaration = xml ? readDeclaration(declarationText(head, signature), ended) : {};
  if (declaration === undefined) return undefined;
  const statement =
    charset === undefined ? declared(declaration, signature) : { encoding: charset, saidBy: contentType };
  if (signature !== undefined) return choiceBySignature(signature, statement, xml);
  if (statement === undefined || isPlainlyAscii(head, statement.encoding, xml)) return assumed;
  return { ...statement, start: 0, otherwise: otherwise(statement, declaration) };
}

const assumed: EncodingChoice = { encoding: "utf-8", saidBy: undefined, start: 0 };

function choiceBySetting(
  head: Uint8Array,
  pinned: Encoding,
  signature: Signature | undefined,
  xml: boolean,
): EncodingChoice {
  const said = { encoding: pinned, saidBy: setting };
  if (signature !== undefined && excludes(signature, pinned, xml)) {
    throw untrue(said, `${shownBy(signature)} says ${encodingTitles[signature.encoding]}`);
  }
  if (signature === undefined && isPlainlyAscii(head, pinned, xml)) {
    throw untrue(said, "the first bytes are plain ASCII, which is not UTF-16");
  }
  return { ...said, start: signature?.length ?? 0 };
}

/** The choice for a body whose bytes show an encoding. */
function choiceBySignature(signature: Signature, statement: Statement | undefined, xml: boolean): EncodingChoice {
  if (statement === undefined || excludes(signature, statement.encoding, xml)) {
    return { encoding: signature.encoding, saidBy: shownBy(signature), start: signature.length };
  }
  return { ...statement, start: signature.length };
}

const shownBy = ({ length }: Signature) => (length > 0 ? "the byte order mark" : "the order of its NUL bytes");

/** True for a body that is said to be UTF-16 and begins with so much UTF-8 that it cannot be. */
function isPlainlyAscii(head: Uint8Array, encoding: Encoding, xml: boolean): boolean {
  if (!isUtf16(encoding)) return false;
  // XML begins with a character of ASCII; elsewhere pairs of ASCII may be Chinese, but not for long
  const start = head.subarray(0, xml ? 4 : 64);
  if (start.length < (xml ? 4 : 64) || start.includes(0)) return false;
  if (xml) return isAscii(start);
  // the last character may be cut
  return [0, 1, 2, 3].some((cut) => isUtf8(start.subarray(0, start.length - cut)));
}

/** Many clients say UTF-8 of every file. If that turns out to be untrue, what the file itself declares may be right. */
function otherwise({ encoding, saidBy }: Statement, { label }: Declaration): Encoding | undefined {
  if (encoding !== "utf-8" || saidBy !== contentType || label === undefined) return undefined;
  const named = encodingNamed(label);
  return named === undefined || named === "utf-8" || isUtf16(named) ? undefined : named;
}

function signatureOf(head: Uint8Array): Signature | undefined {
  if (startsWith(head, [0xef, 0xbb, 0xbf])) return { encoding: "utf-8", length: 3 };
  if (startsWith(head, [0xff, 0xfe])) return { encoding: "utf-16le", length: 2 };
  if (startsWith(head, [0xfe, 0xff])) return { encoding: "utf-16be", length: 2 };
  const encoding = byteOrderOf(head.subarray(0, signatureLength));
  return encoding && { encoding, length: 0 };
}

/**
 * The byte order that NUL bytes show: in UTF-16 each character of ASCII has one. Cells of other encodings may hold a NUL
 * byte, too. So a quarter of the pairs must be such characters, and fewer must be two characters of ASCII.
 */
function byteOrderOf(head: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  let little = 0;
  let big = 0;
  let neither = 0;
  const pairs = Math.floor(head.length / 2);
  for (let pair = 0; pair < pairs; pair += 1) {
    const [first, second] = [head[2 * pair]!, head[2 * pair + 1]!];
    if (isAsciiCharacter(first) && isAsciiCharacter(second)) neither += 1;
    else if (second === 0 && isAsciiCharacter(first)) little += 1;
    else if (first === 0 && isAsciiCharacter(second)) big += 1;
  }
  const isShown = (order: number, other: number) => order * 4 >= pairs && order > neither && order > 8 * other;
  if (isShown(little, big)) return "utf-16le";
  return isShown(big, little) ? "utf-16be" : undefined;
}

const isAsciiCharacter = (byte: number | undefined): boolean => byte !== undefined && byte > 0 && byte < 0x80;

/** True for a body in UTF-32, by its byte order mark or by the NUL bytes of its first two characters. */
function isUtf32(head: Uint8Array): boolean {
  if (startsWith(head, [0xff, 0xfe, 0, 0]) || startsWith(head, [0, 0, 0xfe, 0xff])) return true;
  const isCharacter = (at: number, character: number) =>
    isAsciiCharacter(head[at + character]) && [0, 1, 2, 3].every((byte) => byte === character || head[at + byte] === 0);
  return [0, 3].some((character) => isCharacter(0, character) && (head.length === 4 || isCharacter(4, character)));
}

/**
 * True if a body with this signature cannot be in `encoding`. A byte order mark leaves no doubt. NUL bytes exclude
 * encodings in which they would not be text. In XML, which begins with a character of ASCII, they also exclude UTF-16 of
 * the other byte order.
 */
function excludes(signature: Signature, encoding: Encoding, xml: boolean): boolean {
  if (signature.length > 0 || xml) return encoding !== signature.encoding;
  return !isUtf16(encoding);
}

/** The characters that may hold an XML declaration; only ASCII can be relied on. */
function declarationText(head: Uint8Array, signature: Signature | undefined): string {
  const { encoding, length } = signature ?? { encoding: "utf-8", length: 0 };
  if (isUtf16(encoding)) return utf16Text(head.subarray(length, length + 2 * declarationLength), encoding);
  return asBuffer(head).toString("latin1", length, length + declarationLength);
}

function declared({ label }: Declaration, signature: Signature | undefined): Statement | undefined {
  // In XML, nothing but the encoding that the bytes show can be true.
  if (label === undefined || signature !== undefined) return undefined;
  return { encoding: supportedEncoding(label), saidBy: "the XML declaration" };
}

const startsWith = (bytes: Uint8Array, mark: readonly number[]): boolean =>
  mark.every((byte, index) => bytes[index] === byte);

/** The same bytes, not a copy. */
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The problem of a body that is not in the encoding in which something says it is. */
export function untrue({ encoding, saidBy }: Statement, instead: string): MusterError {
  const said = `The body is not in ${encodingTitles[encoding]}, although ${saidBy} says so: ${instead}.`;
  const detail = `${said} Correct ${saidBy} or the export, and send the file again. Nothing was changed.`;
  return new MusterError("encoding_invalid", detail);
}
