import { type Recorded, together } from "../../../changes/record.ts";
import type { ImportCounts } from "../../attempts/import-resource.ts";
import { type Outcomes, rangesIn } from "../../attempts/outcomes.ts";
import { type GuardFigures, nothingFound } from "../../guard/figures.ts";
import type { PlanDescription } from "../../planned-file.ts";

/** The effect of a part of a file, in an organization that knew nobody. */
export interface Part extends PlanDescription {
  readonly recorded: Recorded;
  readonly groups: GroupFigures;
}

/** Numbers of memberships that the file names. */
export interface GroupFigures {
  readonly added: number;
  /** Those in groups that do not exist. */
  readonly unknown: number;
}

/** A part that does nothing. */
export const nothingDone: Part = {
  counts: {
    rows: 0,
    people: 0,
    added: 0,
    updated: 0,
    unchanged: 0,
    removed: 0,
    withdrawn: 0,
    kept: 0,
    failed: 0,
    notAdded: 0,
    warnings: 0,
    merged: 0,
    returned: 0,
    membershipsAdded: 0,
    membershipsRemoved: 0,
    groupsCreated: 0,
    locationsCreated: 0,
  },
  outcomes: {},
  recorded: { count: 0 },
  groups: { added: 0, unknown: 0 },
};

/** Joins two parts. The log has what `first` recorded before what `second` did. */
export function joinParts(first: Part, second: Part): Part {
  return {
    counts: sums(first.counts, second.counts),
    outcomes: joinOutcomes(first.outcomes, second.outcomes),
    recorded: together(first.recorded, second.recorded),
    groups: {
      added: first.groups.added + second.groups.added,
      unknown: first.groups.unknown + second.groups.unknown,
    },
  };
}

const sums = (one: ImportCounts, other: ImportCounts): ImportCounts =>
  Object.fromEntries(
    Object.entries(one).map(([name, count]) => [name, count + other[name as keyof ImportCounts]]),
  ) as unknown as ImportCounts;

const outcomeNames = ["added", "updated", "removed", "failed", "notAdded"] as const;

function joinOutcomes(one: Outcomes, other: Outcomes): Outcomes {
  const joined = outcomeNames.map((name) => [name, joinRanges(one[name], other[name])] as const);
  return Object.fromEntries(joined.filter(([, ranges]) => ranges !== undefined));
}

/** Joins two multiranges, as PostgreSQL writes them. */
function joinRanges(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const end = Number(one.slice(one.lastIndexOf(",") + 1, -2));
  const start = Number(other.slice(2, other.indexOf(",")));
  // Most parts follow each other, so their texts can be joined without reading them.
  if (start > end) return `${one.slice(0, -1)},${other.slice(1)}`;
  if (start === end) return one.slice(0, -`${end})}`.length) + other.slice(`{[${start},`.length);
  const joined: [number, number][] = [];
  for (const [from, to] of [...rangesIn(one), ...rangesIn(other)].sort(([a], [b]) => a - b)) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return `{${joined.map(([from, to]) => `[${from},${to})`).join(",")}}`;
}

/**
 * Makes the figures that the guard judges of all parts together. Nothing is removed, and nobody is known under another
 * identifier or from another source.
 */
export function figuresOfParts(
  { counts, groups }: Part,
  source: Pick<GuardFigures, "isRoster" | "sourceName" | "peopleInLastRoster" | "rolesGranted">,
): GuardFigures {
  return {
    ...nothingFound,
    ...source,
    rows: counts.rows,
    peopleInFile: counts.people,
    peopleNew: counts.added,
    rowsFailed: { count: counts.failed, examples: [] },
    groupsNamed: groups.added + groups.unknown,
    groupsUnknown: { count: groups.unknown, examples: [] },
  };
}
