import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Campus, CampusPerson } from "../campus.ts";
import { processCpu } from "../cpu.ts";
import { type Cost, measure, medianCost, progress } from "../measure.ts";
import type { BenchServer } from "../server.ts";
import { type BenchStyle, type Service, sendRoster, startService } from "../service.ts";
import { type Layout, layouts, type NightFile, writeNight } from "./files.ts";
import { change } from "./requests.ts";

const database = "bench_nights";

/** The surroundings of a night. */
interface Scene {
  readonly server: BenchServer;
  readonly service: Service;
  readonly campus: Campus;
  readonly directory: string;
  readonly style: BenchStyle;
}

/** An ordinary night, on which the file says what it said the night before. */
interface Night {
  readonly name: string;
  readonly layout: Layout;
  /** The people of the file; by default, everybody of the first day. */
  readonly people?: (campus: Campus) => Iterable<CampusPerson>;
  /** Done once, before anything is loaded. */
  readonly begin?: (scene: Scene) => Promise<void>;
  /** Done before each night, and not measured. */
  readonly before?: (scene: Scene, round: number) => Promise<void>;
  /** The file is the very same as the night before. */
  readonly isIdentical?: boolean;
}

const { xml } = layouts;

/** The nights whose cost is compared with the clean one, which comes first. */
const nights: readonly Night[] = [
  { name: "clean XML, every digest known", layout: xml },
  { name: "byte-identical", layout: xml, isIdentical: true },
  { name: "full comparison, no digest known", layout: xml, before: forgetDigests },
  { name: "CSV", layout: layouts.csv },
  { name: "JSON", layout: layouts.json },
  { name: "line ends CRLF", layout: layouts.crlf },
  { name: "a comment", layout: layouts.comment },
  { name: "a namespace", layout: layouts.namespace },
  { name: "another encoding", layout: layouts.encoding },
  { name: "10 % of rows with warnings", layout: layouts.warnings },
  { name: "one row per enrolment", layout: layouts.enrolments },
  { name: "30 % in two sources, value_kept", layout: xml, begin: sendHigherSource },
  {
    name: "a group was created",
    layout: xml,
    before: (scene, round) => change(scene.service.url, "POST", "/v1/groups", { groupId: `NEW-${round}` }),
  },
  {
    name: "a group was changed",
    layout: xml,
    before: ({ service }, round) =>
      change(service.url, "PATCH", "/v1/groups/RES-00000", { description: `Round ${round}` }),
  },
  {
    name: "a setting that shapes no row",
    layout: xml,
    before: ({ service }, round) =>
      change(service.url, "PATCH", "/v1/organization", { settings: { keepFilesDays: 40 + round } }),
  },
  { name: "another format the day before", layout: xml, before: sendCsv },
];

/** Names of the nights, in their order. */
export const nightNames: readonly string[] = nights.map(({ name }) => name);

/** The cost of the nights by name, as far as they were measured. */
export type NightCosts = ReadonlyMap<string, Cost>;

interface NightsRun {
  readonly campus: Campus;
  readonly style: BenchStyle;
  readonly repetitions: number;
  /** Measures nights whose names contain this. */
  readonly only: string;
  readonly profileDirectory: string | undefined;
}

/**
 * Measures nights on which the file says what it said the night before, each in a database of its own.
 * @throws Error when an import changes anything
 */
export async function measureNights(server: BenchServer, run: NightsRun): Promise<NightCosts> {
  const directory = join(server.directory, `nights-${run.campus.people}`);
  await mkdir(directory, { recursive: true });
  const costs = new Map<string, Cost>();
  for (const night of nights.filter(({ name }) => name.includes(run.only))) {
    const measured = await measureNight(server, night, { ...run, directory });
    costs.set(night.name, medianCost(measured));
    const each = measured.map(({ seconds, cpuSeconds }) => `${seconds.toFixed(2)} s (${cpuSeconds.toFixed(2)} s CPU)`);
    progress(`  ${night.name}: ${each.join(", ")}`);
  }
  return costs;
}

async function measureNight(
  server: BenchServer,
  night: Night,
  { campus, style, repetitions, directory, profileDirectory }: NightsRun & { readonly directory: string },
): Promise<Cost[]> {
  const people = night.people ?? ((from: Campus) => from.peopleOn(1));
  const file = await writeNight(people(campus), "measured", night.layout, directory);
  await server.createDatabase(database);
  const service = await startService(server, database, profileDirectory);
  const scene: Scene = { server, service, campus, directory, style };
  const readCpu = async () => (await server.readCpu()) + (await processCpu(service.pid));
  try {
    await night.begin?.(scene);
    await send(scene, file);
    await file.touch();
    await send(scene, file);
    const costs: Cost[] = [];
    for (let round = 1; round <= repetitions; round += 1) {
      if (!night.isIdentical) await file.touch();
      await night.before?.(scene, round);
      await server.settle(database);
      costs.push(
        await measure(async () => {
          const counts = await send(scene, file);
          if (counts.updated || counts.added || counts.removed) throw new Error(`Changed: ${JSON.stringify(counts)}`);
        }, readCpu),
      );
    }
    return costs;
  } finally {
    await service.stop();
    await server.dropDatabase(database);
  }
}

async function send({ service, style }: Scene, { path, contentType }: NightFile, source = "default") {
  const answer = await sendRoster(service.url, path, style, { contentType, source });
  if (answer.status !== "applied" || !answer.counts) throw new Error(`Not applied: ${JSON.stringify(answer)}`);
  return answer.counts;
}

/** The same people as CSV. */
async function sendCsv(scene: Scene): Promise<void> {
  await send(scene, await writeNight(scene.campus.peopleOn(1), "other", layouts.csv, scene.directory));
}

/** Has a source that ranks higher bring another last name for 30 % of the people. */
async function sendHigherSource(scene: Scene): Promise<void> {
  await change(scene.service.url, "PUT", "/v1/sources/staff", { rank: 1 });
  const some = [...scene.campus.peopleOn(1)].filter((_, index) => index % 10 < 3);
  const renamed = some.map((person) => ({ ...person, lastName: `${person.lastName}-Smith` }));
  const file = await writeNight(renamed, "higher", layouts.xml, scene.directory);
  await send({ ...scene, style: "normal" }, file, "staff");
}

async function forgetDigests({ server }: Scene): Promise<void> {
  await server.query(database, "update user_sources set digest = null");
}
