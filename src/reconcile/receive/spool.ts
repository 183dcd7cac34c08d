import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { MusterError } from "../../errors.ts";

/** A body that was received whole. */
export interface SpooledBody {
  readonly bytes: number;
  /** SHA-256, hexadecimal. */
  readonly sha256: string;
  /** The file that holds it. */
  readonly path: string;
  /** Reads it from the start. */
  open(): AsyncIterable<Uint8Array>;
  /** Deletes it. */
  discard(): Promise<void>;
}

/** The place of a spooled body, and its largest size. */
export interface SpoolOptions {
  readonly directory: string;
  /** Name of the file in the directory. */
  readonly name: string;
  /** Bytes. */
  readonly maximumBytes: number;
  /** Bytes that the sender announced. */
  readonly announcedBytes?: number;
  /** Ends the message about a body that is too large. */
  readonly advice?: string;
}

/** Bytes as people read them. */
export const bytesText = (bytes: number): string => `${bytes.toLocaleString("en")} bytes`;

/**
 * Receives a body to a file, so that a slow upload holds neither a connection nor memory. Nothing of a body that
 * breaks off stays behind.
 * @throws MusterError body_too_large beyond `maximumBytes`; body_incomplete when the sender goes away or sends less
 *   than was announced; body_missing when there is nothing
 */
export async function spoolBody(body: AsyncIterable<Uint8Array>, options: SpoolOptions): Promise<SpooledBody> {
  const path = join(options.directory, options.name);
  const hash = createHash("sha256");
  let bytes = 0;
  const tooLarge = () =>
    new MusterError(
      "body_too_large",
      `The body is larger than ${bytesText(options.maximumBytes)}. Nothing was changed. ${options.advice ?? "Send less, or raise IMPORT_MAX_BYTES."}`,
    );
  const count = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      bytes += chunk.byteLength;
      hash.update(chunk);
      done(bytes > options.maximumBytes ? tooLarge() : null, chunk);
    },
  });
  const discard = () => rm(path, { force: true });
  try {
    if ((options.announcedBytes ?? 0) > options.maximumBytes) throw tooLarge();
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    await pipeline(body, count, createWriteStream(path, { mode: 0o600, flags: "wx" }));
    if (options.announcedBytes !== undefined && bytes !== options.announcedBytes) throw brokenOff(bytes);
    if (bytes === 0) {
      throw new MusterError(
        "body_missing",
        "The file is empty: it has no bytes. Check the export, and send the file as the body of the request. Nothing was changed.",
      );
    }
  } catch (error) {
    await discard();
    if (error instanceof MusterError) throw error;
    if (isAbort(error)) throw brokenOff(bytes);
    throw error;
  }
  return {
    bytes,
    sha256: hash.digest("hex"),
    path,
    open: () => createReadStream(path, { highWaterMark: 256 * 1024 }),
    discard,
  };
}

const brokenOff = (bytes: number) =>
  new MusterError(
    "body_incomplete",
    `The upload broke off after ${bytesText(bytes)}. Nothing was changed. Send the whole file again.`,
  );

const isAbort = (error: unknown) =>
  ["ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE", "ABORT_ERR", "EPIPE"].includes(
    (error as NodeJS.ErrnoException).code ?? "",
  );
