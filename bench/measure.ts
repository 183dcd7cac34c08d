/** The cost of a piece of work. */
export interface Cost {
  /** Wall-clock time. */
  readonly seconds: number;
  /** Processor time of PostgreSQL and the service: tells more than the clock when a machine is shared. */
  readonly cpuSeconds: number;
}

/**
 * Measures a piece of work.
 * @param readCpu seconds of processor time used so far by the process that does the work
 */
export async function measure(work: () => Promise<unknown>, readCpu: () => Promise<number>): Promise<Cost> {
  const cpuBefore = await readCpu();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  return { seconds, cpuSeconds: (await readCpu()) - cpuBefore };
}

/** The medians of several measurements, of each figure by itself. */
export function medianCost(costs: readonly Cost[]): Cost {
  return {
    seconds: median(costs.map((cost) => cost.seconds)),
    cpuSeconds: median(costs.map((cost) => cost.cpuSeconds)),
  };
}

/** The middle one; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("There is no median of nothing.");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Tells what is going on; the results alone go to the standard output. */
export function progress(message: string): void {
  process.stderr.write(`${message}\n`);
}
