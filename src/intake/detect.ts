import { type EncodingOptions, isUtf16, shownEncoding, utf16Text } from "./encoding.ts";
import type { Encoding, FileFormat } from "./reading.ts";

/** How many bytes from the start of a body are looked at. */
export const detectionBytes = 4_096;

/**
 * Tells the format of a body from its first character after a byte order mark and white space: `<` begins XML, `{` or
 * `[` JSON, anything else CSV (feed formats, section 1: by the content, never by a name). Never throws: an encoding
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

/** Right as far as ASCII goes, which is the same in UTF-8 and Windows-1252. */
function textOf(bytes: Uint8Array, encoding: Encoding): string {
  return isUtf16(encoding) ? utf16Text(bytes, encoding) : Buffer.from(bytes).toString();
}
