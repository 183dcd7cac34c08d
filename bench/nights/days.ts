import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { processCpu } from "../cpu.ts";
import type { DayFiles } from "../generate.ts";
import { type Cost, measure, medianCost, progress } from "../measure.ts";
import type { BenchServer } from "../server.ts";
import { type BenchStyle, sendRoster, startService } from "../service.ts";

/** The cost of two days: of the limit with its indexes in place, or of Muster. */
export interface DayCosts {
  readonly firstLoad: Cost;
  readonly sameAgain: Cost;
  readonly nextDay: Cost;
}

const database = "bench_days";
const scripts = fileURLToPath(new URL("limit/", import.meta.url));

/** Measures the limit and Muster in turn, from an empty database each time. */
export async function measureDays(
  server: BenchServer,
  days: readonly [DayFiles, DayFiles],
  {
    style,
    repetitions,
    profileDirectory,
  }: { readonly style: BenchStyle; readonly repetitions: number; readonly profileDirectory: string | undefined },
): Promise<{ readonly limit: DayCosts; readonly muster: DayCosts }> {
  const limits: DayCosts[] = [];
  const musters: DayCosts[] = [];
  for (let round = 1; round <= repetitions; round += 1) {
    limits.push(await measureLimit(server, days));
    musters.push(await measureMuster(server, days, style, profileDirectory));
    progress(`  limit ${describe(limits.at(-1)!)}; Muster ${describe(musters.at(-1)!)}`);
  }
  return { limit: median(limits), muster: median(musters) };
}

const median = (measured: readonly DayCosts[]): DayCosts => {
  const of = (step: keyof DayCosts) => medianCost(measured.map((costs) => costs[step]));
  return { firstLoad: of("firstLoad"), sameAgain: of("sameAgain"), nextDay: of("nextDay") };
};

const describe = (costs: DayCosts) =>
  Object.entries(costs)
    .map(([name, cost]: [string, Cost]) => `${name} ${cost.seconds.toFixed(2)} s (${cost.cpuSeconds.toFixed(2)} s CPU)`)
    .join(", ");

async function measureLimit(server: BenchServer, [first, second]: readonly [DayFiles, DayFiles]): Promise<DayCosts> {
  await server.createDatabase(database);
  await runScript(server, "schema.sql");
  const step = async ({ csv }: DayFiles) => {
    await server.settle(database);
    return measure(() => runScript(server, "import.sql", ["-v", `file=${csv}`, "-v", "style=active"]), server.readCpu);
  };
  const costs = { firstLoad: await step(first), sameAgain: await step(first), nextDay: await step(second) };
  await server.dropDatabase(database);
  return costs;
}

function runScript(server: BenchServer, name: string, values: readonly string[] = []): Promise<void> {
  const { host, port, user, password } = server.connection;
  return new Promise<void>((resolve, reject) => {
    const child = spawn("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", ...values, "-f", scripts + name], {
      env: {
        PATH: process.env.PATH,
        PGHOST: host,
        PGPORT: String(port),
        PGUSER: user,
        PGPASSWORD: String(password),
        PGDATABASE: database,
      },
      stdio: ["ignore", "ignore", "inherit"],
    });
    child.once("error", reject);
    child.once("exit", (status) => (status === 0 ? resolve() : reject(new Error(`psql ended with status ${status}.`))));
  });
}

async function measureMuster(
  server: BenchServer,
  [first, second]: readonly [DayFiles, DayFiles],
  style: BenchStyle,
  profileDirectory: string | undefined,
): Promise<DayCosts> {
  await server.createDatabase(database);
  const service = await startService(server, database, profileDirectory);
  const readCpu = async () => (await server.readCpu()) + (await processCpu(service.pid));
  const step = async ({ xml }: DayFiles) => {
    await server.settle(database);
    return measure(async () => {
      const { status } = await sendRoster(service.url, xml, style);
      if (status !== "applied") throw new Error(`An import is ${status}.`);
    }, readCpu);
  };
  try {
    return { firstLoad: await step(first), sameAgain: await step(first), nextDay: await step(second) };
  } finally {
    await service.stop();
    await server.dropDatabase(database);
  }
}
