import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import { MusterError } from "../../errors.ts";
import { printable } from "../../intake/printable.ts";
import { decompressed, isBomb, largestRatio } from "./decompress.ts";
import { type SpooledBody, type SpoolOptions, spoolBody } from "./spool.ts";

/**
 * Unpacks a body that is a ZIP archive with one file, or compressed with gzip, whatever its content type says. Any other
 * body is returned as it is. The packed body is deleted, also when it is refused.
 * @param options where to put the unpacked file, and its largest size
 * @throws MusterError compression_invalid, body_too_large, body_incomplete; media_type_unsupported for a workbook
 */
export async function unpackBody(body: SpooledBody, options: SpoolOptions): Promise<SpooledBody> {
  const packing = await packingOf(body);
  if (packing === undefined) return body;
  try {
    const unpacked = await spoolBody(packing === "gzip" ? decompressed(body.open()) : fileOfZip(body.path), options);
    await refusePackedTwice(unpacked, packing);
    return unpacked;
  } finally {
    await body.discard();
  }
}

async function refusePackedTwice(unpacked: SpooledBody, outer: Packing): Promise<void> {
  const inner = await packingOf(unpacked);
  if (inner === undefined) return;
  await unpacked.discard();
  throw problem(
    `The file is packed twice: ${shownPacking[inner]} in ${shownPacking[outer]}.`,
    "Pack it once and send that.",
  );
}

const shownPacking = { gzip: "gzip", zip: "a ZIP archive" } as const;
type Packing = keyof typeof shownPacking;

/** The way in which a body is packed; undefined: it is not packed. */
export async function packingOf(body: SpooledBody): Promise<Packing | undefined> {
  const [first, second, third, fourth] = await firstBytes(body.path);
  if (first === 0x1f && second === 0x8b) return "gzip";
  return first === 0x50 && second === 0x4b && third === 0x03 && fourth === 0x04 ? "zip" : undefined;
}

async function firstBytes(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The bytes of the one file in an archive. */
async function* fileOfZip(path: string): AsyncGenerator<Uint8Array> {
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(path, { autoClose: false, lazyEntries: true });
    const entry = await onlyFile(zip);
    yield* checked(entry, await zip.openReadStreamPromise(entry));
  } catch (error) {
    if (error instanceof MusterError) throw error;
    const reason = error instanceof Error ? printable(error.message, 100) : "unknown reason";
    throw problem(`The ZIP archive is damaged or was cut off (${reason}).`, "Pack the file again and send it whole.");
  } finally {
    zip?.close();
  }
}

/** Entries of an archive that are looked at, and files that a message names. */
const mostEntries = 1_000;
const mostNames = 4;
/** Files that macOS and Windows add to archives. */
const addition = /\/$|^__MACOSX\/|(?:^|\/)(?:\._[^/]*|\.DS_Store|Thumbs\.db|desktop\.ini)$/i;
/** Files of office documents, which are ZIP archives. */
const ofDocument = /^(?:\[Content_Types\]\.xml|_rels\/\.rels|xl\/|word\/|mimetype$|content\.xml$)/;

async function onlyFile(zip: ZipFile): Promise<Entry> {
  const files: Entry[] = [];
  if (zip.entryCount > mostEntries) throw several(`${zip.entryCount.toLocaleString("en-US")} files`);
  for await (const entry of zip.eachEntry()) {
    if (ofDocument.test(entry.fileName)) {
      const detail = "The file is an Excel workbook (.xlsx) or another office document. Save it as CSV UTF-8";
      throw new MusterError("media_type_unsupported", `${detail} and send that. Nothing was changed.`);
    }
    if (!addition.test(entry.fileName)) files.push(entry);
    if (files.length > mostNames) break;
  }
  const [entry] = files;
  if (entry === undefined) throw problem("The ZIP archive has no file.", "Check the step that packs it.");
  if (files.length > 1) {
    const names = files.slice(0, mostNames).map(({ fileName }) => `"${printable(fileName)}"`);
    throw several(`several files: ${names.join(", ")}${files.length > mostNames ? " …" : ""}`);
  }
  refuseUnreadable(entry);
  return entry;
}

function refuseUnreadable(entry: Entry): void {
  const { compressedSize, uncompressedSize } = entry;
  if (entry.isEncrypted()) {
    throw problem("The ZIP archive is encrypted.", "Send it without a password: the connection is encrypted already.");
  }
  if (!entry.canDecodeFileData()) {
    throw problem("The ZIP archive uses a compression other than deflate.", "Pack it as an ordinary ZIP, or use gzip.");
  }
  if (isBomb(compressedSize, uncompressedSize)) {
    throw problem(
      `The file in the ZIP archive is more than ${largestRatio} times as large as the archive.`,
      "Send the file without packing it.",
    );
  }
}

async function* checked(entry: Entry, bytes: Readable): AsyncGenerator<Uint8Array> {
  let sum = 0;
  for await (const chunk of bytes as AsyncIterable<Uint8Array>) {
    sum = crc32(chunk, sum);
    yield chunk;
  }
  if (sum !== entry.crc32) throw problem("The ZIP archive is damaged.", "Pack the file again and send it whole.");
}

const several = (what: string) =>
  problem(`The ZIP archive has ${what}.`, "Put one file into each archive and send them one by one.");

const problem = (what: string, advice: string) =>
  new MusterError("compression_invalid", `${what} ${advice} Nothing was changed.`);
