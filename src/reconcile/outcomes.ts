/** What becomes of a row. */
export type RowOutcome = "added" | "updated" | "unchanged" | "removed" | "failed";

/**
 * The rows of an import by what became of them, as PostgreSQL writes multiranges: `{[1,5),[7,8)}`; rows that are in none
 * are unchanged. `notAdded` are those of the failed ones whose people are not known.
 */
export type Outcomes = { readonly [Outcome in Exclude<RowOutcome, "unchanged"> | "notAdded"]?: string } & {
  /** In a file of groups: ids of the groups that rows are about, by row. */
  readonly groupIds?: Readonly<Record<string, string>>;
};

/** What a response file says was to be done with a row (feed formats, section 8). */
export type RowAction = "Add" | "Modify" | "Remove";

/** Tells what became of rows that are asked for in ascending order. */
export interface OutcomeReader {
  /** @param row 1-based */
  outcomeOf(row: number): { readonly outcome: RowOutcome; readonly action: RowAction };
}

const names = ["added", "updated", "removed", "failed"] as const;
const actions: Readonly<Record<RowOutcome, RowAction>> = {
  added: "Add",
  updated: "Modify",
  unchanged: "Modify",
  removed: "Remove",
  failed: "Modify",
};

/** A reader that walks the ranges once, however many rows there are. */
export function readOutcomes(outcomes: Outcomes): OutcomeReader {
  const walks = names.map((name) => [name, walk(outcomes[name])] as const);
  const isNotAdded = walk(outcomes.notAdded);
  return {
    outcomeOf(row) {
      const found = walks.filter(([, contains]) => contains(row)).at(-1)?.[0];
      const notAdded = isNotAdded(row);
      const outcome = found ?? "unchanged";
      return { outcome, action: notAdded ? "Add" : actions[outcome] };
    },
  };
}

/** Whether a multirange holds a number, asked in ascending order. */
function walk(multirange: string | undefined): (row: number) => boolean {
  const ranges = (multirange ?? "").matchAll(/\[(\d+),(\d+)\)/g);
  let range = ranges.next().value;
  return (row) => {
    while (range && row >= Number(range[2])) range = ranges.next().value;
    return range !== undefined && row >= Number(range[1]);
  };
}
