import { MusterError } from "../errors.ts";
import { type EncodingOptions, isUtf16, shownEncoding, utf16Text } from "./encoding.ts";
import type { Encoding, FileFormat } from "./reading.ts";

/** How many bytes from the start of a body are looked at. */
export const detectionBytes = 4_096;

/**
 * Tells the format of a body from its first character after a byte order mark and white space: `<` begins XML, `{` or
 * `[` JSON, anything else CSV (file formats, section 1: by the content, never by a name). Never throws: an encoding
 * that cannot be right is for the reader to refuse.
 *
 * @param head the first bytes of the body, all of them if there are fewer than `detectionBytes`. If these are nothing
 *   but white space it is CSV, whose reader says that the body is empty
 */
export function detectFormat(head: Uint8Array, options: Omit<EncodingOptions, "xml"> = {}): FileFormat {
  const encoding = shownEncoding(head) ?? options.pinned ?? options.charset ?? "utf-8";
  const [, first] = /^\ufeff?[ \t\r\n]*(.)/s.exec(textOf(head.subarray(0, detectionBytes), encoding)) ?? [];
  if (first === "<") return "xml";
  return first === "{" || first === "[" ? "json" : "csv";
}

/** Files that people take for text, by how they begin, and what to do. */
const foreign: readonly (readonly [start: readonly number[], what: string])[] = [
  [[0x50, 0x4b, 0x03, 0x04], "an Excel workbook (.xlsx) or a ZIP archive. Save it as CSV UTF-8, or unpack it,"],
  [[0xd0, 0xcf, 0x11, 0xe0], "an old Excel workbook (.xls). Save it as CSV UTF-8,"],
  [[0x25, 0x50, 0x44, 0x46], "a PDF document. Export CSV, XML or JSON,"],
  [[0x1f, 0x8b], "compressed with gzip. Unpack it, or send it with Content-Encoding: gzip,"],
];

/**
 * Refuses a body that is no text at all, by its first bytes.
 * @throws MusterError media_type_unsupported
 */
export function refuseForeign(head: Uint8Array): void {
  const [, what] = foreign.find(([start]) => start.every((byte, index) => head[index] === byte)) ?? [];
  if (what === undefined) return;
  throw new MusterError("media_type_unsupported", `The file is ${what} and send that. Nothing was changed.`);
}

/** Right as far as ASCII goes, which is the same in UTF-8 and Windows-1252. */
function textOf(bytes: Uint8Array, encoding: Encoding): string {
  return isUtf16(encoding) ? utf16Text(bytes, encoding) : Buffer.from(bytes).toString();
}
