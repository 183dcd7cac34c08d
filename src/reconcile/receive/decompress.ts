import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { MusterError } from "../../errors.ts";

/** From so many bytes on, a file that is so many times as large as its packed form is not a roster. */
const largeFile = 4 * 1024 * 1024;
export const largestRatio = 300;

/**
 * Tells whether a file is meant to exhaust the service: rosters shrink to a fifth to a thirtieth.
 * @param packed its size when compressed, in bytes
 * @param unpacked its size, or the part of it that is known, in bytes
 */
export const isBomb = (packed: number, unpacked: number): boolean =>
  unpacked > largeFile && unpacked > packed * largestRatio;

/**
 * Decompresses gzip, as far as the consumer reads. Zeros after the end are padding, as for gzip(1).
 * @throws MusterError body_incomplete, compression_invalid, and whatever the body throws
 */
export async function* decompressed(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let sent = 0;
  /** Bytes up to the last one that is not zero. */
  let filled = 0;
  const counted = async function* () {
    for await (const chunk of body) {
      const last = chunk.findLastIndex((byte) => byte !== 0);
      if (last >= 0) filled = sent + last + 1;
      sent += chunk.length;
      yield chunk;
    }
  };
  const gunzip = createGunzip();
  try {
    let unpacked = 0;
    // Every failure reaches the consumer through the last stream.
    for await (const chunk of pipeline(
      Readable.from(counted(), { objectMode: true, highWaterMark: 1 }),
      gunzip,
      () => {},
    )) {
      unpacked += chunk.length;
      if (isBomb(sent, unpacked)) throw tooDense();
      yield chunk;
    }
  } catch (error) {
    throw decompressionProblem(error);
  }
  if (gunzip.bytesWritten < filled) {
    const detail =
      "After the end of the gzip data there is something else. Compress the file again. Nothing was changed.";
    throw new MusterError("compression_invalid", detail);
  }
}

const tooDense = () =>
  new MusterError(
    "compression_invalid",
    `The file is more than ${largestRatio} times as large as its gzip data. Send the file without compressing it. Nothing was changed.`,
  );

function decompressionProblem(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "Z_BUF_ERROR") {
    const detail =
      "The gzip data end too early: the upload was cut off. Nothing was changed. Send the whole file again.";
    return new MusterError("body_incomplete", detail);
  }
  if (code?.startsWith("Z_")) {
    const detail = "The body is not gzip, or was damaged on its way. Compress the file again. Nothing was changed.";
    return new MusterError("compression_invalid", detail);
  }
  return error;
}
