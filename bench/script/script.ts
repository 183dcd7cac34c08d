import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { DayFiles } from "../generate.ts";
import { median } from "../measure.ts";
import type { BenchServer } from "../server.ts";

/** Seconds that the script which a campus would write itself takes. */
export interface ScriptTimes {
  readonly firstLoad: number;
  /** Any later night: the script writes everybody again. */
  readonly sameAgain: number;
}

const database = "bench_script";
const run = promisify(execFile);
const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Makes the script's Prisma client. */
export async function prepareScript(): Promise<void> {
  const prisma = fileURLToPath(import.meta.resolve("prisma/build/index.js"));
  await run(process.execPath, [prisma, "generate", "--schema", pathOf("schema.prisma")], {
    cwd: pathOf("../.."),
    // generating needs no engine, but would download one; any program will do
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath },
  });
}

/** Measures the script once, on an empty database and again on what it left. */
export async function measureScript(server: BenchServer, day: DayFiles): Promise<ScriptTimes> {
  await server.createDatabase(database);
  await server.query(database, await readFile(pathOf("tables.sql"), "utf8"));
  const step = async () => {
    await server.settle(database);
    const start = performance.now();
    await run(process.execPath, [pathOf("import.ts"), day.xml], {
      env: { PATH: process.env.PATH, DATABASE_URL: server.url(database) },
    });
    const seconds = (performance.now() - start) / 1000;
    const [found] = await server.query<{ people: number; memberships: number }>(
      database,
      `select (select count(*)::integer from "User") as people, (select count(*)::integer from "Membership") as memberships`,
    );
    if (found!.people !== day.tables.users.rows || found!.memberships !== day.tables.memberships.rows) {
      throw new Error(`The script is wrong: ${JSON.stringify(found)}`);
    }
    return seconds;
  };
  const times = { firstLoad: await step(), sameAgain: await step() };
  await server.dropDatabase(database);
  return times;
}

/** The medians of several measurements, reckoned for as many people as `factor` says. */
export function medianScript(measured: readonly ScriptTimes[], factor: number): ScriptTimes {
  const of = (step: keyof ScriptTimes) => factor * median(measured.map((times) => times[step]));
  return { firstLoad: of("firstLoad"), sameAgain: of("sameAgain") };
}
