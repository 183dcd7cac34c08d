import { open } from "node:fs/promises";
import type { Environment } from "../context.ts";
import { CommandError, usageError } from "../exit-status.ts";
import { fileReason } from "../file-errors.ts";
import { quoted, quotedPath } from "../text.ts";

/** Address of the service, and the API key. */
export interface Connection {
  /** Its path does not end in a slash, unless it is one. */
  readonly url: URL;
  /** Must never be printed. */
  readonly key: string;
}

/** Options of the command line. */
export interface ConnectionOptions {
  readonly url?: string | undefined;
  readonly "key-file"?: string | undefined;
}

/**
 * Reads address and key from the command line or the environment. A key file that others may read is refused.
 * @throws CommandError (usage)
 */
export async function readConnection(options: ConnectionOptions, environment: Environment): Promise<Connection> {
  const url = toUrl(options.url ?? environment.MUSTER_URL);
  const keyFile = options["key-file"];
  const key = (keyFile === undefined ? environment.MUSTER_KEY : await readKeyFile(keyFile))?.trim() ?? "";
  if (/^[\x21-\x7e]{1,500}$/.test(key)) return { url, key };
  if (key !== "") {
    const place = keyFile === undefined ? "MUSTER_KEY" : `The key file ${quotedPath(keyFile)}`;
    throw usageError(`${place} does not hold an API key. A key is one word, such as muster_n6mYcP2v…`);
  }
  throw usageError(
    keyFile === undefined
      ? "The API key is missing. Put it into the environment variable MUSTER_KEY, or into a file for --key-file."
      : `The key file ${quotedPath(keyFile)} is empty. Put the API key into it.`,
  );
}

/** The address as a person writes it, e.g. `https://muster.example.edu`, without a slash at the end. */
export const addressOf = (url: URL): string => url.href.replace(/\/$/, "");

function toUrl(text = ""): URL {
  const address = text.trim();
  if (address === "") {
    throw usageError("The address of the service is missing. Set MUSTER_URL, or add --url https://muster.example.edu");
  }
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    // A password may precede the @.
    const shown = quoted(address.replace(/^.*@/s, "…@"));
    throw usageError(`${shown} is not an address of a service. An address looks like https://muster.example.edu`);
  }
  if (url.username !== "" || url.password !== "") {
    throw usageError("The address contains a user name or password. Leave them out: the key belongs in MUSTER_KEY.");
  }
  const isPlain = url.search === "" && url.hash === "";
  const path = url.pathname.replace(/\/+$/, "");
  url.search = "";
  url.hash = "";
  url.pathname = path.replace(/\/v1(\/.*)?$/, "");
  if (isPlain && path.length <= url.pathname.length) return url;
  const what = isPlain ? "The address contains a path of the API" : "The address contains a query or a fragment";
  throw usageError(`${what}. Use ${addressOf(url)}`);
}

/** More of a key file is not read, in bytes. */
const largestKeyFile = 4096;

async function readKeyFile(path: string): Promise<string> {
  const unreadable = (error: unknown) =>
    usageError(`The key file ${quotedPath(path)} cannot be read: ${fileReason(error)}.`);
  const file = await open(path, "r").catch((error: unknown) => {
    throw unreadable(error);
  });
  try {
    const status = await file.stat();
    if (status.isDirectory()) {
      throw usageError(`${quotedPath(path)} is a directory. --key-file takes the file that holds the API key.`);
    }
    if (process.platform !== "win32" && (status.mode & 0o077) !== 0) {
      const mode = (status.mode & 0o777).toString(8).padStart(4, "0");
      throw usageError(
        `Others may use the key file ${quotedPath(path)} (mode ${mode}), so muster does not. Run: chmod 600 ${path}`,
      );
    }
    const { buffer, bytesRead } = await file.read(Buffer.alloc(largestKeyFile), 0, largestKeyFile, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } catch (error) {
    throw error instanceof CommandError ? error : unreadable(error);
  } finally {
    await file.close();
  }
}
