import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestDatabase } from "../../support/database.ts";
import { databaseUrlOf } from "../../support/server.ts";
import { checkChain, checkLog } from "./check-chains.ts";
import { checkListingCopy, checkReplay } from "./check-copies.ts";
import { checkWindows } from "./check-windows.ts";
import { checkFreshness, checkImports, checkWrites, type LocatedWrite } from "./check-writes.ts";
import { send } from "./client.ts";
import type { SharedThings } from "./edit-effects.ts";
import { importedGroupIds, sources } from "./files.ts";
import { createFleet, type Fleet } from "./fleet.ts";
import { type Chain, createInterner, type FinalState, type History, type Interner, type Violation } from "./history.ts";
import { readFinalState } from "./lists.ts";
import { crashPostgreSql, makeDurable } from "./postgresql.ts";
import { createRandom, type Random } from "./random.ts";
import { follow, type ReaderPlan } from "./readers.ts";
import { writeEdits, writeImports } from "./writers.ts";

/** A session: writers and readers at the same time, and processes that are killed. */
export interface SessionOptions {
  readonly seed: number;
  /** A database of its own, migrated and empty. */
  readonly database: TestDatabase;
  /** Processes of the service; of two, readers and writers use both. */
  readonly processes: 1 | 2;
  /** Decisions of a writer, or how long they write, in seconds: whichever comes later. */
  readonly decisions: number;
  readonly seconds: number;
  /** How often a process is killed. */
  readonly crashes: number;
  /** True if every third crash is PostgreSQL's instead: only on a server of the session's own. */
  readonly crashesPostgreSql?: boolean;
  /** People of the largest file. */
  readonly largestFile: number;
  /** Readers besides the usual ones. */
  readonly furtherReaders?: readonly ReaderPlan[];
  /** The `main.ts` of another service. */
  readonly program?: string;
  /** Called when the processes run, before anybody reads or writes. */
  whenRunning?(fleet: Fleet): void;
}

/** The result of a session. */
export interface SessionReport {
  readonly violations: readonly Violation[];
  /** The history that the checks read. */
  readonly history: History;
  readonly final: FinalState;
  readonly changes: number;
  readonly writes: number;
  readonly imports: number;
  readonly polls: number;
  readonly crashes: number;
}

const adminKey = "muster_checker_admin_0123456789abcdef";
const editors = ["edits-1", "edits-2"];
const importers = ["imports-1"];

/** Runs a session and checks what it left. */
export async function runSession(options: SessionOptions): Promise<SessionReport> {
  const { seed, processes, database, program } = options;
  const folder = await mkdtemp(join(tmpdir(), "muster-checker-"));
  const databaseUrl = databaseUrlOf(database.connection);
  const violations: Violation[] = [];
  const history = { chains: [], writes: [], acknowledgedImports: [], violations, importsUnderWay: 0 };
  const endedByItself = (process: number, errors: string) => {
    const message = `ended although nobody had killed it: ${errors.trim().split("\n").at(-1)?.slice(0, 600)}`;
    violations.push({ kind: "process", where: `process ${process}`, message, around: [] });
  };
  const fleet = createFleet({ size: processes, folder, adminKey, databaseUrl, program, endedByItself });
  try {
    if (options.crashesPostgreSql) await makeDurable(database);
    // The first one makes the organization.
    await fleet.start(0);
    if (processes === 2) await fleet.start(1);
    options.whenRunning?.(fleet);
    const intern = createInterner();
    const done = await work(options, fleet, history, intern);
    if (options.crashes > 0 && processes === 2) {
      // A process that starts alone ends whatever others left under way.
      await fleet.stop();
      await fleet.start(0);
    }
    const random = createRandom(seed, "checks");
    const lists = { fleet, random, key: adminKey, processes: [0] };
    const final = await readFinalState(lists, intern);
    const whole = { ...history, chains: done.chains };
    return {
      violations: [...check(whole, final), ...(await checkWindows(lists, final.log))],
      history: whole,
      final,
      changes: final.log.length,
      writes: history.writes.length,
      imports: final.imports.length,
      polls: done.chains.reduce((sum, { polls }) => sum + polls.length, 0),
      crashes: done.crashes,
    };
  } finally {
    await fleet.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Checks all that happened against what the API shows at the end. */
export function check(history: History, final: FinalState): Violation[] {
  const { violations: ofWrites, located } = checkWrites(history.writes, final.log);
  const imports = history.acknowledgedImports.flatMap(({ answer, acknowledged, process }): LocatedWrite[] =>
    answer.lastSequence === null
      ? []
      : [{ what: `import ${answer.id}`, sequence: answer.lastSequence, acknowledged, process }],
  );
  return [
    ...history.violations,
    ...checkLog(final.log),
    ...history.chains.flatMap((chain) => checkChain(chain, final.log)),
    ...ofWrites,
    ...checkImports(final, history.acknowledgedImports),
    ...checkFreshness(history.chains, [...located, ...imports]),
    ...checkReplay(final),
    ...history.chains.flatMap((chain) => checkListingCopy(chain, final)),
  ];
}

async function work(
  options: SessionOptions,
  fleet: Fleet,
  history: Parameters<typeof writeEdits>[0]["history"],
  intern: Interner,
): Promise<{ chains: Chain[]; crashes: number }> {
  const { seed, processes, decisions, seconds, largestFile, furtherReaders = [] } = options;
  const keys = await setUp(fleet);
  const all = Array.from({ length: processes }, (_, process) => process);
  const deadline = performance.now() + seconds * 1000;
  const goesOn = (decision: number) => decision < decisions || performance.now() < deadline;
  const written = new AbortController();
  const readers = [...usualReaders(processes), ...furtherReaders].map((plan) => {
    const random = createRandom(seed, plan.name);
    const context = { fleet, history, random, key: adminKey, processes: all, intern, written: written.signal };
    return follow(context, plan);
  });
  const context = { fleet, history, seed, processes: all };
  const writers = [
    ...editors.map((name) => writeEdits({ ...context, name, key: keys.of(name), goesOn }, keys.shared)),
    ...importers.map((name) => {
      const fewer = (decision: number) => decision < decisions / 8 || performance.now() < deadline;
      return writeImports({ ...context, name, key: keys.of(name), goesOn: fewer }, keys.of("approver"), largestFile);
    }),
  ];
  const isWriting = Promise.all(writers).finally(() => written.abort());
  const [crashed] = await Promise.all([
    crash(options, fleet, createRandom(seed, "crashes"), history, written.signal),
    isWriting,
  ]);
  return { chains: await Promise.all(readers), crashes: crashed };
}

/** Kills something now and then, every second time while an import runs, and starts it again. */
async function crash(
  { crashes: most, crashesPostgreSql, database }: SessionOptions,
  fleet: Fleet,
  random: Random,
  history: History,
  over: AbortSignal,
): Promise<number> {
  for (let crashes = 0; ; crashes += 1) {
    if (crashes === most) return crashes;
    await sleep(random.between(200, 1_200));
    const isForImport = random.chance(0.6);
    for (let waited = 0; isForImport && waited < 1_000 && history.importsUnderWay === 0; waited += 5) await sleep(5);
    if (isForImport) await sleep(random.between(0, 250));
    const process = random.between(0, fleet.size - 1);
    const pause = random.between(0, 300);
    const isPostgreSql = random.chance(1 / 3) && crashesPostgreSql === true;
    if (over.aborted) return crashes;
    if (isPostgreSql) {
      await crashPostgreSql(database, random);
    } else {
      await fleet.kill(process);
      await sleep(pause);
      await fleet.start(process);
    }
  }
}

/** Makes the keys, the sources, and what several writers change. */
async function setUp(fleet: Fleet): Promise<{ of(name: string): string; shared: SharedThings }> {
  const ask = async (method: "POST" | "PUT" | "PATCH", path: string, body: object) => {
    const answer = await send(fleet, 0, { method, path, body, key: adminKey });
    if (answer === undefined || answer.status >= 300) throw new Error(`${path}: ${answer?.status} ${answer?.body}`);
    return answer.json;
  };
  const keys = new Map<string, string>();
  const services = { edits: ["admin"], imports: ["import"], approver: ["approvals"] };
  for (const name of [...editors, ...importers, "approver"]) {
    const kind = name.replace(/-\d+$/, "") as keyof typeof services;
    keys.set(name, (await ask("POST", "/v1/api-keys", { name, services: services[kind] })).key);
  }
  const settings = { createGroups: ["IMP-*"], createLocations: true };
  await ask("PATCH", "/v1/organization", { settings });
  for (const source of sources) await ask("PUT", `/v1/sources/${source}`, {});
  const groupIds = ["SHARED-1", "SHARED-2"];
  for (const groupId of [...groupIds, ...importedGroupIds]) await ask("POST", "/v1/groups", { groupId });
  const userIds: string[] = [];
  for (const username of ["shared1", "shared2", "shared3"]) {
    const person = { firstName: "Shared", lastName: "Person", username, emails: [`${username}@example.edu`] };
    userIds.push((await ask("POST", "/v1/users", { ...person, memberships: [{ groupId: "SHARED-1" }] })).id);
  }
  return { of: (name) => keys.get(name)!, shared: { userIds, groupIds, importedGroupIds } };
}

const everything = { of: "everything" } as const;

/** A reader by cursor of everything in pages of 100, but for what is said. */
export const reader = (name: string, other: Partial<ReaderPlan> = {}): ReaderPlan => ({
  name,
  by: "cursor",
  scope: everything,
  limit: 100,
  wait: 0,
  format: "json",
  startsWithListing: false,
  ...other,
});

function usualReaders(processes: number): ReaderPlan[] {
  return [
    reader("cursors of 7", { limit: 7 }),
    reader("cursors of 1,000, lines", { limit: 1_000, format: "ndjson" }),
    reader("times of 50", { by: "times", limit: 50 }),
    reader("times of 10,000, lines", { by: "times", limit: 10_000, format: "ndjson" }),
    reader("windows of 200", { by: "windows", limit: 200 }),
    reader("long polls", { wait: 3, limit: 500 }),
    reader("after a listing", { startsWithListing: true }),
    reader("groups and locations", { scope: { of: "types", types: ["group", "location"] } }),
    reader("one imported group", { scope: { of: "group", groupId: "IMP-A" }, limit: 1_000 }),
    ...(processes === 2 ? [reader("long polls by times", { by: "times", wait: 2, limit: 1_000 })] : []),
  ];
}
