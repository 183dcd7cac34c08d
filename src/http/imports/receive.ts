import { once } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import { pipeline, Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { Busboy, type BusboyFileStream, type BusboyInstance } from "@fastify/busboy";
import { MusterError } from "../../errors.ts";
import type { FileFormat } from "../../intake/reading.ts";
import { mediaTypeOf } from "../contract/negotiation.ts";
import { fileNameOf, safeFileName } from "./file-name.ts";

/** A file as it comes in, unwrapped and decompressed. */
export interface ReceivedFile {
  /** Its bytes. **Only the end of the iteration says that the file is whole.** */
  readonly body: AsyncIterable<Uint8Array>;
  /** The format that the sender declares; undefined: the content decides. */
  readonly format: FileFormat | undefined;
  /** The label of its encoding, as sent. */
  readonly charset: string | undefined;
  readonly fileName: string | null;
  /** The length announced for just these bytes; absent when they were compressed, wrapped, or sent in chunks. */
  readonly announcedBytes?: number;
}

/** Told of the other fields of a form, before the file when they stand there. */
export type OnField = (name: string, value: string) => void;

const formats: Readonly<Record<string, FileFormat | undefined>> = {
  "application/xml": "xml",
  "text/xml": "xml",
  "text/csv": "csv",
  "application/csv": "csv",
  "text/tab-separated-values": "csv",
  "application/json": "json",
  "text/json": "json",
  "text/plain": undefined,
  "application/octet-stream": undefined,
};
const form = "multipart/form-data";

/** The content types that a file can have. */
export const fileTypes: readonly string[] = [...Object.keys(formats), form];

/** Names that programs also send, which the contract does not list. The content tells what "" and others are. */
const otherFormats: Readonly<Record<string, FileFormat | undefined>> = {
  "": undefined,
  "application/vnd.ms-excel": undefined,
  "text/x-csv": "csv",
  "application/x-csv": "csv",
  "text/comma-separated-values": "csv",
  "application/x-ndjson": "json",
  "application/ndjson": "json",
  "application/jsonl": "json",
};

/** Most of what a form may hold beside its file. */
const formLimits = { files: 2, fields: 20, fieldSize: 64 * 1024, fieldNameSize: 100, parts: 22, headerPairs: 50 };

/**
 * Unwraps the body of a request: forms with one file (RFC 7578), `Content-Encoding: gzip`. It streams, with
 * back-pressure; of a body that its consumer leaves early, the connection is left alone, for the answer.
 *
 * @throws MusterError media_type_unsupported, multipart_invalid, body_incomplete and compression_invalid; so does the
 *   iteration of the file
 */
export async function receiveFile(
  headers: IncomingHttpHeaders,
  body: AsyncIterable<Uint8Array>,
  onField: OnField = () => {},
): Promise<ReceivedFile> {
  const type = mediaTypeOf(headers["content-type"]);
  if (!fileTypes.includes(type) && !Object.hasOwn(otherFormats, type)) throw unsupportedType(type);
  const encoding = (headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (!["identity", "gzip", "x-gzip"].includes(encoding)) {
    const detail = "Content-Encoding may be gzip. Compress the body so, or send it as it is.";
    throw new MusterError("media_type_unsupported", detail, { field: "Content-Encoding" });
  }
  const isPlain = encoding === "identity";
  const bytes = isPlain ? body : decompressed(body);
  if (type === form) return receiveForm(headers, bytes, onField);
  const length = headers["content-length"];
  return {
    body: bytes,
    format: formats[type] ?? otherFormats[type],
    charset: charsetOf(headers["content-type"]),
    fileName: fileNameOf(headers["content-disposition"]),
    ...(isPlain && length !== undefined ? { announcedBytes: Number(length) } : {}),
  };
}

function unsupportedType(type: string): MusterError {
  const taken = "application/xml, text/csv, application/json, text/plain or multipart/form-data";
  if (type === "application/x-www-form-urlencoded") {
    const detail = `The body came as ${type}, as curl --data sends it. Use --data-binary, which leaves line ends alone, and say what the file is: Content-Type: ${taken}.`;
    return new MusterError("media_type_unsupported", detail, { field: "Content-Type" });
  }
  return new MusterError("media_type_unsupported", `Content-Type must be ${taken}.`, { field: "Content-Type" });
}

const charsetOf = (contentType: string | undefined): string | undefined => {
  const [, quoted, bare] = /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;"]+))/i.exec(contentType ?? "") ?? [];
  return quoted ?? bare;
};

/** Decompresses as far as the consumer reads. */
async function* decompressed(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let sent = 0;
  /** Bytes up to the last one that is not zero: tapes and gzip(1) itself allow zeros after the end. */
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

/** The one file of a form. */
interface FilePart {
  readonly stream: BusboyFileStream;
  readonly fileName: string | undefined;
  readonly type: string;
}

async function receiveForm(
  headers: IncomingHttpHeaders,
  body: AsyncIterable<Uint8Array>,
  onField: OnField,
): Promise<ReceivedFile> {
  const parser = createFormParser(headers["content-type"]!);
  const { promise: part, resolve, reject } = Promise.withResolvers<FilePart>();
  let problem: MusterError | undefined;
  let first: BusboyFileStream | undefined;
  parser.on("file", (_name, stream, fileName, _encoding, type) => {
    // Without a listener an error would end the process; the reader has it from the iteration.
    stream.on("error", () => {});
    if (first === undefined) {
      first = stream;
      resolve({ stream, fileName, type });
    } else {
      problem ??= formProblem("The form holds several files. Send them one by one.");
      stream.resume();
    }
  });
  parser.on("field", (name, value) => {
    try {
      onField(name, value);
    } catch (error) {
      parser.destroy(error as Error);
    }
  });
  for (const event of ["partsLimit", "filesLimit", "fieldsLimit"] as const) {
    parser.on(event, () => {
      problem ??= formProblem("The form has too many parts. Send the file alone.");
    });
  }
  let isStopped = false;
  const parsed = feed(parser, body, () => isStopped).then(
    () =>
      reject(
        formProblem(
          "The form holds no file. Send the file in a part that has a file name: curl --form file=@roster.csv",
        ),
      ),
    (error: unknown) => {
      first?.destroy(error as Error);
      reject(error);
      throw error;
    },
  );
  parsed.catch(() => {});
  const { stream, fileName, type } = await part;
  const read = async function* () {
    try {
      yield* partOf(stream);
      await parsed;
      if (problem !== undefined) throw problem;
    } finally {
      isStopped = true;
      parser.destroy();
    }
  };
  return {
    body: read(),
    format: formats[mediaTypeOf(type)] ?? otherFormats[mediaTypeOf(type)],
    // The parser of forms keeps it to itself.
    charset: undefined,
    fileName: fileName === undefined ? fileNameOf(headers["content-disposition"]) : safeFileName(fileName),
  };
}

/** The bytes of a part; what breaks off is told as everywhere. */
async function* partOf(stream: BusboyFileStream): AsyncGenerator<Uint8Array> {
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw error instanceof MusterError ? error : brokenForm();
  }
}

const brokenForm = () =>
  new MusterError(
    "body_incomplete",
    "The form ends before its last part does, or is not well-formed: the upload broke off. Nothing was changed. Send the whole file again.",
  );

function createFormParser(contentType: string): BusboyInstance {
  try {
    return new Busboy({ headers: { "content-type": contentType }, limits: formLimits });
  } catch {
    throw formProblem("The Content-Type of the form has no boundary. Let the client set it.");
  }
}

/** Hands the body on, as fast as the file is read. */
async function feed(parser: BusboyInstance, body: AsyncIterable<Uint8Array>, isStopped: () => boolean): Promise<void> {
  let failure: Error | undefined;
  parser.on("error", (error) => {
    failure = error as Error;
  });
  const done = finished(parser, { readable: false });
  done.catch(() => {});
  try {
    for await (const chunk of body) {
      if (isStopped() || failure) break;
      if (!parser.write(chunk)) await Promise.race([once(parser, "drain"), done]);
    }
    if (!isStopped()) parser.end();
    await done;
  } catch (error) {
    if (error instanceof MusterError) throw error;
    if (isStopped()) return;
    throw brokenForm();
  }
}

const formProblem = (detail: string) => new MusterError("multipart_invalid", `${detail} Nothing was changed.`);
