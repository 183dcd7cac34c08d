import { hash } from "node:crypto";
import { userFields } from "../person/fields.ts";
import { inTurns } from "./in-turns.ts";
import { readRecords } from "./read-records.ts";
import type { FileFormat, ReadOptions } from "./reading.ts";
import type { SourceRecord } from "./records.ts";
import { refuseTooManyRows } from "./row-limit.ts";
import { type DigestedRecord, readPlainDocument, readScannedRecords } from "./xml-plain.ts";
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
  /** True if the digests are of bytes, known without parsing. */
  readonly isScanned: boolean;
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
 * Reads a file of users once, with a digest of each record as `openUserFile` tells it; nothing about the file is known beforehand.
 * Of XML that turns out not to be of the plain shape the digests of some records are of bytes, and others of what they say.
 * @param open reads the bytes from the start, each time
 * @throws MusterError when the file is refused, and, which is no verdict on it, when a record is not well-formed by itself
 */
export async function* readDigestedRecords(
  open: () => AsyncIterable<Uint8Array>,
  format: FileFormat,
  options: ReadOptions,
): AsyncGenerator<DigestedRecord[]> {
  const given = format === "xml" && isUtf8(options) ? yield* readPlainDocument(inTurns(open()), options) : 0;
  if (given === "all") return;
  for await (const records of readRecords(format, open(), options)) {
    const others = records.filter(({ row }) => row > given);
    if (others.length > 0) yield others.map((record) => ({ record, digest: digestRecord(record) }));
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
  };
}

function parsedFile(open: () => AsyncIterable<Uint8Array>, format: FileFormat, options: ReadOptions): UserFile {
  const read = () => readRecords(format, open(), options);
  return {
    format,
    isScanned: false,
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
      for await (const records of read()) {
        while ((rows + records.length) * digestLength > digests.length) digests = doubled(digests);
        for (const record of records) {
          digestRecord(record).copy(digests, rows * digestLength);
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

/** Returns a digest of a record's content, independent of its place in the file; 16 bytes. */
export function digestRecord({ values, failure }: SourceRecord): Buffer {
  // JSON keeps the values apart whatever is in them; null is absent
  const content = JSON.stringify([failure?.code ?? null, ...userFields.map((field) => values[field] ?? null)]);
  // asking for a string and copying it is twice as fast as asking for a buffer
  return Buffer.from(hash("sha256", content, "binary").slice(0, digestLength), "binary");
}
