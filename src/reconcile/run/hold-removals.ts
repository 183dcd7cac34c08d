import { heldOutcomes } from "../attempts/outcomes.ts";
import type { HoldReason } from "../guard/hold.ts";
import { applyPlan, describePlan, finishRun, keepPlan } from "./carry-out.ts";
import type { Run } from "./plan-run.ts";

/** Applies the part of a plan that takes nothing away. The rest of the file becomes a plan that waits for a decision. */
export async function holdRemovals(run: Run, reasons: HoldReason[]): Promise<void> {
  const additions = await run.planned.planAgain(true);
  const { counts, outcomes } = await describePlan(run, additions);
  const recorded = await applyPlan(run, additions);
  const rest = await additions.planAgain(false);
  const held = heldOutcomes((await rest.describe()).outcomes);
  await rest.keepAbsent(run.attempt.id);
  const waiting = await rest.countWaiting();
  const planHash = await keepPlan(run, rest);
  await finishRun(run, {
    status: "held",
    counts,
    outcomes: { ...outcomes, held },
    recorded,
    hold: { scope: "removals", reasons, waiting },
    planHash,
  });
}
