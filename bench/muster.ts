import { readFile } from "node:fs/promises";
import { guardLimitsSchema } from "../src/organizations/guard-limits.ts";
import type { Movements } from "./campus.ts";
import { processCpu } from "./cpu.ts";
import type { DayFiles } from "./generate.ts";
import { type Cost, measure, medianCost } from "./measure.ts";
import type { BenchServer } from "./server.ts";
import { adminKey, type BenchStyle, type ImportAnswer, sendRoster, startService } from "./service.ts";

/** Muster's times, from the first byte sent to the answer received; its processor time is the service's and PostgreSQL's. */
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
  /** True if the guard checks the imports. */
  readonly isGuarded: boolean;
  /** Folder for CPU profiles; undefined: none are taken. */
  readonly profileDirectory: string | undefined;
}

const database = "bench_muster";

/**
 * Measures Muster once: the service as a process of its own on the limit's server, fed with XML over HTTP by curl.
 *
 * @throws Error when an import fails or counts anything else than what the campus says
 */
export async function measureMuster(server: BenchServer, run: MusterRun): Promise<MusterTimes> {
  const { days, movements, style, isGuarded } = run;
  const [first, second] = days;
  await server.createDatabase(database);
  const service = await startService(server, database, run.profileDirectory);
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
      added: people,
      updated: 0,
      unchanged: 0,
      removed: 0,
      membershipsAdded: first.tables.memberships.rows,
    });
    const sameAgain = await step(first, { added: 0, updated: 0, unchanged: people, removed: 0 });
    const nextDay = await step(second, {
      added: joined,
      updated: fieldChanged + groupsChanged,
      unchanged: unmoved,
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

async function switchGuardOff(url: string): Promise<void> {
  const limits = Object.keys(guardLimitsSchema.shape).filter((name) => name !== "applyAdditions");
  const answer = await fetch(`${url}/v1/sources/default`, {
    method: "PUT",
    headers: { authorization: `Bearer ${adminKey}`, "content-type": "application/json" },
    body: JSON.stringify({ guard: Object.fromEntries(limits.map((name) => [name, null])) }),
  });
  if (!answer.ok) throw new Error(`The guard cannot be switched off: ${await answer.text()}`);
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
