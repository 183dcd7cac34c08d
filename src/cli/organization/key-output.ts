import { type FileHandle, open, rm } from "node:fs/promises";
import type { Terminal } from "../context.ts";
import { usageError } from "../exit-status.ts";
import { fileReason } from "../file-errors.ts";
import { quotedPath } from "../text.ts";

/** Takes a key that the service shows once. */
export interface KeyOutput {
  /** The file that takes it; undefined: standard output does. */
  readonly path: string | undefined;
  write(key: string): Promise<void>;
  /** Leaves nothing behind when there is no key. */
  discard(): Promise<void>;
}

/**
 * Opens the place for a key before the service is asked for it: a key that cannot be stored would be lost.
 * @param options `key-output`: a file to create, for its owner alone (mode 600); `show-key`: the standard output
 * @throws CommandError (usage) when neither or both are asked for, or the file exists or cannot be created
 */
export async function openKeyOutput(
  options: { readonly "key-output"?: string | undefined; readonly "show-key"?: boolean | undefined },
  output: Terminal,
): Promise<KeyOutput> {
  const path = options["key-output"];
  const isShown = options["show-key"] === true;
  if ((path === undefined) !== isShown) {
    throw usageError(
      "The service shows a key once. Choose where it goes: --key-output FILE, or --show-key for standard output.",
    );
  }
  if (path === undefined) {
    const write = async (key: string) => void output.write(`${key}\n`);
    return { path, write, discard: async () => {} };
  }
  const file = await createFile(path);
  return {
    path,
    write: async (key) => {
      await file.writeFile(`${key}\n`);
      await file.sync();
      await file.close();
    },
    discard: async () => {
      await file.close().catch(() => {});
      await rm(path, { force: true });
    },
  };
}

async function createFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, "wx", 0o600);
  } catch (error) {
    throw usageError(
      (error as NodeJS.ErrnoException).code === "EEXIST"
        ? `The file ${quotedPath(path)} exists. A key does not replace it; name another file.`
        : `The file ${quotedPath(path)} cannot be created: ${fileReason(error)}.`,
    );
  }
}
