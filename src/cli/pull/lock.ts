import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { CommandError, exitStatus } from "../exit-status.ts";
import { fileReason } from "../file-errors.ts";
import { quotedPath } from "../text.ts";

/**
 * Lets one process at a time change a copy. The lock of a killed process is taken over.
 * @returns releases the lock
 * @throws CommandError (copy unusable) when another process has it
 */
export async function takeLock(path: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      await writeFile(path, `${process.pid}\n`, { flag: "wx", mode: 0o600 });
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
        throw new CommandError(
          exitStatus.copyUnusable,
          `The lock ${quotedPath(path)} cannot be written: ${fileReason(error)}.`,
        );
      }
    }
    const holder = await readHolder(path);
    if (isRunning(holder)) throw held(path, holder);
    await removeStale(path, holder);
  }
}

/** Time for a process to write its number into a lock that it has just created, in milliseconds. */
const writingTime = 500;

/** @returns the number of the process; 0 when the lock stays empty, or is gone */
async function readHolder(path: string): Promise<number> {
  for (let waited = 0; ; waited += writingTime / 10) {
    const text = await readFile(path, "utf8").catch(() => "0\n");
    if (text.endsWith("\n") || waited >= writingTime) return Number(text);
    await pause(writingTime / 10);
  }
}

/** Two processes may find a stale lock at once: one of them could remove the new lock of the other. */
async function removeStale(path: string, holder: number): Promise<void> {
  const aside = `${path}.${process.pid}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const moved = await readHolder(aside);
  if (moved === holder || !isRunning(moved)) return rm(aside, { force: true });
  await rename(aside, path);
  throw held(path, moved);
}

const held = (path: string, holder: number) =>
  new CommandError(
    exitStatus.copyUnusable,
    `Process ${holder} is changing this copy. Wait until it ends. If it is not "muster pull", remove ${quotedPath(path)}`,
  );

function isRunning(pid: number): boolean {
  if (!(pid > 0) || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
