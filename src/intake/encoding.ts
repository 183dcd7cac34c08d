import { isAscii } from "node:buffer";
import { MusterError } from "../errors.ts";
import type { Encoding } from "./reading.ts";

/** What is known of the encoding of a body beside its bytes. */
export interface EncodingOptions {
  /** Set by the source. A body whose bytes show another one is refused. */
  readonly pinned?: Encoding | undefined;
  /** Named by the content type. What the body itself shows or declares wins over it. */
  readonly charset?: Encoding | undefined;
  /** Whether the body is XML, which may declare its encoding and is UTF-8 when it doesn't (XML 1.0, 4.3.3). */
  readonly xml: boolean;
}

/** The encoding of a body. */
export interface EncodingChoice {
  readonly encoding: Encoding;
  /** What says so, as a problem names it; undefined when nothing does: then it is UTF-8, on trial. */
  readonly saidBy: string | undefined;
  /** Bytes of the byte order mark, which is no text. */
  readonly start: number;
}

/** What the first bytes show. */
interface Signature {
  readonly encoding: Encoding;
  /** Bytes of the byte order mark; 0 when NUL bytes show the encoding. */
  readonly length: number;
}

/** What something other than the bytes says. */
interface Statement {
  readonly encoding: Encoding;
  readonly saidBy: string;
}

/** What an XML declaration says. */
interface Declaration {
  /** The encoding, as written; absent when it names none. */
  readonly label?: string;
}

/** As problems write them. */
export const encodingTitles: Readonly<Record<Encoding, string>> = {
  "utf-8": "UTF-8",
  "utf-16le": "UTF-16LE",
  "utf-16be": "UTF-16BE",
  "windows-1252": "Windows-1252",
};

const contentType = "the content type";
const signatureLength = 4;
/** An XML declaration of more characters is refused: nobody can tell what encoding it names. */
const declarationLength = 1_024;
/** A body that begins with so many bytes of ASCII, none of them NUL, is not in UTF-16. */
const asciiLength = 64;

/** UTF-16 in either byte order; the little endian one if nothing shows another. */
const labelsWithoutByteOrder = ["utf-16", "ucs-2", "unicode", "csunicode", "iso-10646-ucs-2"];
const windows1252Labels = `windows-1252 cp1252 x-cp1252 iso-8859-1 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987
  iso-ir-100 csisolatin1 latin1 l1 cp819 ibm819`.split(/\s+/);

const encodingsByLabel: ReadonlyMap<string, Encoding> = new Map([
  ...labelled("utf-8", ["utf-8", "utf8", "unicode-1-1-utf-8", "unicode11utf8", "unicode20utf8", "x-unicode20utf8"]),
  // stricter than WHATWG, which reads ASCII as Windows-1252: what calls itself ASCII and isn't is UTF-8 or refused
  ...labelled("utf-8", ["us-ascii", "ascii", "ansi_x3.4-1968"]),
  ...labelled("utf-16le", [...labelsWithoutByteOrder, "utf-16le", "unicodefeff"]),
  ...labelled("utf-16be", ["utf-16be", "unicodefffe"]),
  ...labelled("windows-1252", windows1252Labels),
]);

function labelled(encoding: Encoding, labels: readonly string[]): [string, Encoding][] {
  return labels.map((label) => [label, encoding]);
}

/**
 * The encoding that a label names (WHATWG Encoding, 4.2), without regard to case. `utf-16` is little endian as long as
 * no byte order mark says otherwise.
 * @returns undefined for an encoding that is not read
 */
export function encodingNamed(label: string): Encoding | undefined {
  return encodingsByLabel.get(label.trim().toLowerCase());
}

/**
 * The encoding that a label names, as `encodingNamed` does.
 * @throws MusterError `encoding_unsupported` for an encoding that is not read
 */
export function supportedEncoding(label: string): Encoding {
  const encoding = encodingNamed(label);
  if (encoding === undefined) throw unsupported(label);
  return encoding;
}

/**
 * The encoding that the first bytes of a body show by themselves: by a byte order mark, or by a NUL beside an ASCII
 * character in one of the first two pairs (XML 1.0, appendix F).
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
 * Chooses the encoding of a body. What the source is set to has the first word, then the byte order mark, the XML
 * declaration, the content type, and what NUL bytes show. Where the source's setting or the declaration cannot be true,
 * the body is refused. Where the content type cannot, the bytes are believed, if they show anything; plain ASCII that is
 * said to be UTF-16 shows nothing and is refused too.
 *
 * @param head the first bytes
 * @param ended whether these are all
 * @returns undefined as long as the bytes don't tell
 * @throws MusterError `encoding_unsupported`, `encoding_invalid`
 */
export function chooseEncoding(head: Uint8Array, options: EncodingOptions, ended: boolean): EncodingChoice | undefined {
  if (head.length < signatureLength && !ended) return undefined;
  if (isUtf32(head)) throw unsupported("UTF-32");
  const signature = signatureOf(head);
  const { pinned, charset, xml } = options;
  // an external label wins over the XML declaration (RFC 7303, 3.2)
  const declaration = xml && pinned === undefined ? readDeclaration(head, signature, ended) : {};
  if (declaration === undefined) return undefined;
  const statement =
    pinned !== undefined ? said(pinned, "the setting of the source") : declaredEncoding(declaration, signature);
  if (signature !== undefined) return choiceBySignature(signature, statement, options);
  if (statement !== undefined) return choiceByStatement(head, statement, xml, ended);
  if (charset !== undefined) return choiceByStatement(head, said(charset, contentType), xml, ended);
  return { encoding: "utf-8", saidBy: undefined, start: 0 };
}

/** The choice for a body whose bytes show an encoding. */
function choiceBySignature(
  signature: Signature,
  statement: Statement | undefined,
  { charset, xml }: EncodingOptions,
): EncodingChoice {
  const saidBy = signature.length > 0 ? "the byte order mark" : "the order of its NUL bytes";
  const shown = { encoding: signature.encoding, saidBy, start: signature.length };
  if (statement !== undefined) {
    if (excludes(signature, statement.encoding, xml)) throw contradiction(statement, shown);
    return { ...statement, start: signature.length };
  }
  if (charset === undefined || excludes(signature, charset, xml)) return shown;
  return { ...said(charset, contentType), start: signature.length };
}

/** The choice for a body whose bytes show nothing, but that something says the encoding of. */
function choiceByStatement(
  head: Uint8Array,
  statement: Statement,
  xml: boolean,
  ended: boolean,
): EncodingChoice | undefined {
  if (isUtf16(statement.encoding)) {
    // XML begins with a character of ASCII; elsewhere pairs of ASCII may be Chinese, but not for long
    const length = xml ? signatureLength : asciiLength;
    if (head.length < length && !ended) return undefined;
    const start = head.subarray(0, length);
    if (start.length === length && isAscii(start) && !start.includes(0)) throw plainlyAscii(statement);
  }
  return { ...statement, start: 0 };
}

function signatureOf(head: Uint8Array): Signature | undefined {
  if (startsWith(head, [0xef, 0xbb, 0xbf])) return { encoding: "utf-8", length: 3 };
  if (startsWith(head, [0xff, 0xfe])) return { encoding: "utf-16le", length: 2 };
  if (startsWith(head, [0xfe, 0xff])) return { encoding: "utf-16be", length: 2 };
  const orders = [byteOrder(head[0], head[1]), byteOrder(head[2], head[3])];
  const encoding = orders[0] ?? orders[1];
  if (encoding === undefined || (orders[1] !== undefined && orders[1] !== encoding)) return undefined;
  return { encoding, length: 0 };
}

/** The order of a pair of bytes that is a character of ASCII in UTF-16. */
function byteOrder(first: number | undefined, second: number | undefined): "utf-16le" | "utf-16be" | undefined {
  if (second === 0 && isAsciiCharacter(first)) return "utf-16le";
  if (first === 0 && isAsciiCharacter(second)) return "utf-16be";
  return undefined;
}

function isAsciiCharacter(byte: number | undefined): boolean {
  return byte !== undefined && byte > 0 && byte < 0x80;
}

/** Whether a body is in UTF-32, by its byte order mark or by the NUL bytes of its first character. */
function isUtf32(head: Uint8Array): boolean {
  if (startsWith(head, [0xff, 0xfe, 0, 0]) || startsWith(head, [0, 0, 0xfe, 0xff])) return true;
  if (startsWith(head, [0, 0, 0])) return isAsciiCharacter(head[3]);
  return isAsciiCharacter(head[0]) && startsWith(head.subarray(1), [0, 0, 0]);
}

/**
 * Whether a body with this signature cannot be in `encoding`. A byte order mark leaves no doubt. NUL bytes exclude
 * encodings in which they would be no text; whether UTF-16 is of the other byte order they tell in XML alone, which
 * begins with a character of ASCII.
 */
function excludes(signature: Signature, encoding: Encoding, xml: boolean): boolean {
  if (signature.length > 0 || xml) return encoding !== signature.encoding;
  return !isUtf16(encoding);
}

/** What an XML declaration says, nothing if there is none; undefined as long as it isn't complete. */
function readDeclaration(head: Uint8Array, signature: Signature | undefined, ended: boolean): Declaration | undefined {
  const text = declarationText(head, signature);
  if ("<?xml".startsWith(text.slice(0, 5)) && text.length < 6 && !ended) return undefined;
  if (!/^<\?xml[ \t\r\n]/.test(text)) return {};
  const end = text.indexOf("?>");
  if (end < 0) {
    if (text.length >= declarationLength) throw declarationTooLong();
    return ended ? {} : undefined;
  }
  const label = /[ \t\r\n]encoding[ \t\r\n]*=[ \t\r\n]*(["'])(.*?)\1/s.exec(text.slice(0, end))?.[2];
  return label === undefined ? {} : { label };
}

/** The characters in which an XML declaration may stand; only ASCII can be relied on. */
function declarationText(head: Uint8Array, signature: Signature | undefined): string {
  const { encoding, length } = signature ?? { encoding: "utf-8", length: 0 };
  if (isUtf16(encoding)) return utf16Text(head.subarray(length, length + 2 * declarationLength), encoding);
  return asBuffer(head).toString("latin1", length, length + declarationLength);
}

function declaredEncoding({ label }: Declaration, signature: Signature | undefined): Statement | undefined {
  if (label === undefined) return undefined;
  const named = supportedEncoding(label);
  const isOfEitherOrder = labelsWithoutByteOrder.includes(label.trim().toLowerCase());
  const encoding =
    signature !== undefined && isOfEitherOrder && isUtf16(signature.encoding) ? signature.encoding : named;
  return said(encoding, "the XML declaration");
}

function said(encoding: Encoding, saidBy: string): Statement {
  return { encoding, saidBy };
}

function startsWith(bytes: Uint8Array, mark: readonly number[]): boolean {
  return mark.every((byte, index) => bytes[index] === byte);
}

/** The same bytes, not a copy. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function unsupported(label: string): MusterError {
  const name = label.replace(/[^A-Za-z0-9._:-]/g, "?").slice(0, 40);
  const supported = "What can be read is UTF-8, UTF-16, Windows-1252 and ISO-8859-1.";
  const advice = 'Send it as UTF-8, and if it has an XML declaration, let that say encoding="UTF-8".';
  const detail = `The body is in ${name}, or says so. ${supported} ${advice} Nothing was changed.`;
  return new MusterError("encoding_unsupported", detail);
}

function declarationTooLong(): MusterError {
  const detail = `The XML declaration does not end within ${declarationLength} characters, so that nobody can tell the encoding.`;
  const advice = 'Begin with <?xml version="1.0" encoding="UTF-8"?>. Nothing was changed.';
  return new MusterError("encoding_unsupported", `${detail} ${advice}`);
}

function contradiction(statement: Statement, shown: Statement): MusterError {
  return untrue(statement, `${shown.saidBy} says ${encodingTitles[shown.encoding]}`);
}

function plainlyAscii(statement: Statement): MusterError {
  return untrue(statement, "the first bytes are plain ASCII, which is not UTF-16");
}

function untrue({ encoding, saidBy }: Statement, instead: string): MusterError {
  const said = `The body is not in ${encodingTitles[encoding]}, although ${saidBy} says so: ${instead}.`;
  const detail = `${said} Correct ${saidBy} or the export, and send the file again. Nothing was changed.`;
  return new MusterError("encoding_invalid", detail);
}
