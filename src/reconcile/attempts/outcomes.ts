import type { IssueDetails, RowIssueCode } from "../../errors.ts";

/** The effect of an import on a row. */
export type RowOutcome = "added" | "updated" | "unchanged" | "removed" | "failed";

/**
 * The rows of an import by outcome, in PostgreSQL's notation of multiranges: `{[1,5),[7,8)}`; rows that are in none
 * are unchanged. `notAdded` counts failed rows whose people are not known.
 */
export type Outcomes = { readonly [Outcome in Exclude<RowOutcome, "unchanged"> | "notAdded"]?: string } & {
  /** In a file of groups: ids of the groups that rows are about, by row. */
  readonly groupIds?: Readonly<Record<string, string>>;
  /** Ids of the people whom the file does not name and who are deleted, as a multirange. */
  readonly absent?: string;
  /** The reason of all failed rows, if they have one, and there are several. */
  readonly commonFailure?: CommonFailure;
  /** The outcomes of the held part of an import, whether applied by now or not. */
  readonly held?: HeldOutcomes;
};

/** The one reason for which all failed rows of an import failed, with the values of the first of them. */
export interface CommonFailure {
  readonly code: RowIssueCode;
  readonly details: IssueDetails;
}

/** Rows that take something away, and the absent people. */
export type HeldOutcomes = { readonly [Outcome in "updated" | "removed" | "absent"]?: string };

/** The outcomes of a part that was held. */
export const heldOutcomes = ({ updated, removed, absent }: Outcomes): HeldOutcomes => ({
  ...(updated === undefined ? {} : { updated }),
  ...(removed === undefined ? {} : { removed }),
  ...(absent === undefined ? {} : { absent }),
});

/** The action that a response file reports for a row (file formats, section 8). */
export type RowAction = "Add" | "Modify" | "Remove";

/** Tells what became of rows that are asked for in ascending order. */
export interface OutcomeReader {
  /** @param row 1-based */
  outcomeOf(row: number): {
    readonly outcome: RowOutcome;
    readonly action: RowAction;
    /** The row takes something away that is held, and that is not done. */
    readonly isHeld: boolean;
  };
}

const names = ["added", "updated", "removed", "failed"] as const;
const actions: Readonly<Record<RowOutcome, RowAction>> = {
  added: "Add",
  updated: "Modify",
  unchanged: "Modify",
  removed: "Remove",
  failed: "Modify",
};

/**
 * A reader that walks the ranges once, however many rows there are.
 * @param isHeldApplied whether the part that was held has been applied
 */
export function readOutcomes(outcomes: Outcomes, isHeldApplied: boolean): OutcomeReader {
  const walks = names.map((name) => [name, walk(outcomes[name])] as const);
  const isNotAdded = walk(outcomes.notAdded);
  const isUpdatedByHeld = walk(outcomes.held?.updated);
  const isRemovedByHeld = walk(outcomes.held?.removed);
  return {
    outcomeOf(row) {
      const found = walks.filter(([, contains]) => contains(row)).at(-1)?.[0];
      const notAdded = isNotAdded(row);
      const [updates, removes] = [isUpdatedByHeld(row), isRemovedByHeld(row)];
      const byHeld = removes ? "removed" : updates && found === undefined ? "updated" : found;
      const outcome = (isHeldApplied ? byHeld : found) ?? "unchanged";
      const action = notAdded ? "Add" : removes ? "Remove" : actions[outcome];
      return { outcome, action, isHeld: !isHeldApplied && (updates || removes) };
    },
  };
}

/** Returns a function that tells whether a multirange contains a number. Ask in ascending order. */
function walk(multirange: string | undefined): (row: number) => boolean {
  const ranges = rangesIn(multirange ?? "");
  let range = ranges.next().value;
  return (row) => {
    while (range && row >= range[1]) range = ranges.next().value;
    return range !== undefined && row >= range[0];
  };
}

/** The ranges of a multirange, each with its first number and the one after its last. */
export function* rangesIn(multirange: string): Generator<[from: number, to: number], undefined> {
  for (const [, from, to] of multirange.matchAll(/\[(\d+),(\d+)\)/g)) yield [Number(from), Number(to)];
}
