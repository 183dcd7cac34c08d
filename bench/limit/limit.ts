import { spawn } from "node:child_process";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { campusTables, type DayFiles } from "../generate.ts";
import { type Cost, measure, medianCost } from "../measure.ts";
import type { BenchServer } from "../server.ts";

/** The cost of the hand-written merge; its processor time is PostgreSQL's, without psql's. */
export interface LimitTimes {
  /** First load into bare tables, the indexes built after the rows. */
  readonly firstLoadBare: Cost;
  /** First load with the indexes in place, as in a database that is in use. */
  readonly firstLoadIndexed: Cost;
  readonly sameAgain: Cost;
  readonly nextDay: Cost;
}

const database = "bench_limit";

/**
 * Measures the limit once: what a database administrator would write by hand for this feed, COPY and set-based
 * statements in one transaction, run by psql. Each step's result is compared with what the campus says.
 *
 * @throws Error when a step fails or leaves anything else than the day's people
 */
export async function measureLimit(server: BenchServer, days: readonly [DayFiles, DayFiles]): Promise<LimitTimes> {
  const [first, second] = days;
  const step = async (day: DayFiles, scripts: readonly string[], expectedChanges: number) => {
    await server.settle(database);
    const cost = await measure(() => runScripts(server, scripts, day.csv), server.readCpu);
    await verify(server, day, expectedChanges);
    return cost;
  };
  await server.createDatabase(database);
  const firstLoadBare = await step(first, ["tables", "merge", "indexes"], first.tables.users.rows);

  await server.createDatabase(database);
  await runScripts(server, ["tables", "indexes"]);
  const firstLoadIndexed = await step(first, ["merge"], first.tables.users.rows);
  const sameAgain = await step(first, ["merge"], first.tables.users.rows);
  const nextDay = await step(second, ["merge"], first.tables.users.rows + second.changes);
  await server.dropDatabase(database);
  return { firstLoadBare, firstLoadIndexed, sameAgain, nextDay };
}

/** The medians of several measurements. */
export function medianLimit(measured: readonly LimitTimes[]): LimitTimes {
  const of = (step: keyof LimitTimes) => medianCost(measured.map((times) => times[step]));
  return {
    firstLoadBare: of("firstLoadBare"),
    firstLoadIndexed: of("firstLoadIndexed"),
    sameAgain: of("sameAgain"),
    nextDay: of("nextDay"),
  };
}

const scriptPath = (name: string) => fileURLToPath(new URL(`${name}.sql`, import.meta.url));

/** Runs scripts in one transaction, the way a nightly job would: psql, the file on its standard input. */
async function runScripts(server: BenchServer, names: readonly string[], csv?: string): Promise<void> {
  const { host, port, user, password } = server.connection;
  const input: FileHandle | undefined = csv === undefined ? undefined : await open(csv);
  const files = names.flatMap((name) => ["-f", scriptPath(name)]);
  try {
    await new Promise<void>((resolve, reject) => {
      const child = spawn("psql", ["-X", "-q", "--single-transaction", "-v", "ON_ERROR_STOP=1", ...files], {
        env: {
          PATH: process.env.PATH,
          PGHOST: host,
          PGPORT: String(port),
          PGUSER: user,
          PGPASSWORD: String(password),
          PGDATABASE: database,
        },
        stdio: [input?.fd ?? "ignore", "ignore", "inherit"],
      });
      child.once("error", (cause) => reject(new Error("psql does not start: install postgresql-client.", { cause })));
      child.once("exit", (status) =>
        status === 0 ? resolve() : reject(new Error(`psql ended with status ${status} in ${names.join(", ")}.`)),
      );
    });
  } finally {
    await input?.close();
  }
}

/** Holds the tables against the campus, row by row (by checksum), and counts the change log. */
async function verify(server: BenchServer, day: DayFiles, expectedChanges: number): Promise<void> {
  const found = await server.query<{ name: string; rows: number; checksum: number }>(
    database,
    await readFile(scriptPath("verify"), "utf8"),
  );
  for (const name of campusTables) {
    const { rows, checksum } = found.find((table) => table.name === name) ?? { rows: 0, checksum: 0 };
    const expected = day.tables[name];
    if (rows !== expected.rows || checksum !== expected.checksum) {
      throw new Error(
        `The limit is wrong: ${name} has ${rows} rows (checksum ${checksum}) instead of ${expected.rows} (${expected.checksum}).`,
      );
    }
  }
  const changes = found.find((table) => table.name === "changes")!.rows;
  if (changes !== expectedChanges) {
    throw new Error(`The limit is wrong: its log has ${changes} rows instead of ${expectedChanges}.`);
  }
}
