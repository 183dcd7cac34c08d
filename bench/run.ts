import { execFileSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { cpus, loadavg, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Campus, createCampus } from "./campus.ts";
import { measureFeed } from "./feed.ts";
import { type FeedResults, feedHeading, renderFeed } from "./feed-report.ts";
import { type DayFiles, writeDay } from "./generate.ts";
import { type GroupTimes, measureGroups, missedGoals } from "./groups.ts";
import { type LimitTimes, measureLimit, medianLimit } from "./limit/limit.ts";
import { type Cost, progress } from "./measure.ts";
import { type MusterTimes, measureMuster, medianMuster } from "./muster.ts";
import { measureDays } from "./nights/days.ts";
import { measureNights } from "./nights/nights.ts";
import { renderNights } from "./nights/report.ts";
import { type Results, renderReport, type SizeResults } from "./report.ts";
import { measureScript, medianScript, prepareScript, type ScriptTimes } from "./script/script.ts";
import { type BenchServer, startBenchServer } from "./server.ts";
import { type BenchStyle, benchStyles } from "./service.ts";

const usage = `Usage: npm run bench -- [options]
  --people 10000,100000     sizes of the campus
  --only limit,muster       parts to measure, of limit, muster, unguarded (Muster without its guard), script, groups (a large one), nights and feed; the results file is left alone then, but for the section of feed
  --repetitions 3           measurements of which the median is taken
  --style normal            style of Muster's imports: ${benchStyles.join(", ")}
  --seed 1                  seed of the campus
  --date 2026-01-31         date to write into the results (default: today)
  --night CSV               measures the nights alone whose names contain this
  --profile folder          takes CPU profiles of Muster into the folder; the results file is left alone then
`;

const parts = ["limit", "muster", "unguarded", "script", "groups", "nights", "feed"] as const;
type Part = (typeof parts)[number];

interface Options {
  readonly sizes: readonly number[];
  readonly parts: readonly Part[];
  readonly repetitions: number;
  readonly style: BenchStyle;
  readonly seed: number;
  readonly date: string;
  readonly night: string;
  readonly profileDirectory: string | undefined;
}

/** People for whom the campus's own script is run: it is too slow for more. */
const scriptPeople = 2_000;

const resultsFile = fileURLToPath(new URL("results.md", import.meta.url));

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      people: { type: "string", default: "10000,100000" },
      only: { type: "string", default: parts.join(",") },
      repetitions: { type: "string", default: "3" },
      style: { type: "string", default: "normal" },
      seed: { type: "string", default: "1" },
      date: { type: "string", default: new Date().toISOString().slice(0, 10) },
      night: { type: "string", default: "" },
      profile: { type: "string" },
    },
  });
  const list = (text: string) => text.split(",").map((item) => item.trim());
  const options = {
    sizes: list(values.people).map(Number),
    parts: parts.filter((part) => list(values.only).includes(part)),
    repetitions: Number(values.repetitions),
    style: benchStyles.find((style) => style === values.style),
    seed: Number(values.seed),
    date: values.date,
    night: values.night,
    profileDirectory: values.profile,
  };
  const { style } = options;
  if (style === undefined) throw new Error(`There is no style ${values.style}.`);
  const unknown = list(values.only).find((part) => !parts.some((known) => known === part));
  if (unknown !== undefined) throw new Error(`There is no part ${unknown}.`);
  if (!Number.isInteger(options.seed)) throw new Error("The seed is a whole number.");
  if (!Number.isInteger(options.repetitions) || options.repetitions < 1) throw new Error("At least one repetition.");
  return { ...options, style };
}

/** Measures one size; limit and Muster take turns in going first, so that a drift of the machine hits both. */
async function measureSize(server: BenchServer, people: number, options: Options): Promise<SizeResults> {
  progress(`${people.toLocaleString("en")} people: generating`);
  const campus = createCampus({ people, seed: options.seed });
  const days = await writeDays(server, campus);
  const limits: LimitTimes[] = [];
  const musters: MusterTimes[] = [];
  const unguarded: MusterTimes[] = [];
  const run = { days, movements: campus.movements, style: options.style, profileDirectory: options.profileDirectory };
  const turns = [
    async () => {
      if (!options.parts.includes("limit")) return;
      limits.push(await measureLimit(server, days));
      progress(`  limit: ${describe(limits.at(-1)!)}`);
    },
    async () => {
      if (!options.parts.includes("muster")) return;
      musters.push(await measureMuster(server, { ...run, isGuarded: true }));
      progress(`  Muster: ${describe(musters.at(-1)!)}`);
    },
    async () => {
      if (!options.parts.includes("unguarded")) return;
      unguarded.push(await measureMuster(server, { ...run, isGuarded: false }));
      progress(`  Muster without guard: ${describe(unguarded.at(-1)!)}`);
    },
  ];
  for (let repetition = 0; repetition < options.repetitions; repetition += 1) {
    for (const turn of repetition % 2 === 0 ? turns : turns.toReversed()) await turn();
  }
  return {
    people,
    xmlBytes: days[0].xmlBytes,
    ...(limits.length > 0 ? { limit: medianLimit(limits) } : {}),
    ...(musters.length > 0 ? { muster: medianMuster(musters) } : {}),
    ...(unguarded.length > 0 ? { unguarded: medianMuster(unguarded) } : {}),
  };
}

async function writeDays(server: BenchServer, campus: Campus): Promise<[DayFiles, DayFiles]> {
  const directory = join(server.directory, `campus-${campus.people}`);
  await mkdir(directory, { recursive: true });
  return [await writeDay(campus, 1, directory), await writeDay(campus, 2, directory)];
}

/** One measurement in a line: `firstLoad 5.3 s (6.1 s CPU), …`. */
const describe = (times: LimitTimes | MusterTimes | ScriptTimes) =>
  Object.entries(times)
    .map(([name, value]: [string, Cost | number]) => {
      if (name === "peakMemory") return `${name} ${(Number(value) / 1e6).toFixed(0)} MB`;
      if (typeof value === "number") return `${name} ${value.toFixed(2)} s`;
      return `${name} ${value.seconds.toFixed(2)} s (${value.cpuSeconds.toFixed(2)} s CPU)`;
    })
    .join(", ");

/** People of the roster that is imported beside the readers of the feed. */
const feedPeople = 100_000;

async function measureFeeds(server: BenchServer, options: Options): Promise<FeedResults | undefined> {
  if (!options.parts.includes("feed")) return undefined;
  progress("Change feed");
  const [day] = await writeDays(server, createCampus({ people: feedPeople, seed: options.seed }));
  return measureFeed(server, day, { date: options.date, machine: describeMachine() });
}

/** Measures ordinary nights, and returns their report. */
async function reportNights(server: BenchServer, options: Options): Promise<string> {
  if (!options.parts.includes("nights")) return "";
  const reports: string[] = [];
  for (const people of options.sizes) {
    progress(`Nights of ${people.toLocaleString("en")} people`);
    const campus = createCampus({ people, seed: options.seed });
    const days = await measureDays(server, await writeDays(server, campus), options);
    const nights = await measureNights(server, { ...options, campus, only: options.night });
    reports.push(renderNights({ people, ...days, nights }));
  }
  return reports.join("\n");
}

async function measureScripts(server: BenchServer, options: Options): Promise<ScriptTimes[]> {
  if (!options.parts.includes("script")) return [];
  progress(`Own script, ${scriptPeople.toLocaleString("en")} people`);
  await prepareScript();
  const [day] = await writeDays(server, createCampus({ people: scriptPeople, seed: options.seed }));
  const measured: ScriptTimes[] = [];
  for (let repetition = 0; repetition < options.repetitions; repetition += 1) {
    measured.push(await measureScript(server, day));
    progress(`  ${describe(measured.at(-1)!)}`);
  }
  return measured;
}

async function measureLargeGroup(server: BenchServer, options: Options): Promise<GroupTimes | undefined> {
  if (!options.parts.includes("groups")) return undefined;
  progress("A large group");
  const times = await measureGroups(server, options);
  const missed = missedGoals(times);
  if (missed.length > 0) {
    progress(`  Goals are not met: ${missed.join(", ")}.`);
    process.exitCode = 1;
  }
  return times;
}

function describeMachine(): string {
  const gigabytes = Math.round(totalmem() / 1024 ** 3);
  return `${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown processor"}, ${gigabytes} GB, ${type()} ${release()}`;
}

function describeVersions(server: BenchServer): string {
  const psql = execFileSync("psql", ["--version"], { encoding: "utf8" }).replace("psql (PostgreSQL)", "").trim();
  return `Node ${process.versions.node}, PostgreSQL ${server.version}, psql ${psql}`;
}

async function main(): Promise<void> {
  const options = readOptions();
  const loadBefore = loadavg()[0]!;
  const server = await startBenchServer();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, async () => {
      await server.stop();
      process.exit(130);
    });
  }
  try {
    const feed = await measureFeeds(server, options);
    const feedReport = feed === undefined ? "" : renderFeed(feed);
    if (options.parts.length === 1 && feed !== undefined) {
      process.stdout.write(feedReport);
      const [before = ""] = (await readFile(resultsFile, "utf8")).split(feedHeading);
      await writeFile(resultsFile, `${before.trimEnd()}\n\n${feedReport}`);
      return;
    }
    const measured: SizeResults[] = [];
    const needsCampus = options.parts.some((part) => part !== "groups" && part !== "nights");
    for (const people of needsCampus ? options.sizes : []) measured.push(await measureSize(server, people, options));
    const scripts = await measureScripts(server, options);
    const groups = await measureLargeGroup(server, options);
    const nights = await reportNights(server, options);
    const results: Results = {
      date: options.date,
      machine: describeMachine(),
      versions: describeVersions(server),
      seed: options.seed,
      repetitions: options.repetitions,
      style: options.style,
      scriptPeople,
      load: [loadBefore, loadavg()[0]!],
      sizes: measured.map((size) =>
        scripts.length === 0 ? size : { ...size, script: medianScript(scripts, size.people / scriptPeople) },
      ),
      ...(groups === undefined ? {} : { groups }),
    };
    const report = [renderReport(results).trimEnd(), nights, feedReport].filter((part) => part !== "").join("\n\n");
    process.stdout.write(report);
    const isWhole = options.parts.length === parts.length && options.profileDirectory === undefined;
    if (isWhole) await writeFile(resultsFile, report);
  } finally {
    await server.stop();
  }
}

if (process.argv.includes("--help")) process.stdout.write(usage);
else await main();
