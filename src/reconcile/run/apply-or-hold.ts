import sql from "sql-template-tag";
import { prepared } from "../../store/sql.ts";
import type { Executor } from "../../store/statement.ts";
import { noteSettled } from "../attempts/settled.ts";
import type { Hold } from "../guard/hold.ts";
import { applyPlan, describePlan, finishRun, keepPlan } from "./carry-out.ts";
import { holdRemovals } from "./hold-removals.ts";
import type { Run } from "./plan-run.ts";

/** Applies a plan, or holds it, or holds what it takes away, as the guard says. A dry run keeps the plan. */
export async function applyOrHold(run: Run, waysOfReading: string): Promise<void> {
  const { transaction, attempt, planned, setup } = run;
  const { id, organizationId } = attempt;
  const { dryRun } = attempt.options;
  const verdict = await planned.judge(run.clock());
  if (verdict.outcome === "held" && verdict.scope === "removals" && !dryRun) return holdRemovals(run, verdict.reasons);
  const hold: Hold | null =
    verdict.outcome === "held"
      ? { scope: verdict.scope, reasons: verdict.reasons, waiting: await planned.countWaiting() }
      : null;
  const { counts, outcomes } = await describePlan(run, planned);
  await planned.keepAbsent(id);
  if (dryRun || hold !== null) {
    const planHash = await keepPlan(run, planned);
    return finishRun(run, { status: dryRun ? "planned" : "held", counts, outcomes, hold, planHash });
  }
  const isSettled = verdict.outcome === "passes" && (await planned.changesNothing());
  const recorded = await applyPlan(run, planned);
  await finishRun(run, { status: "applied", counts, outcomes, recorded });
  if (verdict.outcome !== "passes") return;
  const [isAnnounced, isRestoration] = [verdict.uses !== null, verdict.restores === true];
  if (isSettled && !isAnnounced && !isRestoration) await noteSettled(transaction, organizationId, id, waysOfReading);
  if (isAnnounced) await useAnnouncedChange(transaction, organizationId, setup.source.number, id);
  if (isAnnounced || isRestoration) await noteVerdict(transaction, organizationId, id, { isAnnounced, isRestoration });
}

/** Notes why an import passed that would have been held: the removals and repairs of later imports depend on it. */
async function noteVerdict(
  executor: Executor,
  organizationId: number,
  id: string,
  { isAnnounced, isRestoration }: { readonly isAnnounced: boolean; readonly isRestoration: boolean },
): Promise<void> {
  await executor.query(
    prepared(sql`update imports set is_announced = ${isAnnounced}, is_restoration = ${isRestoration}
     where organization_id = ${organizationId} and id = ${id}`),
  );
}

/** Notes that an import has used the announced change of its source, which counts once. */
async function useAnnouncedChange(
  executor: Executor,
  organizationId: number,
  source: number,
  id: string,
): Promise<void> {
  await executor.query(
    prepared(sql`update sources set announced_change = announced_change || jsonb_build_object('usedBy', ${id}::text)
     where organization_id = ${organizationId} and number = ${source}`),
  );
}
