import type { Cost } from "../measure.ts";
import { renderTable } from "../table.ts";
import type { DayCosts } from "./days.ts";
import { type NightCosts, nightNames } from "./nights.ts";

/** The nights of one size of campus. */
export interface NightResults {
  readonly people: number;
  readonly limit: DayCosts;
  readonly muster: DayCosts;
  readonly nights: NightCosts;
}

/** How many times the limit's time Muster may take. */
const dayGoals = { firstLoad: 1.4, nextDay: 1.5 } as const;
const dayNames = { firstLoad: "first load, indexes in place", nextDay: "next day" } as const;
const nightGoals: ReadonlyMap<string, number> = new Map([
  ["clean XML, every digest known", 1],
  ["byte-identical", 0.5],
  ["full comparison, no digest known", 1.5],
]);
/** How many times the cost of the clean file any other night may take. */
const ordinaryGoal = 1.3;

const fixed = (value: number) => value.toFixed(2);

const row = (name: string, cost: Cost, reference: Cost, goal: number) => {
  const [ratio, cpuRatio] = [cost.seconds / reference.seconds, cost.cpuSeconds / reference.cpuSeconds];
  const verdict = Math.max(ratio, cpuRatio) <= goal ? "met" : "NOT met";
  return [name, fixed(cost.seconds), fixed(cost.cpuSeconds), fixed(ratio), fixed(cpuRatio), `≤ ${goal}`, verdict];
};

const title = (of: string) => [of, "s", "CPU s", "ratio", "CPU ratio", "goal", ""];

/** Renders the nights as Markdown. */
export function renderNights({ people, limit, muster, nights }: NightResults): string {
  const measured = nightNames.filter((name) => nights.has(name));
  const clean = nights.get(nightNames[0]!);
  const toLimit = [
    ...(["firstLoad", "nextDay"] as const).map((day) => row(dayNames[day], muster[day], limit[day], dayGoals[day])),
    ...measured.flatMap((name) => {
      const goal = nightGoals.get(name);
      // An unchanged row costs the limit the same, whichever way it is known.
      return goal === undefined ? [] : [row(name, nights.get(name)!, limit.sameAgain, goal)];
    }),
  ];
  const toClean = measured.filter((name) => !nightGoals.has(name));
  const costs = (["firstLoad", "sameAgain", "nextDay"] as const).map(
    (day) => `${day} ${fixed(limit[day].seconds)} s (${fixed(limit[day].cpuSeconds)} s CPU)`,
  );
  return [
    `## Nights of ${people.toLocaleString("en")} people`,
    "",
    `The limit takes ${costs.join(", ")}.`,
    "",
    ...renderTable(title("compared with the limit"), toLimit),
    "",
    ...(clean === undefined
      ? []
      : renderTable(
          title("compared with the clean XML file"),
          toClean.map((name) => row(name, nights.get(name)!, clean, ordinaryGoal)),
        )),
    "",
  ].join("\n");
}
