import { readdir, readFile } from "node:fs/promises";

/** Clock ticks a second in /proc; Linux tells every program 100. */
const ticksPerSecond = 100;

interface ProcessTimes {
  readonly parent: number;
  /** Ticks that the process itself used. */
  readonly own: number;
  /** Ticks of its children that have ended. */
  readonly ended: number;
}

/** Seconds of processor time that a process has used so far, without its children (Linux). */
export async function processCpu(pid: number): Promise<number> {
  return ((await readTimes(pid))?.own ?? 0) / ticksPerSecond;
}

/**
 * Seconds of processor time that a process and all its direct children, living or not, have used so far (Linux):
 * PostgreSQL's sessions and workers are children of its first process.
 */
export async function processGroupCpu(pid: number): Promise<number> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const all = await Promise.all(pids.map(readTimes));
  const living = all.reduce((sum, times) => (times?.parent === pid ? sum + times.own : sum), 0);
  const itself = await readTimes(pid);
  return (living + (itself?.own ?? 0) + (itself?.ended ?? 0)) / ticksPerSecond;
}

/** Undefined when the process has gone meanwhile. */
async function readTimes(pid: number): Promise<ProcessTimes | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => undefined);
  // The program's name is in parentheses and may contain anything: the numbers begin after it.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields === undefined) return undefined;
  const ticks = (position: number) => Number(fields[position]);
  return { parent: ticks(1), own: ticks(11) + ticks(12), ended: ticks(13) + ticks(14) };
}
