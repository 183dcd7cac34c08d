import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, afterEach, before } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ClientConfig } from "pg";
import type { EmbeddedProcessLine } from "./embedded-process.ts";
import { withClient } from "./server.ts";

/** The program that {@link EmbeddedProcesses.launch} runs. */
export const embeddedProcessFile = fileURLToPath(new URL("embedded-process.ts", import.meta.url));

/** How a process is to be started. */
export interface LaunchOptions {
  /** Another place of the program. */
  readonly program?: string;
  /** True for a server that syncs to disk, as in service; tests that need no such thing are faster without. */
  readonly durable?: boolean;
}

/** A process that has got its PostgreSQL. */
export interface RunningProcess {
  readonly process: ChildProcess;
  /** Of the server. */
  readonly pid: number;
  readonly connection: ClientConfig;
  /** All that the process has printed. */
  readonly lines: readonly EmbeddedProcessLine[];
  stop(): Promise<void>;
  /** `kill -9` of the process; its server goes on. */
  kill(): Promise<void>;
}

/** Processes with embedded PostgreSQL servers, and folders for their data. */
export interface EmbeddedProcesses {
  /** The folder of all the others. */
  readonly scratch: string;
  /** A data folder whose database has a table `notes` with the row `kept`; no process uses it between two tests. */
  readonly warm: string;
  /** The path of a data folder that does not exist yet. */
  freshFolder(): string;
  /** Starts a process; resolves with its first answer. */
  launch(
    dataDirectory: string,
    options?: LaunchOptions,
  ): Promise<{ child: ChildProcess; lines: EmbeddedProcessLine[]; answer: EmbeddedProcessLine }>;
  /** Starts a process that is expected to get its PostgreSQL. */
  start(dataDirectory: string, options?: LaunchOptions): Promise<RunningProcess>;
  /** Starts a process that is expected to fail, and returns the reason. */
  refusal(dataDirectory: string): Promise<string>;
  /** Ends a process with the test, whatever becomes of it. */
  adopt(child: ChildProcess): void;
}

/** Prepares the tests of a file; its hooks leave no process and no file behind. */
export function useEmbeddedProcesses(): EmbeddedProcesses {
  const scratch = mkdtempSync(join(tmpdir(), "muster-embedded-"));
  // root's PostgreSQL runs as somebody else, who must be able to pass
  chmodSync(scratch, 0o711);
  // paths that want quoting where a path becomes part of something else
  const warm = join(scratch, 'warm, "ä"');
  const children: ChildProcess[] = [];
  const servers: number[] = [];
  let folders = 0;

  const launch: EmbeddedProcesses["launch"] = async (dataDirectory, options = {}) => {
    const parameters = [dataDirectory, ...(options.durable ? ["durable"] : [])];
    const child = spawn(process.execPath, [options.program ?? embeddedProcessFile, ...parameters], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    children.push(child);
    const lines: EmbeddedProcessLine[] = [];
    const answer = await new Promise<EmbeddedProcessLine>((resolve, reject) => {
      createInterface({ input: child.stdout }).on("line", (text) => {
        const line: EmbeddedProcessLine = JSON.parse(text);
        lines.push(line);
        if (line.event === "ready") servers.push(line.pid);
        if (line.event === "ready" || line.event === "failed") resolve(line);
      });
      child.once("close", (status, signal) => reject(new Error(`it ended without an answer: ${status ?? signal}`)));
    });
    return { child, lines, answer };
  };

  const start: EmbeddedProcesses["start"] = async (dataDirectory, options) => {
    const { child, lines, answer } = await launch(dataDirectory, options);
    assert.equal(answer.event, "ready", JSON.stringify(answer));
    const ended = once(child, "close");
    const stop = async () => {
      child.stdin?.end();
      assert.deepEqual(await ended, [0, null]);
    };
    const kill = async () => {
      child.kill("SIGKILL");
      await ended;
    };
    return { process: child, pid: answer.pid, connection: answer.connection, lines, stop, kill };
  };

  before(async () => {
    const first = await start(warm);
    await withClient(first.connection, (client) => client.query("create table notes as select 'kept' as text"));
    await first.stop();
  });
  // A server that a failed test left running must not affect the next test.
  afterEach(() => {
    for (const child of children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    }
    // The process id still is what it was, if it serves one of our folders.
    for (const pid of servers.splice(0)) if (commandLine(pid).includes(scratch)) process.kill(pid, "SIGKILL");
  });
  after(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 10 }));

  return {
    scratch,
    warm,
    freshFolder: () => join(scratch, `fresh, "ä" ${++folders}`),
    launch,
    start,
    async refusal(dataDirectory) {
      const { child, answer } = await launch(dataDirectory);
      assert.equal(answer.event, "failed", JSON.stringify(answer));
      if (child.exitCode === null) await once(child, "close");
      return answer.message;
    },
    adopt: (child) => void children.push(child),
  };
}

/** True while the process runs. One that has ended may linger, without a command line, until its parent asks after it. */
export function isRunning(pid: number): boolean {
  return commandLine(pid) !== "";
}

function commandLine(pid: number): string {
  try {
    if (process.platform === "linux") return readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return execFileSync("ps", ["-ww", "-o", "args=", "-p", String(pid)], { encoding: "utf8" }).trim();
  } catch {
    return "";
  }
}

/** Waits, for 20 seconds at most. */
export async function waitUntil(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, "it did not happen within 20 seconds");
    await sleep(10);
  }
}

/** The rows of `notes`. */
export function readNotes(connection: ClientConfig): Promise<string[]> {
  return withClient(connection, async (client) => {
    const { rows } = await client.query<{ text: string }>("select text from notes");
    return rows.map((row) => row.text);
  });
}
