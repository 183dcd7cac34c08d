import { chmod, mkdir, readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** The folder for files that the server's account could not reach at their own path; only root uses it. */
export const systemDirectory = "/var/lib/muster";

/** Makes sure of {@link systemDirectory}, readable by all. */
export async function makeSystemDirectory(): Promise<void> {
  // The mode is set apart, since mkdir's is subject to the umask.
  if ((await mkdir(systemDirectory, { recursive: true })) !== undefined) await chmod(systemDirectory, 0o755);
}

/**
 * The name under which this process builds what is to be renamed to `path` once it is complete. What earlier
 * processes left unfinished under such names is removed.
 */
export async function constructionSite(path: string): Promise<string> {
  const prefix = `${basename(path)}.new-`;
  for (const name of await readdir(dirname(path))) {
    const builder = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : Number.NaN;
    if (Number.isInteger(builder) && (builder === process.pid || !isAlive(builder))) {
      await rm(join(dirname(path), name), { recursive: true, force: true, maxRetries: 5 });
    }
  }
  return join(dirname(path), `${prefix}${process.pid}`);
}

/** True for the error of a file that is not there. */
export function isMissing(error: unknown): boolean {
  return hasCode(error, "ENOENT");
}

/** True for an error of the operating system with one of the codes. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

/** True when there is a directory with something in it. */
export async function isOccupied(directory: string): Promise<boolean> {
  try {
    return (await readdir(directory)).length > 0;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Returns true while a process of that id exists, under any account. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, "EPERM");
  }
}
