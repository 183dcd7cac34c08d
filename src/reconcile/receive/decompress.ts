import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { MusterError } from "../../errors.ts";

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
    // Every failure reaches the consumer through the last stream.
    yield* pipeline(Readable.from(counted(), { objectMode: true, highWaterMark: 1 }), gunzip, () => {});
  } catch (error) {
    throw decompressionProblem(error);
  }
  if (gunzip.bytesWritten < filled) {
    const detail =
      "After the end of the gzip data there is something else. Compress the file again. Nothing was changed.";
    throw new MusterError("compression_invalid", detail);
  }
}

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
