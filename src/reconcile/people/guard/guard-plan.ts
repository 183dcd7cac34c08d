import type { Executor } from "../../../store/database.ts";
import { judgeFigures, type Verdict } from "../../guard/judge.ts";
import { isOff } from "../../guard/limits.ts";
import type { ImportContext } from "../../setup/context.ts";
import type { Setup } from "../../setup/setup.ts";
import { gatherFigures } from "./gather-figures.ts";

/** Judges the plan in the temporary tables (docs/guard.md). */
export async function guardPlan(executor: Executor, context: ImportContext, setup: Setup, at: Date): Promise<Verdict> {
  const { guard: limits, name: sourceName, announcedChange } = setup.source;
  if (isOff(limits)) return { outcome: "passes", uses: null };
  const figures = await gatherFigures(executor, context, { sourceName, limits });
  return judgeFigures(figures, limits, announcedChange, at);
}
