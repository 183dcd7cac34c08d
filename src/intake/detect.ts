import { MusterError } from "../errors.ts";
import { type EncodingOptions, isUtf16, shownEncoding, utf16Text } from "./encoding.ts";
import { refuseForeign } from "./foreign-files.ts";
import type { Encoding, FileFormat } from "./reading.ts";

/** The number of bytes inspected from the start of a body. */
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

/** The facts about a body beside its bytes. */
interface Declared extends Omit<EncodingOptions, "xml"> {
  /** The format that the content type says; undefined if it leaves that to the content. */
  readonly format: FileFormat | undefined;
  /** The body came as a form's data: `curl --data` removes line ends. */
  readonly mayLackLineEnds?: boolean | undefined;
}

/**
 * Chooses the format of a body: what its content type says, unless the content is plainly of another one.
 * @param head the first bytes of the body, all of them if there are fewer than `detectionBytes`
 * @throws MusterError what `refuseForeign` throws; media_type_unsupported for CSV that lost its line ends
 */
export function chooseFormat(head: Uint8Array, { format, mayLackLineEnds, ...options }: Declared): FileFormat {
  if (mayLackLineEnds) refuseEncodedForm(head);
  refuseForeign(head);
  const found = detectFormat(head.subarray(0, detectionBytes), options);
  const chosen = format === undefined || contradicts(head, format, found) ? found : format;
  if (chosen === "csv" && mayLackLineEnds && !head.some((byte) => byte === 0x0a || byte === 0x0d)) {
    throw formData("The file is CSV, and all of it is in one line, because curl --data removes line ends.");
  }
  return chosen;
}

/** Tells whether a body plainly contradicts the format of its content type. */
function contradicts(head: Uint8Array, format: FileFormat, found: FileFormat): boolean {
  if (format === found) return false;
  const encoding = shownEncoding(head) ?? "utf-8";
  const text = textOf(head.subarray(0, detectionBytes), encoding).replace(/^[\ufeff\s]+/, "");
  if (found === "xml") return /^<[?!A-Za-z_]/.test(text);
  if (found === "json") return /^(?:\{\s*(?:"|\})|\[\s*[{\]])/.test(text);
  // a row of CSV: anything that is in columns, and has no element further on
  return /^[^<{[\r\n]+[,;\t|][^\r\n]*(?:[\r\n]|$)/.test(text) && !/<(?:\?xml|users|groups|locations)\b/i.test(text);
}

function refuseEncodedForm(head: Uint8Array): void {
  const text = Buffer.from(head.subarray(0, 200)).toString("latin1");
  if (/^[\w.[\]-]{0,60}=?%(?:3C|7B|5B|EF%BB%BF)/i.test(text) || /^[\w.-]{1,60}=\s*[<{[]/.test(text)) {
    throw formData("The file is a field of a form, as curl --data-urlencode sends it.");
  }
}

const formData = (what: string) =>
  new MusterError(
    "media_type_unsupported",
    `${what} Send the file as it is, with curl --data-binary @FILE and Content-Type: text/csv, application/xml or application/json. Nothing was changed.`,
    { field: "Content-Type" },
  );

/** Right as far as ASCII goes, which is the same in UTF-8 and Windows-1252. */
function textOf(bytes: Uint8Array, encoding: Encoding): string {
  return isUtf16(encoding) ? utf16Text(bytes, encoding) : Buffer.from(bytes).toString();
}
