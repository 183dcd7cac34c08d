import { type Recorded, together } from "../../../changes/record.ts";
import { type Outcomes, rangesIn } from "../../attempts/outcomes.ts";
import type { ImportCounts } from "../../attempts/types.ts";
import { type GuardFigures, nothingFound } from "../../guard/guard.ts";
import type { PlanDescription } from "../../planned-file.ts";

/** What a part of a file did, in an organization that knew nobody. */
export interface Part extends PlanDescription {
  readonly recorded: Recorded;
  readonly groups: GroupFigures;
}

/** Memberships that the file names: those that were added, and those in groups that are not there. */
export interface GroupFigures {
  readonly added: number;
  readonly unknown: number;
}

/** A part that does nothing yet. */
export const nothingDone: Part = {
  counts: {
    ...{ rows: 0, people: 0, added: 0, updated: 0, unchanged: 0, removed: 0, withdrawn: 0, kept: 0, failed: 0 },
    ...{ notAdded: 0, warnings: 0, merged: 0, membershipsAdded: 0, membershipsRemoved: 0 },
    ...{ groupsCreated: 0, locationsCreated: 0 },
  },
  outcomes: {},
  recorded: { count: 0 },
  groups: { added: 0, unknown: 0 },
};

/** Two parts as one; what `other` recorded comes after what `one` did. */
export function joinParts(one: Part, other: Part): Part {
  return {
    counts: sums(one.counts, other.counts),
    outcomes: joinOutcomes(one.outcomes, other.outcomes),
    recorded: together(one.recorded, other.recorded),
    groups: { added: one.groups.added + other.groups.added, unknown: one.groups.unknown + other.groups.unknown },
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

/** Two multiranges as one. */
function joinRanges(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const end = Number(one.slice(one.lastIndexOf(",") + 1, -2));
  const start = Number(other.slice(2, other.indexOf(",")));
  // Most parts come one after the other.
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

/** What the guard judges: nobody and nothing can be removed, nor known under another identifier or from another source. */
export function figuresOfParts(
  { counts, groups }: Part,
  of: Pick<GuardFigures, "isRoster" | "sourceName" | "peopleInLastRoster">,
): GuardFigures {
  return {
    ...{ ...nothingFound, ...of },
    ...{ rows: counts.rows, peopleInFile: counts.people, rowsFailed: { count: counts.failed, examples: [] } },
    ...{ groupsNamed: groups.added + groups.unknown, groupsUnknown: { count: groups.unknown, examples: [] } },
  };
}
