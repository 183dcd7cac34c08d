import type { ToldChange, Violation } from "./history.ts";
import { type ListContext, read } from "./lists.ts";

/** Windows that are tried. */
const windows = 12;

/**
 * Cuts the log into windows `(since, until]`, at times of entries, a microsecond beside them, and between them, and checks
 * that they tile: each change is told in exactly one.
 */
export async function checkWindows(context: ListContext, log: readonly ToldChange[]): Promise<Violation[]> {
  const { random } = context;
  if (log.length === 0) return [];
  const edges = random.some(log, windows).map(({ at }) => beside(at, random.pick([-1, 0, 0, 0, 1])));
  const cuts = ["1970-01-01T00:00:00Z", ...new Set(edges.sort()), undefined];
  const violations: Violation[] = [];
  let next = 0;
  for (const [index, until] of cuts.slice(1).entries()) {
    const since = cuts[index]!;
    const told = await readWindow(context, since, until);
    const expected = log.slice(next).filter(({ at }) => until === undefined || at <= until);
    next += expected.length;
    const wrong = expected.findIndex(({ sequence }, place) => told[place]?.sequence !== sequence);
    if (wrong < 0 && told.length === expected.length) continue;
    const message = `(${since}, ${until ?? "end"}] told ${told.length} changes, of which the log has ${expected.length}`;
    violations.push({
      kind: "window",
      where: "windows",
      message,
      around: expected.slice(Math.max(0, wrong - 2), wrong + 3),
    });
  }
  return violations;
}

async function readWindow(context: ListContext, since: string, until: string | undefined): Promise<ToldChange[]> {
  const told: ToldChange[] = [];
  const limit = context.random.pick([97, 1_000, 10_000]);
  for (let place = `since=${since}`; ; ) {
    const page = await read(
      context,
      `/v1/changes?${place}&limit=${limit}${until === undefined ? "" : `&until=${until}`}`,
    );
    told.push(...page.changes);
    if (!page.hasMore || told.length > 1_000_000) return told;
    place = `cursor=${encodeURIComponent(page.cursor)}`;
  }
}

/** The time so many microseconds later. */
function beside(at: string, microseconds: number): string {
  const whole = BigInt(Date.parse(at)) * 1000n + BigInt(at.slice(23, 26)) + BigInt(microseconds);
  return `${new Date(Number(whole / 1000n)).toISOString().slice(0, 23)}${String(whole % 1000n).padStart(3, "0")}Z`;
}
