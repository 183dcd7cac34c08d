import { constancyOf, type GroupTimes, groupGoals, groupMembers } from "./groups.ts";
import type { LimitTimes } from "./limit/limit.ts";
import type { MusterTimes } from "./muster.ts";
import type { ScriptTimes } from "./script/script.ts";
import type { BenchStyle } from "./service.ts";
import { renderTable } from "./table.ts";

/** Medians for one size of campus; absent is what was not measured. */
export interface SizeResults {
  readonly people: number;
  readonly xmlBytes: number;
  readonly limit?: LimitTimes;
  readonly muster?: MusterTimes;
  /** Muster with its guard switched off. */
  readonly unguarded?: MusterTimes;
  /** Reckoned from a smaller campus. */
  readonly script?: ScriptTimes;
}

/** Everything that a report says. */
export interface Results {
  /** When it was measured, YYYY-MM-DD. */
  readonly date: string;
  readonly machine: string;
  readonly versions: string;
  readonly seed: number;
  readonly repetitions: number;
  readonly style: BenchStyle;
  /** Load average of the machine before and after: whether anything else was running. */
  readonly load: readonly [before: number, after: number];
  /** People for whom the campus's own script was really run. */
  readonly scriptPeople: number;
  readonly sizes: readonly SizeResults[];
  readonly groups?: GroupTimes;
}

type Step = "firstLoad" | "sameAgain" | "nextDay";

const steps: readonly Step[] = ["firstLoad", "sameAgain", "nextDay"];
const stepNames: Readonly<Record<Step, string>> = {
  firstLoad: "first load",
  sameAgain: "same again",
  nextDay: "next day",
};

/** How many times the limit's time Muster may take. The limit of a first load is the faster one, without indexes. */
const goals: Readonly<Record<Step, number>> = { firstLoad: 2.5, sameAgain: 3, nextDay: 3 };
const memoryGoal = 300_000_000;
/** A person of the largest campus may take this much longer than one of the smallest. */
const linearityGoal = 1.2;

/** Renders the results as Markdown whose tables read well in a terminal too. */
export function renderReport(results: Results): string {
  const { date, machine, versions, seed, repetitions, style, load, scriptPeople, sizes } = results;
  const lines = [
    "# Measurements",
    "",
    `${date}, ${machine}; ${versions}. Load average before ${load[0].toFixed(1)}, after ${load[1].toFixed(1)}.`,
    `Seed ${seed}; medians of ${repetitions}, limit and Muster taking turns. Seconds of wall-clock time, end to end:`,
    "the limit is psql with the CSV on its standard input, Muster is curl with the XML over HTTP, both on one server.",
    "CPU is processor time of PostgreSQL and Muster, which other work on the machine disturbs less than the clock.",
    "Statistics and a checkpoint are made before each step. Every step's outcome was compared with the campus's figures.",
    ...(style === "normal"
      ? ["Muster works in normal style, where nobody is removed on the next day; the limit removes who has left."]
      : [`Muster works in ${style} style.`]),
    "",
    ...sizes.flatMap((size) => renderSize(size, scriptPeople)),
    ...renderLinearity(sizes),
    ...(results.groups === undefined ? [] : renderGroups(results.groups)),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

function renderSize(size: SizeResults, scriptPeople: number): string[] {
  const { people, xmlBytes, limit, muster, unguarded, script } = size;
  const rows = steps.map((step) => {
    const reference = limit === undefined ? undefined : limitOf(limit, step);
    const cost = muster?.[step];
    const own = step === "nextDay" ? script?.sameAgain : script?.[step];
    const ratio = ratioOf(cost?.seconds, reference?.seconds);
    const cpuRatio = ratioOf(cost?.cpuSeconds, reference?.cpuSeconds);
    return [
      stepNames[step],
      fixed(reference?.seconds),
      fixed(cost?.seconds),
      fixed(ratio),
      `≤ ${goals[step]}`,
      ratio === undefined ? "" : ratio <= goals[step] ? "met" : "NOT met",
      fixed(reference?.cpuSeconds),
      fixed(cost?.cpuSeconds),
      fixed(cpuRatio),
      own === undefined ? "" : `~${own.toFixed(0)}`,
    ];
  });
  const notes = [
    ...(limit === undefined ? [] : [indexedNote(limit, muster)]),
    ...(muster === undefined ? [] : [memoryNote(muster.peakMemory)]),
    ...(muster === undefined || unguarded === undefined ? [] : [guardNote(muster, unguarded)]),
    ...(script === undefined
      ? []
      : [
          `Own script: fast-xml-parser and a Prisma upsert per person, run for ${scriptPeople.toLocaleString("en")} people and reckoned linearly for this many; it removes nobody and keeps no log.`,
        ]),
  ];
  return [
    `## ${people.toLocaleString("en")} people (${(xmlBytes / 1e6).toFixed(1)} MB of XML)`,
    "",
    ...renderTable(
      ["step", "limit s", "Muster s", "ratio", "goal", "", "limit CPU s", "Muster CPU s", "ratio", "own script s"],
      rows,
    ),
    "",
    ...notes.map((note) => `- ${note}`),
    "",
  ];
}

const limitOf = (limit: LimitTimes, step: Step) => (step === "firstLoad" ? limit.firstLoadBare : limit[step]);
const fixed = (value: number | undefined) => (value === undefined ? "" : value.toFixed(2));
const ratioOf = (value: number | undefined, reference: number | undefined) =>
  value === undefined || reference === undefined ? undefined : value / reference;

function indexedNote(limit: LimitTimes, muster: MusterTimes | undefined): string {
  const { seconds, cpuSeconds } = limit.firstLoadIndexed;
  const ratio = muster === undefined ? "" : `, Muster ${fixed(muster.firstLoad.seconds / seconds)} times as long`;
  return `First load with the indexes in place, as they are in a live database: the limit takes ${fixed(seconds)} s (${fixed(cpuSeconds)} s CPU)${ratio}. In the table, the limit builds them after the rows.`;
}

function memoryNote(peakMemory: number): string {
  const verdict = peakMemory <= memoryGoal ? "met" : "NOT met";
  return `Peak memory of Muster's process: ${(peakMemory / 1e6).toFixed(0)} MB (goal ≤ ${memoryGoal / 1e6} MB: ${verdict}).`;
}

/** How much longer an import may take for the guard's looking at it. */
const guardGoal = 1.1;

function guardNote(guarded: MusterTimes, unguarded: MusterTimes): string {
  const shares = steps.map((step) => {
    const ratio = guarded[step].cpuSeconds / unguarded[step].cpuSeconds;
    return `${stepNames[step]} ${fixed(ratio)} times (${ratio <= guardGoal ? "met" : "NOT met"})`;
  });
  return `The guard: processor time with it, compared with the same imports without (goal ≤ ${guardGoal}): ${shares.join(", ")}.`;
}

function renderLinearity(sizes: readonly SizeResults[]): string[] {
  const measured = sizes.filter((size) => size.muster !== undefined).sort((a, b) => a.people - b.people);
  const [small, large] = [measured.at(0), measured.at(-1)];
  if (small?.muster === undefined || large?.muster === undefined || small === large) return [];
  const rows = steps.map((step) => {
    const [perSmall, perLarge] = [
      small.muster![step].seconds / small.people,
      large.muster![step].seconds / large.people,
    ];
    const ratio = perLarge / perSmall;
    const micro = (perPerson: number) => (perPerson * 1e6).toFixed(1);
    return [stepNames[step], micro(perSmall), micro(perLarge), ratio.toFixed(2), ratio <= linearityGoal ? "yes" : "NO"];
  });
  const [few, many] = [small.people.toLocaleString("en"), large.people.toLocaleString("en")];
  const title = ["step", `µs a person of ${few}`, `µs a person of ${many}`, "ratio", `linear (≤ ${linearityGoal})`];
  return ["## Growth of Muster's time", "", ...renderTable(title, rows), ""];
}

function renderGroups(times: GroupTimes): string[] {
  const { fill, addOne, firstPages, lastPages, purge } = times;
  const verdict = (isMet: boolean) => (isMet ? "met" : "NOT met");
  const constancy = constancyOf(times);
  const { constancy: least, ...most } = groupGoals;
  const rows = [
    ["all come, in one request", `${fixed(fill)} s`, "", ""],
    ["one more comes (median)", `${addOne.toFixed(1)} ms`, `≤ ${most.addOne} ms`, verdict(addOne <= most.addOne)],
    ["page of 1,000, first tenth (median)", `${firstPages.toFixed(1)} ms`, "", ""],
    ["page of 1,000, last tenth (median)", `${lastPages.toFixed(1)} ms`, "", ""],
    ["members a second, last tenth to first", fixed(constancy), `≥ ${least}`, verdict(constancy >= least)],
    ["all leave (purge)", `${fixed(purge)} s`, `≤ ${most.purge} s`, verdict(purge <= most.purge)],
  ];
  return [
    `## A group of ${groupMembers.toLocaleString("en")} people`,
    "",
    "As a client on the same machine sees it, over HTTP; each change with its entries in the change log.",
    "",
    ...renderTable(["step", "Muster", "goal", ""], rows),
    "",
  ];
}
