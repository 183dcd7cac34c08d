import { open } from "node:fs/promises";
import { CommandError, usageError } from "../exit-status.ts";

/** Where the service is, and what opens it. */
export interface Connection {
  /** Without a slash at the end. */
  readonly url: URL;
  /** The API key; nothing may print it. */
  readonly key: string;
}

/** What the command line says of the connection. */
export interface ConnectionOptions {
  readonly url?: string | undefined;
  readonly "key-file"?: string | undefined;
}

/**
 * Address and key, from the command line or the environment. A key file that others may read is refused.
 * @throws CommandError (usage)
 */
export async function readConnection(
  options: ConnectionOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Connection> {
  const url = toUrl(options.url ?? environment.MUSTER_URL);
  const keyFile = options["key-file"];
  const key = keyFile === undefined ? environment.MUSTER_KEY : await readKeyFile(keyFile);
  if (key === undefined || key.trim() === "") {
    throw usageError(
      "There is no key. Put it into the environment variable MUSTER_KEY, or into a file for --key-file.",
    );
  }
  return { url, key: requireKey(key, keyFile ?? "MUSTER_KEY") };
}

function toUrl(text: string | undefined): URL {
  if (text === undefined || text.trim() === "") {
    throw usageError("There is no address. Set MUSTER_URL, or say --url https://muster.example.edu");
  }
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "") {
    throw usageError("The address of the service is none such as https://muster.example.edu");
  }
  if (url.username !== "" || url.password !== "") {
    throw usageError("The address holds a user name or password. Leave it out: the key goes into MUSTER_KEY.");
  }
  url.pathname = url.pathname.replace(/\/+$/, "");
  return url;
}

/** No more of a key file is read. */
const largestKeyFile = 4096;

async function readKeyFile(path: string): Promise<string> {
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    throw usageError(`The key file ${path} cannot be read (${error.code}).`);
  });
  try {
    const { mode } = await file.stat();
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      const shown = (mode & 0o777).toString(8).padStart(4, "0");
      throw usageError(
        `Others may use the key file ${path} (mode ${shown}), so it is not used. Run: chmod 600 ${path}`,
      );
    }
    const { buffer, bytesRead } = await file.read(Buffer.alloc(largestKeyFile), 0, largestKeyFile, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw usageError(`The key file ${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  } finally {
    await file.close();
  }
}

function requireKey(text: string, place: string): string {
  const key = text.trim();
  if (/^[\x21-\x7e]{1,500}$/.test(key)) return key;
  throw usageError(`What stands in ${place} is no key: a key is one word, such as muster_n6mYcP2v…`);
}
