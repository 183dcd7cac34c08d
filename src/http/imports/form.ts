import { once } from "node:events";
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { Dicer } from "@fastify/busboy";
import { MusterError } from "../../errors.ts";
import { safeFileName } from "./file-name.ts";
import { transferDecoded } from "./transfer-encoding.ts";

/** The one file of a form. */
export interface FormFile {
  /** Its bytes. **Only the end of the iteration says that the form is whole.** */
  readonly body: AsyncIterable<Uint8Array>;
  /** Its Content-Type, with parameters; undefined if it has none. */
  readonly type: string | undefined;
  readonly fileName: string | null;
}

/** Receives the other fields of a form, before the file if they come first. */
export type OnField = (name: string, value: string) => void;

/** Most of what a form may hold beside its file. */
const formLimits = { parts: 22, fields: 20, fieldBytes: 64 * 1024, headerPairs: 50 };

/** Headers of a part, by name in lower case. */
type PartHeaders = Readonly<Record<string, readonly string[] | undefined>>;

interface FilePart {
  readonly stream: Readable;
  readonly headers: PartHeaders;
}

/**
 * Unwraps a form with one file (RFC 7578). It streams, with back-pressure.
 * @param contentType the header of the request
 * @throws MusterError multipart_invalid, body_incomplete, and whatever `onField` throws; so does the iteration
 */
export async function receiveForm(
  contentType: string,
  body: AsyncIterable<Uint8Array>,
  onField: OnField,
): Promise<FormFile> {
  const parser = createParser(contentType);
  const parts = takeParts(parser, onField);
  let isStopped = false;
  const parsed = feed(parser, body, () => isStopped).then(
    () => parts.end(),
    (error: unknown) => {
      parts.fail(error);
      throw error;
    },
  );
  parsed.catch(() => {});
  const { stream, headers } = await parts.file;
  const read = async function* () {
    try {
      yield* transferDecoded(partOf(stream), headers["content-transfer-encoding"]?.[0]);
      await parsed;
      const problem = parts.problem();
      if (problem !== undefined) throw problem;
    } finally {
      isStopped = true;
      parser.destroy();
    }
  };
  return {
    body: read(),
    type: headers["content-type"]?.[0],
    fileName: safeFileName(nameIn(headers, "filename") ?? ""),
  };
}

/** Sorts the parts of a form: the first file is given out, fields are told, and everything else is thrown away. */
function takeParts(parser: Dicer, onField: OnField) {
  const { promise: file, resolve, reject } = Promise.withResolvers<FilePart>();
  let first: Readable | undefined;
  let problem: MusterError | undefined;
  let partCount = 0;
  const fields: Promise<void>[] = [];
  const tooMany = () => {
    problem ??= formProblem("The form has too many parts. Send the file alone.");
  };
  const take = (stream: Readable, headers: PartHeaders) => {
    const isFile = nameIn(headers, "filename") !== undefined || isBytes(headers);
    if (partCount > formLimits.parts) tooMany();
    else if (!/^form-data\b/i.test(headers["content-disposition"]?.[0] ?? "")) stream.resume();
    else if (isFile && first === undefined) {
      first = stream;
      // The fields before the file are told first.
      resolve(Promise.all(fields).then(() => ({ stream, headers })));
      return;
    } else if (isFile) problem ??= formProblem("The form holds several files. Send them one by one.");
    else if (fields.length < formLimits.fields) {
      fields.push(collect(stream, (value) => onField(nameIn(headers, "name") ?? "", value), parser));
      return;
    } else tooMany();
    stream.resume();
  };
  parser.on("part", (stream: Readable) => {
    partCount += 1;
    // Without a listener an error would end the process; the reader of the file has it from the iteration.
    stream.on("error", () => {});
    stream.once("header", (headers: PartHeaders) => take(stream, headers));
  });
  return {
    file,
    /** Tells that there are no more parts. */
    end: () => reject(noFile()),
    fail(error: unknown) {
      first?.destroy(error as Error);
      reject(error);
    },
    problem: () => problem,
  };
}

/** Collects a field; the part beyond the limit is thrown away. */
async function collect(stream: Readable, tell: (value: string) => void, parser: Dicer): Promise<void> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (bytes < formLimits.fieldBytes) chunks.push(chunk.subarray(0, formLimits.fieldBytes - bytes));
      bytes += chunk.length;
    }
    tell(Buffer.concat(chunks).toString());
  } catch (error) {
    parser.destroy(error as Error);
  }
}

const isBytes = (headers: PartHeaders) => /^application\/octet-stream\b/i.test(headers["content-type"]?.[0] ?? "");

/** A parameter of a part's Content-Disposition. Headers of forms are UTF-8, and backslashes are not escapes in them. */
function nameIn(headers: PartHeaders, parameter: "name" | "filename"): string | undefined {
  const disposition = Buffer.from(headers["content-disposition"]?.[0] ?? "", "latin1").toString();
  const pattern = new RegExp(String.raw`;\s*${parameter}\s*=\s*(?:"([^"\r\n]*)"|([^;\s"]+))`, "i");
  const [, quoted, bare] = pattern.exec(disposition) ?? [];
  return quoted ?? bare;
}

/** The bytes of a part; what breaks off is told as everywhere. */
async function* partOf(stream: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw error instanceof MusterError ? error : brokenForm();
  }
}

const noFile = () =>
  formProblem(
    "The form holds no file. Send the file in a part that has a file name, as curl --form file=@roster.csv does.",
  );

const brokenForm = () =>
  new MusterError(
    "body_incomplete",
    "The form ends before its last part does, or is not well-formed: the upload broke off. Nothing was changed. Send the whole file again.",
  );

function createParser(contentType: string): Dicer {
  const [, quoted, bare] = /;\s*boundary\s*=\s*(?:"([^"]+)"|([^;\s"]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined || boundary.length > 200)
    throw formProblem("The Content-Type of the form has no boundary. Let the client set it.");
  return new Dicer({ boundary, maxHeaderPairs: formLimits.headerPairs });
}

/** Hands the body on, as fast as the file is read. */
async function feed(parser: Dicer, body: AsyncIterable<Uint8Array>, isStopped: () => boolean): Promise<void> {
  let failure: Error | undefined;
  parser.on("error", (error) => {
    failure = error as Error;
  });
  const done = finished(parser, { readable: false });
  done.catch(() => {});
  try {
    for await (const chunk of body) {
      if (isStopped() || failure) break;
      // Nothing is left to parse after the last boundary.
      if (!parser.writable) continue;
      if (!parser.write(chunk)) await Promise.race([once(parser, "drain"), done]);
    }
    if (!isStopped() && parser.writable) parser.end();
    await done;
  } catch (error) {
    if (error instanceof MusterError) throw error;
    if (isStopped()) return;
    throw brokenForm();
  }
}

const formProblem = (detail: string) => new MusterError("multipart_invalid", `${detail} Nothing was changed.`);
