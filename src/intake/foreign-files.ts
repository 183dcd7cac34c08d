import { MusterError, type ProblemCode } from "../errors.ts";
import { isUtf16, shownEncoding, utf16Text } from "./encoding.ts";
import { printable } from "./printable.ts";

/** Files that are not text, by their first bytes (undefined: any byte), and what to do. */
const binaries: readonly (readonly [start: readonly (number | undefined)[], what: string])[] = [
  [[0x50, 0x4b, 0x03, 0x04], "an Excel workbook (.xlsx) or a ZIP archive. Save it as CSV UTF-8, or unpack it,"],
  [[0x50, 0x4b, 0x05, 0x06], "a ZIP archive without a file. Put the roster into it,"],
  [[0xd0, 0xcf, 0x11, 0xe0], "an old Excel workbook (.xls). Save it as CSV UTF-8,"],
  [[0x25, 0x50, 0x44, 0x46], "a PDF document. Export CSV, XML or JSON,"],
  [[0x1f, 0x8b], "compressed with gzip. Unpack it, or send it with Content-Encoding: gzip,"],
  [[0x37, 0x7a, 0xbc, 0xaf], "a 7z archive. Unpack it, or pack it as .zip or .gz,"],
  [[0x52, 0x61, 0x72, 0x21], "a RAR archive. Unpack it, or pack it as .zip or .gz,"],
  [[0x42, 0x5a, 0x68], "compressed with bzip2. Unpack it, or compress it with gzip,"],
  [[0xfd, 0x37, 0x7a, 0x58], "compressed with xz. Unpack it, or compress it with gzip,"],
  [[0x28, 0xb5, 0x2f, 0xfd], "compressed with zstd. Unpack it, or compress it with gzip,"],
  [[0x53, 0x51, 0x4c, 0x69, 0x74, 0x65], "a SQLite database. Export CSV, XML or JSON,"],
  [[0x00, 0x01, 0x00, 0x00, 0x53, 0x74, 0x61, 0x6e], "an Access database. Export CSV, XML or JSON,"],
  [[0x89, 0x50, 0x4e, 0x47], "a picture. Export CSV, XML or JSON,"],
  [[0xff, 0xd8, 0xff], "a picture. Export CSV, XML or JSON,"],
  // an encrypted session key, version 3 (RFC 4880, 5.1)
  [[0x84, undefined, 0x03], "a PGP message. Decrypt it,"],
  [[0x85, undefined, undefined, 0x03], "a PGP message. Decrypt it,"],
  [[0xc1, undefined, 0x03], "a PGP message. Decrypt it,"],
  [[0xc1, undefined, undefined, 0x03], "a PGP message. Decrypt it,"],
];

/** A kind of text that is not a roster. */
interface ForeignText {
  /** Matches the beginning of the file. The group `quote` is quoted in the message. */
  readonly pattern: RegExp;
  /** Completes "The file is …". */
  readonly what: string;
  readonly advice: string;
  readonly code?: ProblemCode;
}

const fetched = "Check the step that fetches the export: it did not get the file.";
const exported = "Check the export: it failed, or saved its messages in the file.";
const root = "document_root_wrong";

const texts: readonly ForeignText[] = [
  {
    pattern: /^(?=<table[\s>])(?<quote>)/i,
    what: "an HTML table, which some programs save as .xls",
    advice: "Export CSV, XML or JSON.",
    code: root,
  },
  {
    pattern:
      /^(?:<!doctype html|<(?:html|head|body|title|script|meta|center|h1|br|p|pre|b|div|span)(?=[\s/>]))(?:[\s\S]*?<title[^>]*>\s*(?<quote>[^<]*))?/i,
    what: "an HTML page, such as a login page or an error page",
    advice: fetched,
    code: root,
  },
  {
    pattern:
      /^<(?:[\w-]+:)?Envelope\b[\s\S]*?<(?:[\w-]+:)?Fault\b(?:[\s\S]*?<(?:[\w-]+:)?(?:faultstring|Text)\b[^>]*>(?<quote>[^<]*))?/,
    what: "the error of a web service (a SOAP fault)",
    advice: fetched,
    code: root,
  },
  {
    pattern: /^<(?:[\w-]+:)?Envelope\b/,
    what: "a SOAP envelope",
    advice: 'Send the content of its body alone: <users type="array">.',
    code: root,
  },
  {
    pattern: /^<(?:[\w-]+:)?Workbook\b/,
    what: "an Excel workbook in XML",
    advice: "Save it as CSV UTF-8 and send that.",
    code: root,
  },
  {
    pattern: /^-----BEGIN PGP [A-Z ]+-----/,
    what: "a PGP message",
    advice: "Decrypt it and send the content.",
  },
  {
    pattern: /^-----BEGIN (?<quote>[A-Z0-9 ]+)-----/,
    what: "a key or a certificate",
    advice: "Check which file the job sends. If it is a private key, replace the key.",
  },
  { pattern: /^\{\\rtf/, what: "a document of a word processor (RTF)", advice: "Save it as CSV UTF-8 and send that." },
  {
    pattern:
      /^(?:data:[\w/.+;=-]{0,80}base64,|[A-Za-z0-9+/]{60,}(?:\r?\n|={0,2}\s*$|$)(?:[A-Za-z0-9+/]*={0,2}(?:\r?\n|$))*$)/,
    what: "text in base64",
    advice: "Decode it and send the content.",
  },
  { pattern: /^begin [0-7]{3} (?<quote>\S.*)/, what: "a uuencoded file", advice: "Decode it and send the content." },
  {
    pattern: /^--[\w'()+,./:=?-]{1,70}\r?\ncontent-disposition: form-data/i,
    what: "a form, but its Content-Type does not say so",
    advice: "Let the client set the Content-Type (curl --form sets it), or send the file alone as the body.",
  },
  {
    pattern:
      /^(?:(?:Return-Path|Received|From|To|MIME-Version|Delivered-To|Message-ID|Subject|Date|Content-Type): .*\r?\n){2}/i,
    what: "an e-mail message",
    advice: "Send the file that is attached to it.",
  },
  {
    pattern: /^(?<quote>HTTP\/\d(?:\.\d)? \d{3}.*)/,
    what: "an HTTP response with its headers",
    advice: fetched,
  },
  {
    pattern:
      /^(?<quote>(?:(?:HTTP )?(?:Error )?[45]\d\d:? )?(?:Not Found|Forbidden|Unauthorized|Bad Gateway|Service (?:Temporarily )?Unavailable|Internal Server Error|Gateway Time-?out|Bad Request|Access (?:is )?denied|Permission denied|Login failed|Invalid credentials|Session expired)\b[^,;|\t]*)(?:\r?\n|$)/i,
    what: "an error message",
    advice: fetched,
  },
  {
    pattern:
      /^(?<quote>.{0,80}(?:No such file or directory|command not found|Permission denied|Connection (?:refused|timed out|reset)|is not recognized as an internal or external command|cannot find the (?:file|path)).*)/i,
    what: "the error message of a command",
    advice: exported,
  },
  {
    pattern:
      /^(?<quote>(?:curl|wget|scp|ssh|sftp|lftp|rsync|mysqldump|pg_dump|psql|gpg|openssl|tar|unzip|iconv)(?:: |> ).*)/,
    what: "the output of a command",
    advice: exported,
  },
  {
    pattern:
      /^<(?:[\w-]+:)?(?:Error|ErrorResponse|Exception|ServiceException|Fault)\b(?:[\s\S]*?<(?:\w+:)?(?:Message|Detail|Reason|Description)\b[^>]*>(?<quote>[^<]*))?/i,
    what: "the error of a web service",
    advice: fetched,
    code: root,
  },
  {
    pattern: /^version https:\/\/git-lfs/,
    what: "the pointer of Git LFS to a file",
    advice: "Fetch the file itself (git lfs pull) and send it.",
  },
  {
    pattern: /^(?:version: 1\s+)?dn:: ?\S|^(?:version: 1\s+)?dn: \S/,
    what: "an LDIF file",
    advice: "Export CSV, XML or JSON.",
  },
  {
    pattern:
      /^(?<quote>(?:no rows? (?:selected|found|returned)|\(?0 (?:rows?|records?)(?: \w+)?\)?|0 row\(s\) \w+)\.?)\s*$/i,
    what: "the output of a query that found nothing",
    advice: "Check the query of the export.",
  },
  { pattern: /^BEGIN:VCARD/i, what: "a vCard file", advice: "Export CSV, XML or JSON." },
  {
    pattern: /^(?:--.*[\r\n]\s*)*(?<quote>(?:INSERT INTO|CREATE TABLE|DROP TABLE|SELECT\s.*\sFROM)\b.*)/i,
    what: "SQL",
    advice: "Export the rows, not the statements.",
  },
];

const databaseError =
  /^\s*(?:(?:ERROR at line \d+|ORA-\d{5}|SP2-\d{4}|PLS-\d{5}|TNS-\d{5}|IMP-\d{5})\b|Msg \d+, Level \d+, State \d+|ERROR \d{4} \(\w{5}\)|(?:psql:.{0,80}: )?(?:ERROR|FATAL):\s{2}|SQLSTATE\b|SQL\d{4,5}N\b|Sqlcmd: Error|HResult 0x|\[(?:Microsoft|unixODBC|Oracle)\]\[|DB2 SQL Error|(?:com|org|java|oracle)\.[\w.]*SQL\w*Exception)/;
const programError =
  /^\s*(?:Exception in thread|Unhandled [Ee]xception|Traceback \(most recent call last\)|Caused by: |at [\w.$<>]+\(|(?:[a-z]\w*\.)+[A-Z]\w*(?:Exception|Error)\b|System\.[\w.]*Exception\b|(?:PHP )?(?:Fatal error|Parse error|Warning|Notice): .* on line \d+|(?:\w+Error|\w+Exception): |(?:Error|ERROR): |At line:\d+ char:\d+|File ".*", line \d+)/;

/** Says what a line is that a program wrote when it failed; undefined for any other line. */
export function failureIn(line: string): string | undefined {
  if (line.length > 2_000) return undefined;
  if (databaseError.test(line)) return "an error of a database";
  return programError.test(line) ? "an error of a program" : undefined;
}

/** The number of characters of a file that are inspected. */
const headLength = 4_096;
/** The most lines before an error. */
const headLines = 4;

/**
 * Refuses a body that is plainly something else than a roster, by its beginning, and says what it looks like.
 * @param head the first bytes of the body, all of them if there are few
 * @throws MusterError media_type_unsupported, document_root_wrong, document_structure_wrong
 */
export function refuseForeign(head: Uint8Array): void {
  const [, binary] =
    binaries.find(([start]) => start.every((byte, index) => byte === undefined || head[index] === byte)) ?? [];
  if (binary === undefined && Buffer.from(head.subarray(257, 262)).toString("latin1") === "ustar") {
    throw new MusterError(
      "media_type_unsupported",
      `The file is a tar archive. Unpack it, or pack it as .zip or .gz, and send that. Nothing was changed.`,
    );
  }
  if (binary !== undefined) {
    throw new MusterError("media_type_unsupported", `The file is ${binary} and send that. Nothing was changed.`);
  }
  refuseBinary(head);
  const text = withoutProlog(headText(head));
  for (const { pattern, what, advice, code } of texts) {
    const found = pattern.exec(text);
    if (found !== null) throw foreign(what, found.groups?.quote?.trim(), advice, code);
  }
  const lines = text.split(/\r\n?|\n/).slice(0, headLines);
  for (const [index, line] of lines.entries()) {
    const what = failureIn(line);
    if (what !== undefined && (index === 0 || !/[,;\t|]/.test(lines[0]!))) throw foreign(what, line.trim(), exported);
  }
}

/** The number of first bytes that tell that a file is not text. */
const signatureLength = 8;
/** So many bytes show EBCDIC. */
const ebcdicLength = 32;

/** @throws MusterError media_type_unsupported for a file of a mainframe, and for one that is not text */
function refuseBinary(head: Uint8Array): void {
  if (isEbcdic(head)) {
    const detail = "The file is in EBCDIC, an encoding of mainframes. Convert it to UTF-8 (iconv -f CP037 -t UTF-8)";
    throw new MusterError("media_type_unsupported", `${detail} and send that. Nothing was changed.`);
  }
  const bytes = head.subarray(0, signatureLength);
  if (!bytes.some((byte) => byte > 0 && byte < 0x20 && (byte < 0x09 || byte > 0x0d) && byte !== 0x1a)) return;
  const encoding = shownEncoding(head);
  if (encoding !== undefined && isUtf16(encoding)) return;
  const shown = [...bytes].map((byte) => byte.toString(16).toUpperCase().padStart(2, "0")).join(" ");
  const detail = `The file is not text: its first bytes are ${shown}. Export CSV, XML or JSON, and send that.`;
  throw new MusterError("media_type_unsupported", `${detail} Nothing was changed.`);
}

/** True for a file nearly all of whose bytes are letters, digits and signs of EBCDIC, which have none of ASCII's letters. */
function isEbcdic(head: Uint8Array): boolean {
  if (head.length < ebcdicLength) return false;
  const bytes = head.subarray(0, 256);
  const inRange = (from: number, to: number) => bytes.filter((byte) => byte >= from && byte <= to).length;
  const letters = inRange(0x81, 0xa9) + inRange(0xc1, 0xe9) + inRange(0xf0, 0xf9);
  const ofAscii = inRange(0x30, 0x39) + inRange(0x41, 0x49) + inRange(0x61, 0x69) + inRange(0x72, 0x7a);
  return letters > bytes.length * 0.7 && ofAscii < bytes.length * 0.05 && bytes.some((byte) => byte === 0x6b);
}

function foreign(what: string, quote: string | undefined, advice: string, code?: ProblemCode): MusterError {
  const quoted = quote ? `: "${printable(quote, 120)}"` : "";
  return new MusterError(
    code ?? "document_structure_wrong",
    `The file is not a roster. It looks like ${what}${quoted}. ${advice} Nothing was changed.`,
  );
}

/** A declaration or a comment before the root of XML. */
const beforeRoot = /(?:<\?[^>]*>|<!--(?:(?!-->)[\s\S])*-->)\s*/y;

function withoutProlog(text: string): string {
  let start = 0;
  do {
    start = beforeRoot.lastIndex;
  } while (beforeRoot.test(text));
  return text.slice(start);
}

/** The beginning of a text, right as far as ASCII goes, without a byte order mark and white space before it. */
function headText(head: Uint8Array): string {
  const encoding = shownEncoding(head);
  const bytes = head.subarray(0, 2 * headLength);
  const text = encoding !== undefined && isUtf16(encoding) ? utf16Text(bytes, encoding) : Buffer.from(bytes).toString();
  return text.slice(0, headLength).replace(/^[\ufeff\s]+/, "");
}
