import { hash } from "node:crypto";
import { limits } from "./limits.ts";
import { createWindow } from "./window.ts";

/** The places of the records of a document, and a digest of the bytes of each. */
export interface XmlScan {
  readonly rows: number;
  /** Offset of each record's first byte, and, as the last one, of what follows the records. */
  readonly starts: Float64Array;
  /** Digest of the bytes of a row (1-based), 16 bytes. */
  digest(row: number): Buffer;
}

const digestLength = 16;
const recordStart = Buffer.from("<user>");
const recordEnd = Buffer.from("</user>");
/** The longest head, tail or white space between records that is looked at. */
const edgeLength = 512;
/** Takes no head that the strict parser would refuse. In a document of ASCII, UTF-16 is a mistake of .NET. */
const head =
  /^(?:\u00ef\u00bb\u00bf)?(?:<\?xml version=(?:"1\.0"|'1\.0')(?: encoding=(?:"(?:utf|UTF)-(?:8|16)"|'(?:utf|UTF)-(?:8|16)'))?[ \t\r\n]?\?>)?[ \t\r\n]*<users type=(?:"array"|'array')>[ \t\r\n]*$/;
const tail = /^<\/users>[ \t\r\n]*$/;

/**
 * Finds the records of a document of the plain shape that exports have, without parsing them: a known header, `<user>`
 * elements with nothing but white space between them, a known end. Within a record anything may appear but what could
 * hide its end (comments, CDATA, processing instructions).
 *
 * This only says where records would begin and end **if** they are well-formed. A record whose digest was stored after
 * the strict parser took the very same bytes is well-formed; all others must go to that parser, in their order.
 */
export interface RecordFinder {
  /**
   * Looks at what was left of the document and what has come.
   * @param found called with the place of each complete record
   * @returns up to where it has looked: what follows is left; null for a document of any other shape, which is no verdict:
   *   the strict parser has the word
   */
  look(text: Buffer, found: (from: number, to: number) => void): number | null;
  /** Tells whether a document is complete if only `rest` remains. */
  isComplete(rest: Buffer): boolean;
}

/** Makes a finder for one document. */
export function createRecordFinder(): RecordFinder {
  let state: "head" | "records" | "tail" = "head";
  /** White space since the last record. */
  let blanks = 0;
  return {
    look(text, found) {
      let position = 0;
      if (state === "head") {
        const first = text.indexOf(recordStart);
        if (first > edgeLength || (first < 0 && text.length > edgeLength)) return null;
        if (first >= 0) {
          if (!head.test(text.toString("latin1", 0, first))) return null;
          state = "records";
          position = first;
        }
      }
      if (state === "records") {
        const end = findRecords(text, position, blanks, found);
        if (end === null) return null;
        position = end.position;
        blanks = end.blanks;
        if (end.isTail) state = "tail";
      }
      const rest = text.length - position;
      return rest > (state === "tail" ? edgeLength : limits.xml.recordLength) ? null : position;
    },
    isComplete: (rest) => state === "tail" && tail.test(rest.toString("latin1")),
  };
}

/**
 * Finds the records of a document.
 * @returns null for a document that is not of the plain shape
 */
export async function scanXmlUsers(chunks: AsyncIterable<Uint8Array>): Promise<XmlScan | null> {
  const found = createFindings();
  const finder = createRecordFinder();
  const window = createWindow();
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  for await (const chunk of chunks) {
    const text = window.append(chunk);
    const position = finder.look(text, (from, to) => found.add(offset + from, text.subarray(from, to)));
    if (position === null) return null;
    window.dropUntil(position);
    rest = text.subarray(0, text.length - position);
    offset += position;
  }
  if (!finder.isComplete(rest)) return null;
  found.add(offset, undefined);
  return found.scan();
}

/** Digest of the bytes of a record, 16 characters of one byte each. */
export const digestOfBytes = (record: Buffer): string => hash("sha256", record, "binary").slice(0, digestLength);

/**
 * Goes from record to record. Returns where it stopped: before what is not complete yet, or before the tail; null if
 * something else is there, or so much white space that the strict parser may refuse it.
 * @param blanksBefore white space that was passed over since the last record
 */
function findRecords(
  text: Buffer,
  from: number,
  blanksBefore: number,
  found: (from: number, to: number) => void,
): { readonly position: number; readonly blanks: number; readonly isTail: boolean } | null {
  let position = from;
  let blanks = blanksBefore;
  let nextMarkup = markupAfter(text, position);
  for (;;) {
    const start = position;
    position = skipWhiteSpace(text, start);
    blanks += position - start;
    if (blanks > edgeLength) return null;
    if (text.length - position < recordEnd.length + 1) return { position, blanks, isTail: false };
    if (!isRecordStart(text, position)) {
      const isTail = text[position] === 0x3c && text[position + 1] === 0x2f;
      return isTail ? { position, blanks, isTail } : null;
    }
    const end = text.indexOf(recordEnd, position + recordStart.length);
    if (nextMarkup < position) nextMarkup = markupAfter(text, position);
    if (nextMarkup < (end < 0 ? text.length : end)) return null;
    if (end < 0) return { position, blanks, isTail: false };
    const next = end + recordEnd.length;
    found(position, next);
    blanks = 0;
    position = next;
  }
}

function skipWhiteSpace(text: Buffer, from: number): number {
  let position = from;
  for (;;) {
    const byte = text[position];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return position;
    position += 1;
  }
}

/** `<user>`, byte by byte: this runs once a record. */
const isRecordStart = (text: Buffer, at: number) =>
  text.readUInt32BE(at) === 0x3c757365 && text[at + 4] === 0x72 && text[at + 5] === 0x3e;

/** Returns the position of the next `<!` or `<?`. */
function markupAfter(text: Buffer, from: number): number {
  const declaration = text.indexOf("<!", from);
  const instruction = text.indexOf("<?", from);
  return Math.min(declaration < 0 ? Infinity : declaration, instruction < 0 ? Infinity : instruction);
}

/** Offsets and digests, in arrays that double as they fill. */
function createFindings() {
  let starts = new Float64Array(1024);
  let digests = Buffer.alloc(1024 * digestLength);
  let count = 0;
  let rows = 0;
  return {
    add(start: number, record: Buffer | undefined): void {
      if (count === starts.length) {
        const [moreStarts, moreDigests] = [new Float64Array(count * 2), Buffer.alloc(count * 2 * digestLength)];
        moreStarts.set(starts);
        digests.copy(moreDigests);
        [starts, digests] = [moreStarts, moreDigests];
      }
      starts[count] = start;
      count += 1;
      if (record === undefined) return;
      digests.write(digestOfBytes(record), rows * digestLength, digestLength, "latin1");
      rows += 1;
    },
    scan(): XmlScan {
      return {
        rows,
        starts: starts.subarray(0, count),
        digest: (row) => digests.subarray((row - 1) * digestLength, row * digestLength),
      };
    },
  };
}
