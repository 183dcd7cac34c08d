import { readFile, rm, writeFile } from "node:fs/promises";
import { CommandError, exitStatus } from "../exit-status.ts";

/**
 * Makes sure that one process at a time changes a copy. A lock that a killed process left is taken over.
 * @returns gives the lock back
 * @throws CommandError (copy unusable) when another process has it
 */
export async function takeLock(path: string): Promise<() => Promise<void>> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await writeFile(path, `${process.pid}\n`, { flag: "wx" });
      return () => rm(path, { force: true });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EEXIST") throw new CommandError(exitStatus.copyUnusable, `${path} cannot be written (${code}).`);
    }
    const holder = Number(await readFile(path, "utf8").catch(() => ""));
    if (attempt > 1 || (holder > 0 && holder !== process.pid && isRunning(holder))) {
      throw new CommandError(
        exitStatus.copyUnusable,
        `Process ${holder} is changing this copy. If that is no "muster pull", remove ${path}`,
      );
    }
    await rm(path, { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
