import { type FileHandle, open, rm } from "node:fs/promises";
import type { Terminal } from "../context.ts";
import { usageError } from "../exit-status.ts";

/** Where a key goes that the service shows once. */
export interface KeyOutput {
  /** Takes the key; what it says of it for the report, e.g. `is in campus.key`. */
  write(key: string): Promise<string>;
  /** Leaves nothing behind when there is no key. */
  discard(): Promise<void>;
}

/**
 * Opens the place for a key before the service is asked for it: a key that cannot be put down would be lost.
 * @param options `key-output`: a file to make, for its owner alone (mode 600); `show-key`: the standard output
 * @throws CommandError (usage) when neither or both are asked for, or the file exists or cannot be made
 */
export async function openKeyOutput(
  options: { readonly "key-output"?: string | undefined; readonly "show-key"?: boolean | undefined },
  output: Terminal,
): Promise<KeyOutput> {
  const path = options["key-output"];
  const isShown = options["show-key"] === true;
  if ((path === undefined) !== isShown) {
    throw usageError(
      "Say where the key is to go, for it is shown once: --key-output FILE, or --show-key for standard output.",
    );
  }
  if (path === undefined) {
    return {
      write: async (key) => {
        output.write(`${key}\n`);
        return "stands above";
      },
      discard: async () => {},
    };
  }
  const file = await makeFile(path);
  return {
    write: async (key) => {
      await file.writeFile(`${key}\n`);
      await file.sync();
      await file.close();
      return `is in ${path}`;
    },
    discard: async () => {
      await file.close().catch(() => {});
      await rm(path, { force: true });
    },
  };
}

async function makeFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, "wx", 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw usageError(
      code === "EEXIST"
        ? `There is a file ${path} already, and a key does not replace it. Name another one.`
        : `The file ${path} for the key cannot be made (${code}).`,
    );
  }
}
