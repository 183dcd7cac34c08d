import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { isAlive, isMissing } from "./files.ts";

/** The facts of `postmaster.pid` about a running server, as far as PostgreSQL has written it. */
export interface Postmaster {
  readonly pid: number;
  /** The folder of the server's socket; empty until it listens. */
  readonly socketDirectory: string;
}

/**
 * Finds the server that runs on a cluster's directory, even if another process started it; undefined when none runs. The file outlives a
 * server that was killed, and its process id may be somebody else's by now: then the file is made harmless.
 */
export async function findPostmaster(directory: string): Promise<Postmaster | undefined> {
  const path = join(directory, "postmaster.pid");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const [pid = "", , , , socketDirectory = ""] = text.split("\n");
  if (!/^\d+$/.test(pid)) return undefined;
  if (await isPostmaster(Number(pid), directory)) return { pid: Number(pid), socketDirectory };
  if (isAlive(Number(pid))) {
    // PostgreSQL would take the stranger for a server and refuse to start. It disregards the id of its own parent, yet
    // goes on to look, by the rest of the file, for processes that still use the shared memory; so the file stays.
    await writeFile(path, text.replace(/^\d+/, String(process.pid)));
  }
  return undefined;
}

/** True when the process is a PostgreSQL server on that directory. */
async function isPostmaster(pid: number, directory: string): Promise<boolean> {
  const [program = "", ...parameters] = await commandLine(pid);
  return basename(program) === "postgres" && parameters.includes(directory);
}

async function commandLine(pid: number): Promise<string[]> {
  if (process.platform === "linux") {
    try {
      return (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0");
    } catch {
      return [];
    }
  }
  const printed = spawnSync("ps", ["-ww", "-o", "args=", "-p", String(pid)], { encoding: "utf8" }).stdout ?? "";
  const [, program = "", directory = ""] = /^(.*?) -D (.*?) -c /.exec(printed) ?? [];
  return [program, directory];
}
