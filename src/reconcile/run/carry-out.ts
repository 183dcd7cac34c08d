import type { Recorded } from "../../changes/record.ts";
import { announceImport } from "../attempts/announce-import.ts";
import type { Decision } from "../attempts/import-resource.ts";
import { hashPlan } from "../attempts/plans.ts";
import { finishImport, type ImportEnd } from "../attempts/record-attempt.ts";
import type { Hold } from "../guard/hold.ts";
import type { PlanDescription, PlannedFile } from "../planned-file.ts";
import type { OpenImport, Run } from "./plan-run.ts";

/** Counts what a plan does and tells what becomes of each row. Keeps the notes on its rows. */
export async function describePlan({ attempt }: Run, planned: PlannedFile): Promise<PlanDescription> {
  const description = await planned.describe();
  await planned.keepNotes(attempt.id);
  return description;
}

/** Applies a plan and appends it to the change log. */
export function applyPlan({ attempt: { id, actor }, setup, clock }: Run, planned: PlannedFile): Promise<Recorded> {
  return planned.apply({ id, actor, sourceName: setup.source.name, at: clock() });
}

/**
 * Keeps a plan that was not applied.
 * @returns its hash
 */
export async function keepPlan({ transaction, attempt }: Run, planned: PlannedFile): Promise<string> {
  await planned.keepItems(attempt.id);
  return hashPlan(transaction, attempt.organizationId, attempt.id);
}

/** How a run ends. Absent members are null, and nothing recorded. */
export type Ending = Pick<ImportEnd, "status" | "counts" | "outcomes"> & {
  readonly recorded?: Recorded;
  readonly hold?: Hold | null;
  readonly planHash?: string;
  readonly decision?: Decision;
};

/** Records how a run ended, and sends its announcements. */
export async function finishRun(run: OpenImport, { status, counts, outcomes, ...rest }: Ending): Promise<void> {
  const { transaction, attempt, setup, clock, reading } = run;
  const { id, organizationId, actor } = attempt;
  const at = clock();
  const source = setup.source.number;
  await finishImport(transaction, organizationId, id, {
    status,
    counts,
    outcomes,
    reading,
    mapping: attempt.options.kind === "users" ? setup.source.mapping : null,
    hold: rest.hold ?? null,
    decision: rest.decision ?? null,
    planHash: rest.planHash ?? null,
    recorded: rest.recorded ?? { count: 0 },
    source,
    actor,
    at,
  });
  const kind = status === "held" ? "import_held" : isFirstRoster(run, status) ? "first_roster" : null;
  if (kind) await announceImport(transaction, organizationId, id, kind, { source, at });
}

/** From here on the source deletes people whom its files leave out. */
const isFirstRoster = ({ attempt, setup }: OpenImport, status: ImportEnd["status"]) =>
  attempt.options.kind === "users" && status === "applied" && setup.isFirstOfSource && setup.rules.deletesAbsentPeople;
