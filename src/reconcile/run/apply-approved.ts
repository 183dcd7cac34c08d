import { auditDecision } from "../attempts/audit-decision.ts";
import { type HeldImport, keepMovedPlan } from "../attempts/held-imports.ts";
import type { Decision } from "../attempts/import-resource.ts";
import { heldOutcomes } from "../attempts/outcomes.ts";
import { dropPlan } from "../attempts/plans.ts";
import { addCounts } from "./add-counts.ts";
import { applyPlan, finishRun, keepPlan } from "./carry-out.ts";
import type { Run } from "./plan-run.ts";

/** Somebody's approval of exactly one plan. */
export interface Approval {
  readonly planHash: string;
  readonly decision: Decision & { readonly outcome: "approved" };
}

/** The outcome of an approval: the plan is applied, or it has become another one, of which nothing is applied. */
export type Approved =
  | { readonly outcome: "applied" }
  | { readonly outcome: "plan_changed"; readonly planHash: string };

/** Applies a plan that was approved, unless what is stored has changed so that there is another plan now. */
export async function applyApproved(run: Run, held: HeldImport, { planHash, decision }: Approval): Promise<Approved> {
  const { transaction, attempt, planned } = run;
  const { id, organizationId, options } = attempt;
  const waiting = await planned.countWaiting();
  const { counts, outcomes } = await planned.describe();
  await dropPlan(transaction, organizationId, id);
  const hash = await keepPlan(run, planned);
  if (hash !== planHash) {
    await keepMovedPlan(transaction, organizationId, id, { planHash: hash, waiting });
    return { outcome: "plan_changed", planHash: hash };
  }
  const recorded = await applyPlan(run, planned);
  const isRest = held.hold.scope === "removals";
  const firstSequence = held.firstSequence ?? recorded.firstSequence;
  await finishRun(run, {
    status: "applied",
    counts: isRest ? addCounts(options.kind, held.counts, counts) : counts,
    outcomes: isRest ? { ...held.outcomes, held: heldOutcomes(outcomes) } : outcomes,
    recorded: { ...recorded, ...(firstSequence === undefined ? {} : { firstSequence }) },
    hold: held.hold,
    planHash,
    decision,
  });
  await auditDecision(transaction, organizationId, id, decision);
  return { outcome: "applied" };
}
