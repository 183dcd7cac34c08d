import type { ImportCounts } from "../attempts/import-resource.ts";
import type { Outcomes } from "../attempts/outcomes.ts";
import { type GuardFigures, nothingFound } from "../guard/figures.ts";
import type { RecordPlan } from "./record-plan.ts";

/** The figures that the guard judges in a file of groups or locations: the memberships that it ends, of any source. */
export function guardFigures({ memberships, losses, locationLosses }: RecordPlan, rows: number): GuardFigures {
  return {
    ...nothingFound,
    isRoster: false,
    sourceName: "the organization",
    rows,
    membershipsOfSource: memberships.before,
    membershipsRemoved: memberships.removed,
    groupLosses: losses,
    locationLosses,
  };
}

/** Counts an import of groups or locations. They are counted where people are counted otherwise. */
export function recordCounts(
  { items, failures, warnings, notAdded, memberships }: RecordPlan,
  rows: number,
): ImportCounts {
  const of = (action: "add" | "update" | "remove") => items.filter((item) => item.action === action).length;
  return {
    rows,
    people: 0,
    added: of("add"),
    updated: of("update"),
    unchanged: rows - failures.size - items.length,
    removed: of("remove"),
    withdrawn: 0,
    kept: 0,
    failed: failures.size,
    notAdded: notAdded.length,
    warnings: [...warnings.values()].filter((issues) => issues.length > 0).length,
    merged: 0,
    returned: 0,
    membershipsAdded: memberships.added,
    membershipsRemoved: memberships.removed,
    groupsCreated: 0,
    locationsCreated: 0,
  };
}

/** The rows of each outcome. */
export function multiranges({ items, failures, notAdded }: RecordPlan): Outcomes {
  const rowsOf = (action: "add" | "update" | "remove") =>
    items.filter((item) => item.action === action).map(({ row }) => row);
  const outcomes = {
    added: rowsOf("add"),
    updated: rowsOf("update"),
    removed: rowsOf("remove"),
    failed: [...failures.keys()],
    notAdded,
  };
  return Object.fromEntries(
    Object.entries(outcomes)
      .filter(([, rows]) => rows.length > 0)
      .map(([outcome, rows]) => [outcome, multirange(rows)]),
  );
}

/** Rows as PostgreSQL writes a multirange: `{[1,5),[7,8)}`. */
function multirange(rows: readonly number[]): string {
  const ranges: [first: number, end: number][] = [];
  for (const row of [...rows].sort((one, other) => one - other)) {
    const last = ranges.at(-1);
    if (last?.[1] === row) last[1] = row + 1;
    else ranges.push([row, row + 1]);
  }
  return `{${ranges.map(([first, end]) => `[${first},${end})`).join(",")}}`;
}
