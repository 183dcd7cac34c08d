import { createWriteStream } from "node:fs";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, extname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { usageError } from "../exit-status.ts";
import { fileReason } from "../file-errors.ts";
import { quotedPath } from "../text.ts";

/** A file that can be sent several times. */
export interface SourceFile {
  /** null for standard input. */
  readonly name: string | null;
  readonly bytes: number;
  readonly contentType: string;
  readonly isGzip: boolean;
  /** Reads it from the start. @throws CommandError when it has changed since it was opened */
  read(): AsyncIterable<Uint8Array>;
  /** Closes it, and removes the temporary file of standard input. */
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
 * Opens the file to send. Standard input (`-`) goes to a temporary file first, which only its owner may read: a stream
 * can be read once, and a retry needs it again.
 * @throws CommandError (usage) when it cannot be read
 */
export async function openSourceFile(path: string, input: Readable, signal: AbortSignal): Promise<SourceFile> {
  if (path !== "-") return sourceFile(await openFile(path), basename(path), async () => {});
  const folder = await mkdtemp(join(tmpdir(), "muster-push-")).catch((error: unknown) => {
    throw unstorable(tmpdir(), error);
  });
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const kept = join(folder, "input");
    await pipeline(input, createWriteStream(kept, { mode: 0o600 }), { signal });
    return await sourceFile(await openFile(kept), null, remove);
  } catch (error) {
    await remove();
    throw (error as NodeJS.ErrnoException).syscall === undefined ? error : unstorable(folder, error);
  }
}

const unstorable = (folder: string, error: unknown) =>
  usageError(
    `Standard input cannot be kept in ${quotedPath(folder)}: ${fileReason(error)}. Set TMPDIR to a folder with room for it.`,
  );

async function openFile(path: string): Promise<FileHandle> {
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    throw usageError(
      error.code === "ENOENT"
        ? `The file ${quotedPath(path)} does not exist.`
        : `The file ${quotedPath(path)} cannot be read: ${fileReason(error)}.`,
    );
  });
  const status = await file.stat();
  if (status.isFile()) return file;
  await file.close();
  throw usageError(
    status.isDirectory()
      ? `${quotedPath(path)} is a directory. Push one file of it at a time.`
      : `${quotedPath(path)} is not a regular file. Use standard input: muster push - < ${path}`,
  );
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
        "The file was changed while it was being sent. Nothing was applied. Push it again once it is complete.",
      );
    }
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
