import { spawn } from "node:child_process";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { canEnter, runsAsRoot, spawnOptions } from "./account.ts";
import type { Cluster } from "./cluster.ts";
import type { Log } from "./log.ts";
import { serverParameters, socketPort } from "./settings.ts";

/** A server that this process has started. */
export interface Server {
  readonly pid: number;
  readonly socketDirectory: string;
  /** Settles when the process has ended, with its exit status; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  hasEnded(): boolean;
  /** The last lines of the server's log, for a person. */
  lastWords(): string;
  /** Rolls back what is open, stops the server and waits until it has ended. */
  stop(): Promise<void>;
}

/** Longest socket path that every platform takes (Linux 107, macOS 103 bytes), with room to spare. */
const longestSocketPath = 99;
const keptLines = 10;
/** After this long a shutdown is cut short; the next start then recovers, which loses nothing. */
const stopDeadline = 60_000;

/** Starts PostgreSQL on a cluster; it is not ready yet. */
export async function startServer(cluster: Cluster, durable: boolean, log: Log): Promise<Server> {
  const { directory, removable } = await findSocketDirectory(cluster);
  const child = spawn(
    cluster.binaries.postgres,
    ["-D", cluster.directory, ...serverParameters(directory, durable)],
    // Detached: Ctrl-C in a terminal is for Muster, which stops its database last.
    { ...spawnOptions(cluster.account), detached: true, stdio: ["ignore", "ignore", "pipe"] },
  );
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    lines.push(line);
    if (lines.length > keptLines) lines.shift();
    log.debug(`postgresql: ${line}`);
  });
  let hasEnded = false;
  // "close" rather than "exit": the last words have been read by then.
  const closed = new Promise<number | null>((resolve) => {
    child.once("close", (status) => resolve(status));
    child.once("error", (error) => {
      lines.push(error.message);
      resolve(null);
    });
  });
  const ended = closed.then(async (status) => {
    hasEnded = true;
    if (removable) await rm(directory, { recursive: true, force: true });
    return status;
  });
  return {
    pid: child.pid ?? 0,
    socketDirectory: directory,
    ended,
    hasEnded: () => hasEnded,
    lastWords: () => lines.join(" / ") || "it said nothing",
    async stop() {
      child.kill("SIGINT");
      const timer = setTimeout(() => {
        log.warn("PostgreSQL takes long to stop; it is stopped at once, and will recover at the next start.");
        child.kill("SIGQUIT");
      }, stopDeadline);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** The socket lies with the data, which nobody else can enter; where that path is too long, in a folder like it. */
async function findSocketDirectory(cluster: Cluster): Promise<{ directory: string; removable: boolean }> {
  const { account, directory } = cluster;
  if (isShortEnough(directory)) return { directory, removable: false };
  const base = [tmpdir(), "/tmp"].find((path) => isShortEnough(join(path, "muster-XXXXXX")) && canEnter(account, path));
  if (base === undefined) {
    throw new Error(
      `The path ${directory} is too long for a Unix socket, and so is the one of the temporary folder: use a DATA_DIR with a shorter path, or set TMPDIR.`,
    );
  }
  const temporary = await mkdtemp(join(base, "muster-"));
  if (runsAsRoot()) await chown(temporary, account.uid, account.gid);
  return { directory: temporary, removable: true };
}

function isShortEnough(directory: string): boolean {
  return Buffer.byteLength(join(directory, `.s.PGSQL.${socketPort}.lock`)) <= longestSocketPath;
}
