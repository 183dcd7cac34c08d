import { hash } from "node:crypto";
import { userFields } from "../person/fields.ts";
import { inTurns } from "./in-turns.ts";
import { readRecords } from "./read-records.ts";
import type { FileFormat, ReadOptions } from "./reading.ts";
import type { SourceRecord } from "./records.ts";
import { refuseTooManyRows } from "./row-limit.ts";
import { linesOfRecords, readPlainDocument, readScannedRecords } from "./xml-plain.ts";
import { scanXmlUsers, type XmlScan } from "./xml-scan.ts";

/** A digest of each record of a file, by which the next import may know a record again that has not changed. */
export interface RecordDigests {
  readonly rows: number;
  /** Digest of a row (1-based), 16 bytes. */
  digest(row: number): Buffer;
}

/** A file of users that can be read more than once. */
export interface UserFile {
  readonly format: FileFormat;
  /** Reads all records; throws when the file is refused. */
  read(): AsyncGenerator<SourceRecord[]>;
  /**
   * Reads the records of the given rows only. Of a file that was scanned without parsing, the others are not even
   * parsed; throws when what is read is refused, which then is the whole file's fault but may be told with the wrong
   * place.
   * @param rows 1-based, ascending
   */
  readRows(rows: Uint32Array): AsyncGenerator<SourceRecord[]>;
  /** Digests of all records; throws when the file is refused. */
  digests(): Promise<RecordDigests>;
  /** True if the digests are of bytes, known without parsing. Otherwise they are of what the records say. */
  readonly isScanned: boolean;
  /** Returns the lines (1-based) on which records begin. Needs `digests` before. @param rows 1-based, ascending */
  lines(rows: Uint32Array): Promise<Uint32Array>;
}

/** A record, with digests of what it says and of its bytes, by which its next import may know it again; 16 bytes each. */
export interface DigestedRecord {
  readonly record: SourceRecord;
  readonly digest: Buffer;
  /** null if the bytes are not known by themselves. */
  readonly byteDigest: Buffer | null;
}

/**
 * Opens a file of users. XML of the plain shape that exports have is scanned without parsing (docs/decisions/010);
 * of any other file the digests are of what its records say.
 * @param open reads the bytes from the start, each time
 */
export async function openUserFile(
  open: () => AsyncIterable<Uint8Array>,
  format: FileFormat,
  options: ReadOptions,
): Promise<UserFile> {
  const scan = format === "xml" && isUtf8(options) ? await scanXmlUsers(inTurns(open())) : null;
  if (scan) refuseTooManyRows(scan.rows, options.mostRows);
  return scan ? scannedFile(open, scan, options) : parsedFile(open, format, options);
}

/**
 * Reads a file of users once, with the digests of each record; nothing about the file is known beforehand. Of XML that
 * turns out not to be of the plain shape, the bytes of some records are not known by themselves.
 * @param open reads the bytes from the start, each time
 * @throws MusterError when the file is refused, and, which is no verdict on it, when a record is not well-formed by itself
 */
export async function* readDigestedRecords(
  open: () => AsyncIterable<Uint8Array>,
  format: FileFormat,
  options: ReadOptions,
): AsyncGenerator<DigestedRecord[]> {
  const given = format === "xml" && isUtf8(options) ? yield* readDigestedBytes(open, options) : 0;
  if (given === "all") return;
  for await (const records of readRecords(format, open(), options)) {
    const others = records.filter(({ row }) => row > given);
    if (others.length > 0) yield others.map((record) => ({ record, digest: digestRecord(record), byteDigest: null }));
  }
}

async function* readDigestedBytes(open: () => AsyncIterable<Uint8Array>, options: ReadOptions) {
  const batches = readPlainDocument(inTurns(open()), options);
  try {
    for (;;) {
      const next = await batches.next();
      if (next.done) return next.value;
      yield next.value.map(
        ({ record, byteDigest }): DigestedRecord => ({ record, digest: digestRecord(record), byteDigest }),
      );
    }
  } finally {
    await batches.return("all");
  }
}

/** The bytes of a record say the same only in the same encoding. */
const isUtf8 = ({ encoding, charset }: ReadOptions) => (encoding ?? charset ?? "utf-8") === "utf-8";

function scannedFile(open: () => AsyncIterable<Uint8Array>, scan: XmlScan, options: ReadOptions): UserFile {
  return {
    format: "xml",
    isScanned: true,
    read: () => readRecords("xml", open(), options),
    readRows: (rows) => readScannedRecords(inTurns(open()), scan, rows, options),
    digests: async () => scan,
    lines: (rows) => linesOfRecords(inTurns(open()), scan, rows),
  };
}

function parsedFile(open: () => AsyncIterable<Uint8Array>, format: FileFormat, options: ReadOptions): UserFile {
  const read = () => readRecords(format, open(), options);
  /** Of all rows, once their digests were asked for. */
  let lines = new Uint32Array();
  return {
    format,
    isScanned: false,
    lines: async (rows) => rows.map((row) => lines[row - 1]!),
    read,
    async *readRows(rows) {
      let next = 0;
      for await (const records of read()) {
        const wanted: SourceRecord[] = [];
        for (const record of records) {
          if (record.row !== rows[next]) continue;
          wanted.push(record);
          next += 1;
        }
        if (wanted.length > 0) yield wanted;
        if (next === rows.length) return;
      }
    },
    async digests() {
      let digests = Buffer.alloc(1024 * digestLength);
      let rows = 0;
      lines = new Uint32Array(1024);
      for await (const records of read()) {
        while ((rows + records.length) * digestLength > digests.length) {
          digests = doubled(digests);
          const more = new Uint32Array(lines.length * 2);
          more.set(lines);
          lines = more;
        }
        for (const record of records) {
          digestRecord(record).copy(digests, rows * digestLength);
          lines[rows] = record.line;
          rows += 1;
        }
      }
      return { rows, digest: (row) => digests.subarray((row - 1) * digestLength, row * digestLength) };
    },
  };
}

const digestLength = 16;

function doubled(bytes: Buffer): Buffer<ArrayBuffer> {
  const larger = Buffer.alloc(bytes.length * 2);
  bytes.copy(larger);
  return larger;
}

/** Returns a digest of what a record says, independent of its format and of its place in the file; 16 bytes. */
export function digestRecord({ values, failure, notes }: SourceRecord): Buffer {
  // JSON keeps the values apart whatever is in them; null is absent
  const content = JSON.stringify([
    failure?.code ?? null,
    notes ?? null,
    ...userFields.map((field) => values[field] ?? null),
  ]);
  // asking for a string and copying it is twice as fast as asking for a buffer
  return Buffer.from(hash("sha256", content, "binary").slice(0, digestLength), "binary");
}
