import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { BenchServer } from "./server.ts";

/** The styles of file formats, section 5. */
export const benchStyles = ["normal", "active-roster", "purge"] as const;
export type BenchStyle = (typeof benchStyles)[number];

/** An address of this process alone: another program can then not take the free port first (Linux). */
const host = `127.1.${(process.pid >> 8) & 255}.${process.pid & 255 || 1}`;

/** The key that opens every address. */
export const adminKey = "bench-0123456789abcdef0123456789abcdef";

/** The service as a process of its own. */
export interface Service {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** The options of Node.js that `npm start` gives. */
async function startOptions(): Promise<string[]> {
  const { scripts } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
  return scripts.start.split(" ").filter((word: string) => word.startsWith("--"));
}

/**
 * Starts the service on a database of the server.
 * @param profileDirectory folder for CPU profiles; undefined: none are taken
 */
export async function startService(
  server: BenchServer,
  database: string,
  profileDirectory: string | undefined,
): Promise<Service> {
  const port = await findFreePort();
  const logFile = join(server.directory, "muster.log");
  const profiling = profileDirectory === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileDirectory}`];
  if (profileDirectory !== undefined) await mkdir(profileDirectory, { recursive: true });
  const log = openSync(logFile, "w");
  const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
  const child = spawn(process.execPath, [...(await startOptions()), ...profiling, main], {
    env: {
      PATH: process.env.PATH,
      HOST: host,
      PORT: String(port),
      DATA_DIR: join(server.directory, "muster"),
      DATABASE_URL: server.url(database),
      MUSTER_ADMIN_KEY: adminKey,
      SFTP_PORT: "",
      RATE_LIMIT_PER_MINUTE: "0",
      LOG_LEVEL: "warn",
    },
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const stop = async () => {
    await stopProcess(child);
    process.off("exit", kill);
  };
  try {
    const url = `http://${host}:${port}`;
    await untilReady(url, child);
    return { url, pid: child.pid!, stop };
  } catch (cause) {
    await stop();
    throw new Error(`Muster does not start:\n${await readFile(logFile, "utf8")}`, { cause });
  }
}

async function findFreePort(): Promise<number> {
  const listener = createServer().listen(0, host);
  await once(listener, "listening");
  const address = listener.address();
  listener.close();
  await once(listener, "close");
  if (address === null || typeof address === "string") throw new Error("There is no free port.");
  return address.port;
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; await sleep(50)) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error("It ended.");
    const response = await fetch(`${url}/readyz`).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
  }
  throw new Error("It is not ready after a minute.");
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const killer = setTimeout(() => child.kill("SIGKILL"), 30_000);
  await ended;
  clearTimeout(killer);
}

/** An import, as far as it is looked at. */
export interface ImportAnswer {
  readonly status?: string;
  readonly counts?: Readonly<Record<string, number>> | null;
}

/** Streams a roster to the service, and returns the import that it answers with. */
export async function sendRoster(
  url: string,
  file: string,
  style: BenchStyle,
  {
    contentType = "application/xml",
    source = "default",
  }: { readonly contentType?: string; readonly source?: string } = {},
): Promise<ImportAnswer> {
  const { stdout } = await promisify(execFile)(
    "curl",
    [
      "--silent",
      "--show-error",
      "--request",
      "POST",
      "--upload-file",
      file,
      "--header",
      `Content-Type: ${contentType}`,
      "--header",
      "Accept: application/json",
      "--header",
      `Authorization: Bearer ${adminKey}`,
      `${url}/v1/imports/users?style=${style}&source=${source}`,
    ],
    { maxBuffer: 16 * 1024 * 1024 },
  );
  return JSON.parse(stdout) as ImportAnswer;
}
