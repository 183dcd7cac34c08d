import type { Executor } from "../../../store/statement.ts";
import { judgeFigures, type Verdict } from "../../guard/judge.ts";
import { isOff } from "../../guard/limits.ts";
import type { ImportContext } from "../../setup/context.ts";
import type { Setup } from "../../setup/setup.ts";
import { readEarlierChanges } from "./earlier-changes.ts";
import { gatherFigures } from "./gather-figures.ts";

/**
 * Judges the plan in the temporary tables (docs/guard.md). A plan that would be held is judged once more without the values
 * that it only restores: the correct file repairs an accident without a decision.
 */
export async function guardPlan(executor: Executor, context: ImportContext, setup: Setup, at: Date): Promise<Verdict> {
  const { guard: limits, name: sourceName, announcedChange } = setup.source;
  if (isOff(limits)) return { outcome: "passes", uses: null };
  const judge = async () =>
    judgeFigures(await gatherFigures(executor, context, { sourceName, limits, at }), limits, announcedChange, at);
  const verdict = await judge();
  if (verdict.outcome === "passes" && verdict.uses === null) return verdict;
  await readEarlierChanges(executor, context);
  const second = await judge();
  return second.outcome === "passes" && second.uses === null ? { ...second, restores: true } : second;
}
