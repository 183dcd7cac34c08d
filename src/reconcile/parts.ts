import { type Recorded, together } from "../changes/record.ts";
import { type GuardFigures, nothingFound } from "./guard.ts";
import type { Outcomes } from "./outcomes.ts";
import type { PlanDescription } from "./planned-file.ts";
import type { ImportCounts } from "./types.ts";

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

/** Two parts as one; the rows of `other` come after those of `one`. */
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

/** Two multiranges as one: where one ends at which the other begins, a range goes on. */
function joinRanges(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const end = /(\d+)\)\}$/.exec(one)?.[1] ?? "";
  return other.startsWith(`{[${end},`)
    ? one.slice(0, -`${end})}`.length) + other.slice(`{[${end},`.length)
    : `${one.slice(0, -1)},${other.slice(1)}`;
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
