import { createWriteStream } from "node:fs";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, extname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { usageError } from "../exit-status.ts";

/** A file to send, as often as it takes. */
export interface SourceFile {
  /** null: standard input, which has none. */
  readonly name: string | null;
  readonly bytes: number;
  readonly contentType: string;
  readonly isGzip: boolean;
  /** Its bytes from the start. @throws CommandError when the file is not what it was when it was opened */
  read(): AsyncIterable<Uint8Array>;
  /** Closes it, and removes what was kept of standard input. */
  close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  ".xml": "application/xml",
  ".csv": "text/csv",
  ".tsv": "text/csv",
  ".tab": "text/csv",
  ".json": "application/json",
};

const chunkBytes = 256 * 1024;

/**
 * Opens the file to send. Standard input (`-`) is kept in a temporary file, which nobody else can read: what can be read
 * once only could not be sent twice.
 * @throws CommandError (usage) when it cannot be read
 */
export async function openSourceFile(path: string, input: Readable, signal: AbortSignal): Promise<SourceFile> {
  if (path !== "-") return sourceFile(await openFile(path), basename(path), async () => {});
  const folder = await mkdtemp(join(tmpdir(), "muster-push-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const kept = join(folder, "input");
    await pipeline(input, createWriteStream(kept, { mode: 0o600 }), { signal });
    return await sourceFile(await openFile(kept), null, remove);
  } catch (error) {
    await remove();
    throw error;
  }
}

async function openFile(path: string): Promise<FileHandle> {
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === "ENOENT" ? "is not there" : `cannot be read (${error.code})`;
    throw usageError(`The file ${path} ${reason}.`);
  });
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw usageError(`${path} is no file. Pipe it into "muster push -" if it is something else that can be read.`);
}

async function sourceFile(file: FileHandle, name: string | null, remove: () => Promise<void>): Promise<SourceFile> {
  const { size, mtimeMs } = await file.stat();
  const isGzip = name !== null && extname(name).toLowerCase() === ".gz";
  const plainName = isGzip ? name.slice(0, -".gz".length) : name;
  return {
    name: plainName,
    bytes: size,
    contentType: types[extname(plainName ?? "").toLowerCase()] ?? "text/plain",
    isGzip,
    read: () => readFile(file, { size, mtimeMs }),
    close: async () => {
      await file.close();
      await remove();
    },
  };
}

/** A file that is written while it is sent would arrive as a mixture of two. */
async function* readFile(
  file: FileHandle,
  opened: { readonly size: number; readonly mtimeMs: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let position = 0; position < opened.size; ) {
    const wanted = Math.min(chunkBytes, opened.size - position);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, position);
    const { size, mtimeMs } = await file.stat();
    if (bytesRead === 0 || size !== opened.size || mtimeMs !== opened.mtimeMs) {
      throw usageError(
        "The file was changed while it was being sent. Nothing was applied. Send it once it is complete.",
      );
    }
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
