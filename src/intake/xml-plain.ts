import { createSlotFinder } from "./column-slots.ts";
import { limits } from "./limits.ts";
import { createIgnoredNames, type IgnoredNames, type ReadOptions } from "./reading.ts";
import { batchRows, type SourceRecord } from "./records.ts";
import { refuseTooManyRows } from "./row-limit.ts";
import { createWindow } from "./window.ts";
import { readXmlRecords } from "./xml.ts";
import { createRecordFinder, digestOfBytes, type XmlScan } from "./xml-scan.ts";

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * Reads records of a document that was scanned. Nearly all records of exports are plain: fields of text, no attributes,
 * no references but the five entities. These are read here, four times as fast as by the strict parser; any other record
 * goes to that parser, alone in a document of its own (docs/decisions/010).
 *
 * @param rows 1-based numbers of the records to read, ascending; records between them are passed over
 * @throws MusterError when a record is refused; its place is not that in the whole document
 */
export async function* readScannedRecords(
  chunks: AsyncIterable<Uint8Array>,
  scan: XmlScan,
  rows: Uint32Array,
  options: ReadOptions,
): AsyncGenerator<SourceRecord[]> {
  const ignored = createIgnoredNames(options.mapping);
  const columns = { ignored, slotOf: createSlotFinder(options.mapping) };
  let batch: SourceRecord[] = [];
  try {
    for await (const { row, line, bytes } of findRecords(chunks, scan, rows)) {
      batch.push(await readRecord(bytes, row, line, options, columns));
      if (batch.length < batchRows) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  } finally {
    options.onReading?.({ format: "xml", encoding: "utf-8", ignored: ignored.names() });
  }
}

/** A record, and the digest of its bytes. */
interface RecordOfBytes {
  readonly record: SourceRecord;
  /** 16 bytes. */
  readonly byteDigest: Buffer;
}

/**
 * Reads a document that was not scanned, as long as it has the plain shape: the same records as `readScannedRecords` of
 * all rows.
 * @returns "all" if the document has that shape to its end; otherwise how many records were given, and there is more to it
 * @throws MusterError when a record is refused; its place is not that in the whole document
 */
export async function* readPlainDocument(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncGenerator<RecordOfBytes[], "all" | number> {
  const ignored = createIgnoredNames(options.mapping);
  const columns = { ignored, slotOf: createSlotFinder(options.mapping) };
  const finder = createRecordFinder();
  const window = createWindow();
  const lines = createLineCounter();
  let rest: Buffer = Buffer.alloc(0);
  let batch: RecordOfBytes[] = [];
  let row = 0;
  for await (const chunk of chunks) {
    const text = window.append(chunk);
    const places: [from: number, to: number][] = [];
    const position = finder.look(text, (from, to) => places.push([from, to]));
    if (position === null) return row - batch.length;
    lines.begin(text);
    for (const [from, to] of places) {
      const bytes = text.subarray(from, to);
      row += 1;
      refuseTooManyRows(row, options.mostRows);
      const record = await readRecord(bytes, row, lines.lineAt(from), options, columns);
      batch.push({ record, byteDigest: Buffer.from(digestOfBytes(bytes), "latin1") });
      if (batch.length < batchRows) continue;
      yield batch;
      batch = [];
    }
    lines.lineAt(position);
    window.dropUntil(position);
    rest = text.subarray(0, text.length - position);
  }
  if (!finder.isComplete(rest)) return row - batch.length;
  if (batch.length > 0) yield batch;
  options.onReading?.({ format: "xml", encoding: "utf-8", ignored: ignored.names() });
  return "all";
}

/** The columns of a document. */
interface Columns {
  /** The slot of an element, by its name. */
  readonly slotOf: (name: string) => number | undefined;
  readonly ignored: IgnoredNames;
}

async function readRecord(
  bytes: Buffer,
  row: number,
  line: number,
  options: ReadOptions,
  columns: Columns,
): Promise<SourceRecord> {
  const cells = readPlain(bytes.toString("utf8"), columns);
  const read = cells ? options.mapping.read(cells) : await readStrictly(bytes, options, columns.ignored);
  return { ...read, row, line: line + ("line" in read ? read.line - 1 : 0) };
}

/** The bytes of a record, valid until the next one is asked for, and the line on which they begin (1-based). */
interface FoundRecord {
  readonly row: number;
  readonly line: number;
  readonly bytes: Buffer;
}

/** Returns the lines (1-based) on which records of a scanned document begin. @param rows as of `readScannedRecords` */
export async function linesOfRecords(
  chunks: AsyncIterable<Uint8Array>,
  scan: XmlScan,
  rows: Uint32Array,
): Promise<Uint32Array> {
  const found = new Uint32Array(rows.length);
  let index = 0;
  for await (const { line } of findRecords(chunks, scan, rows)) {
    found[index] = line;
    index += 1;
  }
  return found;
}

async function* findRecords(
  chunks: AsyncIterable<Uint8Array>,
  { starts }: XmlScan,
  rows: Uint32Array,
): AsyncGenerator<FoundRecord> {
  let next = 0;
  const window = createWindow();
  const lines = createLineCounter();
  let offset = 0;
  for await (const chunk of chunks) {
    const text = window.append(chunk);
    lines.begin(text);
    for (; next < rows.length; next += 1) {
      const row = rows[next]!;
      const end = starts[row]! - offset;
      if (end > text.length) break;
      const from = starts[row - 1]! - offset;
      yield { row, line: lines.lineAt(from), bytes: text.subarray(from, end) };
    }
    if (next === rows.length) return;
    const position = Math.min(text.length, starts[rows[next]! - 1]! - offset);
    lines.lineAt(position);
    window.dropUntil(position);
    offset += position;
  }
}

/**
 * Returns a function that tells the line of a place in a document, read a part at a time. CR, LF, and both together end
 * a line (XML 1.0, 2.11).
 */
function createLineCounter() {
  let text: Buffer = Buffer.alloc(0);
  let position = 0;
  let line = 1;
  let previous = 0;
  /** The position of the next line feed; not kept for documents with carriage returns. */
  let nextLineFeed: number | undefined;
  const lineFeedAfter = (from: number) => {
    const found = text.indexOf(lineFeed, from);
    return found < 0 ? Infinity : found;
  };
  return {
    /** Goes on with a part that begins where the last place was that was asked for. */
    begin(part: Buffer): void {
      text = part;
      position = 0;
      const isCounted = previous === carriageReturn && text[0] === lineFeed;
      // Nearly all files are without, and then nobody need look at every byte.
      nextLineFeed = text.includes(carriageReturn) ? undefined : lineFeedAfter(isCounted ? 1 : 0);
    },
    /** The line (1-based) of a place in the part; places are asked for in ascending order. */
    lineAt(to: number): number {
      if (nextLineFeed === undefined) line += countLineEnds(text, position, to, previous);
      else for (; nextLineFeed < to; nextLineFeed = lineFeedAfter(nextLineFeed + 1)) line += 1;
      if (to > position) previous = text[to - 1]!;
      position = to;
      return line;
    },
  };
}

function countLineEnds(bytes: Uint8Array, from: number, to: number, before: number): number {
  let count = 0;
  let previous = before;
  for (let position = from; position < to; position += 1) {
    const byte = bytes[position]!;
    if (byte === carriageReturn || (byte === lineFeed && previous !== carriageReturn)) count += 1;
    previous = byte;
  }
  return count;
}

/**
 * Matches text that only the strict parser may judge: characters that XML forbids, or that are not UTF-8 (U+FFFD), line ends to be
 * normalised, `]]>`, references.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const suspect = /[\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffd-\uffff]|\]\]>|&(?!(?:amp|lt|gt|quot|apos);)/;
const fieldName = /^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/;
/** The tag of a column that says nothing. */
const nilTag = /^([A-Za-z_][A-Za-z0-9_.-]{0,99}) (?:xsi:)?nil="true" ?$/;
const start = "<user>";
const end = "</user>";

/** The cells of a record, by slot; undefined for one that isn't plain. */
function readPlain(text: string, { slotOf, ignored }: Columns): (string | undefined)[] | undefined {
  if (text.length > limits.xml.recordLength || suspect.test(text)) return undefined;
  const cells: (string | undefined)[] = [];
  let position = skipWhiteSpace(text, start.length);
  for (let fields = 0; !text.startsWith(end, position); fields += 1) {
    const tagEnd = text.indexOf(">", position);
    const isEmpty = text[tagEnd - 1] === "/";
    const tag = text.slice(position + 1, isEmpty ? tagEnd - 1 : tagEnd);
    const nil = isEmpty ? nilTag.exec(tag)?.[1] : undefined;
    const name = nil ?? tag;
    if (fields === limits.xml.fields || text[position] !== "<" || !fieldName.test(name)) return undefined;
    const valueEnd = isEmpty ? tagEnd + 1 : text.indexOf("<", tagEnd);
    if (!isEmpty && !text.startsWith(`</${name}>`, valueEnd)) return undefined;
    const value = text.slice(tagEnd + 1, valueEnd);
    const slot = slotOf(name);
    if (slot === undefined) ignored.add(name);
    else if (nil === undefined) {
      if (cells[slot] !== undefined || value.length > limits.xml.valueLength) return undefined;
      cells[slot] = (value.includes("&") ? resolved(value) : value).trim();
    }
    position = skipWhiteSpace(text, isEmpty ? valueEnd : valueEnd + name.length + 3);
  }
  return skipWhiteSpace(text, position + end.length) === text.length ? cells : undefined;
}

function skipWhiteSpace(text: string, from: number): number {
  let position = from;
  for (;;) {
    const code = text.charCodeAt(position);
    if (code !== 0x20 && code !== 0x0a && code !== 0x09) return position;
    position += 1;
  }
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const resolved = (value: string) => value.replace(/&(amp|lt|gt|quot|apos);/g, (_, name) => entities[name]!);

const rootStart = Buffer.from('<users type="array">');
const rootEnd = Buffer.from("</users>");

async function readStrictly(
  bytes: Buffer,
  { mapping }: ReadOptions,
  ignored: IgnoredNames,
): Promise<Omit<SourceRecord, "row">> {
  const document = async function* () {
    yield Buffer.concat([rootStart, bytes, rootEnd]);
  };
  const options: ReadOptions = { mapping, onReading: (reading) => reading.ignored.forEach(ignored.add) };
  const records: SourceRecord[] = [];
  for await (const batch of readXmlRecords(document(), options)) records.push(...batch);
  // One start tag and the first end tag after it: there cannot be two.
  return records[0]!;
}
