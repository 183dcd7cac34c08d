import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { guardLimitsSchema } from "../src/organizations/guard-limits.ts";
import type { Movements } from "./campus.ts";
import { processCpu } from "./cpu.ts";
import type { DayFiles } from "./generate.ts";
import { type Cost, measure, medianCost } from "./measure.ts";
import type { BenchServer } from "./server.ts";

/** The styles of feed formats, section 5. */
export const benchStyles = ["normal", "active-roster", "purge"] as const;
export type BenchStyle = (typeof benchStyles)[number];

/** What Muster takes, from the first byte sent to the answer received; its processor time is the service's and PostgreSQL's. */
export interface MusterTimes {
  readonly firstLoad: Cost;
  readonly sameAgain: Cost;
  readonly nextDay: Cost;
  /** Most resident memory of the service's process until the end of all three, in bytes; PostgreSQL is not counted. */
  readonly peakMemory: number;
}

export interface MusterRun {
  readonly days: readonly [DayFiles, DayFiles];
  readonly movements: Movements;
  readonly style: BenchStyle;
  /** Whether the guard looks at the imports; without it, it looks at nothing. */
  readonly isGuarded: boolean;
  /** Folder for CPU profiles; undefined: none are taken. */
  readonly profileDirectory: string | undefined;
}

const database = "bench_muster";
const adminKey = "bench-0123456789abcdef0123456789abcdef";

/**
 * Measures Muster once: the service as a process of its own on the limit's server, fed with XML over HTTP by curl.
 *
 * @throws Error when an import fails or counts anything else than what the campus says
 */
export async function measureMuster(server: BenchServer, run: MusterRun): Promise<MusterTimes> {
  const { days, movements, style, isGuarded } = run;
  const [first, second] = days;
  await server.createDatabase(database);
  const service = await startService(server, run.profileDirectory);
  const readCpu = async () => (await server.readCpu()) + (await processCpu(service.pid));
  try {
    if (!isGuarded) await switchGuardOff(service.url);
    const step = async (day: DayFiles, expected: Readonly<Record<string, number>>) => {
      await server.settle(database);
      let answer: ImportAnswer | undefined;
      const cost = await measure(async () => {
        answer = await sendRoster(service.url, day.xml, style);
      }, readCpu);
      checkCounts(answer!, { failed: 0, warnings: 0, rows: day.tables.users.rows, ...expected });
      return cost;
    };
    const people = first.tables.users.rows;
    const { joined, left, fieldChanged, groupsChanged } = movements;
    const unmoved = people - left - fieldChanged - groupsChanged;
    const firstLoad = await step(first, {
      ...{ added: people, updated: 0, unchanged: 0, removed: 0 },
      membershipsAdded: first.tables.memberships.rows,
    });
    const sameAgain = await step(first, { added: 0, updated: 0, unchanged: people, removed: 0 });
    const nextDay = await step(second, {
      ...{ added: joined, updated: fieldChanged + groupsChanged, unchanged: unmoved },
      removed: style === "normal" ? 0 : left,
    });
    const peakMemory = await readPeakMemory(service.pid);
    return { firstLoad, sameAgain, nextDay, peakMemory };
  } finally {
    await service.stop();
    await server.dropDatabase(database);
  }
}

/** The medians of several measurements; of the memory, the most. */
export function medianMuster(measured: readonly MusterTimes[]): MusterTimes {
  const of = (step: "firstLoad" | "sameAgain" | "nextDay") => medianCost(measured.map((times) => times[step]));
  const peakMemory = Math.max(...measured.map((times) => times.peakMemory));
  return { firstLoad: of("firstLoad"), sameAgain: of("sameAgain"), nextDay: of("nextDay"), peakMemory };
}

interface Service {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** The options of Node.js that `npm start` gives. */
async function startOptions(): Promise<string[]> {
  const { scripts } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
  return scripts.start.split(" ").filter((word: string) => word.startsWith("--"));
}

async function startService(server: BenchServer, profileDirectory: string | undefined): Promise<Service> {
  const port = await findFreePort();
  const logFile = join(server.directory, "muster.log");
  const profiling = profileDirectory === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileDirectory}`];
  if (profileDirectory !== undefined) await mkdir(profileDirectory, { recursive: true });
  const log = openSync(logFile, "w");
  const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
  const child = spawn(process.execPath, [...(await startOptions()), ...profiling, main], {
    env: {
      PATH: process.env.PATH,
      HOST: "127.0.0.1",
      PORT: String(port),
      DATA_DIR: join(server.directory, "muster"),
      DATABASE_URL: server.url(database),
      MUSTER_ADMIN_KEY: adminKey,
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
    const url = `http://127.0.0.1:${port}`;
    await untilReady(url, child);
    return { url, pid: child.pid!, stop };
  } catch (cause) {
    await stop();
    throw new Error(`Muster does not start:\n${await readFile(logFile, "utf8")}`, { cause });
  }
}

async function findFreePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
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

async function switchGuardOff(url: string): Promise<void> {
  const limits = Object.keys(guardLimitsSchema.shape).filter((name) => name !== "applyAdditions");
  const answer = await fetch(`${url}/v1/sources/default`, {
    method: "PUT",
    headers: { authorization: `Bearer ${adminKey}`, "content-type": "application/json" },
    body: JSON.stringify({ guard: Object.fromEntries(limits.map((name) => [name, null])) }),
  });
  if (!answer.ok) throw new Error(`The guard cannot be switched off: ${await answer.text()}`);
}

interface ImportAnswer {
  readonly status?: string;
  readonly counts?: Readonly<Record<string, number>> | null;
}

/** Streams a roster to the service, and returns the import that it answers with. */
async function sendRoster(url: string, file: string, style: BenchStyle): Promise<ImportAnswer> {
  const { stdout } = await promisify(execFile)(
    "curl",
    [
      ...["--silent", "--show-error", "--request", "POST", "--upload-file", file],
      ...["--header", "Content-Type: application/xml", "--header", "Accept: application/json"],
      ...["--header", `Authorization: Bearer ${adminKey}`],
      `${url}/v1/imports/users?style=${style}`,
    ],
    { maxBuffer: 16 * 1024 * 1024 },
  );
  return JSON.parse(stdout) as ImportAnswer;
}

/** A measurement counts only when the import did what it had to. */
function checkCounts(answer: ImportAnswer, expected: Readonly<Record<string, number>>): void {
  const counts = answer.counts ?? {};
  const wrong = Object.keys(expected).filter((name) => counts[name] !== expected[name]);
  if (answer.status !== "applied" || wrong.length > 0) {
    throw new Error(`Muster's import is not as expected, ${JSON.stringify(expected)}, but: ${JSON.stringify(answer)}`);
  }
}

/** The process's high-water mark of resident memory, in bytes (Linux). */
async function readPeakMemory(pid: number): Promise<number> {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? [];
  if (kilobytes === undefined) throw new Error("This system does not tell a process's peak memory: measure on Linux.");
  return Number(kilobytes) * 1024;
}
