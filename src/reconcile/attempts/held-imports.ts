import sql from "sql-template-tag";
import { type ChangeEntry, type Origin, recordChanges } from "../../changes/record.ts";
import { MusterError } from "../../errors.ts";
import { prepared } from "../../store/sql.ts";
import type { Executor } from "../../store/statement.ts";
import type { Hold } from "../guard/hold.ts";
import { type Decision, earlierCounts, type ImportCounts, type ImportStatus } from "./import-resource.ts";
import type { Outcomes } from "./outcomes.ts";

/** Builds the change log's entry of an import: that it is held, or how it was decided. */
export const importEntry = (
  id: string,
  from: "held" | null,
  to: "held" | "applied" | "discarded",
  decision: Decision | null,
): ChangeEntry => ({
  type: "import",
  action: from === null ? "created" : "updated",
  id,
  changed: { status: { from, to }, ...(decision === null ? {} : { decision: { from: null, to: decision } }) },
});

export async function recordDecided(
  executor: Executor,
  organizationId: number,
  origin: Origin,
  decided: readonly { readonly id: string; readonly decision: Decision }[],
  status: "applied" | "discarded",
): Promise<void> {
  if (decided.length === 0) return;
  const entries = decided.map(({ id, decision }) => importEntry(id, "held", status, decision));
  await recordChanges(executor, organizationId, origin, entries);
}

/** An import that is held, as a decision about it needs to know it. */
export interface HeldImport {
  readonly hold: Hold;
  readonly counts: ImportCounts;
  readonly outcomes: Outcomes;
  readonly planHash: string;
  /** The result of the part that was applied before. */
  readonly firstSequence?: number;
}

interface StoredHold {
  [column: string]: unknown;
  status: ImportStatus;
  hold: Hold;
  decision: Decision | null;
  counts: ImportCounts;
  outcomes: Outcomes;
  planHash: string;
  firstSequence: number | null;
}

/**
 * Locks an import that is held: nobody else can decide about it until the transaction ends.
 * @throws MusterError not_found; conflict when it is not held (any more), with who decided
 */
export async function lockHeld(executor: Executor, organizationId: number, id: string): Promise<HeldImport> {
  const { rows } = await executor.query<StoredHold>(
    prepared(sql`select status, hold, decision, counts, outcomes, plan_hash as "planHash", first_sequence as "firstSequence"
     from imports where organization_id = ${organizationId} and id = ${id} for update`),
  );
  const [stored] = rows;
  if (!stored) throw new MusterError("not_found", "There is no such import.");
  const { status, hold, decision, counts, outcomes, planHash, firstSequence } = stored;
  if (status !== "held") throw new MusterError("conflict", notHeld(decision));
  const held = { hold, counts: { ...earlierCounts, ...counts }, outcomes, planHash };
  return firstSequence === null ? held : { ...held, firstSequence };
}

function notHeld(decision: Decision | null): string {
  if (decision === null) return "The import is not held: there is nothing to decide.";
  const { outcome, decidedBy, at, supersededBy } = decision;
  if (outcome === "superseded")
    return `The import ${supersededBy} of the same source came later, so that this one is void.`;
  return `${decidedBy ?? "Somebody"} has decided already: ${outcome} at ${at}.`;
}

/** Takes note that the plan of a held import has become another one. */
export async function keepMovedPlan(
  executor: Executor,
  organizationId: number,
  id: string,
  { planHash, waiting }: Pick<HeldImport, "planHash"> & Pick<Hold, "waiting">,
): Promise<void> {
  await executor.query(
    prepared(sql`update imports set plan_hash = ${planHash}, hold = hold || jsonb_build_object('waiting', ${JSON.stringify(waiting)}::jsonb)
     where organization_id = ${organizationId} and id = ${id}`),
  );
}

/** Ends a held import without applying the part that waits. The caller has locked it (`lockHeld`). */
export async function discardHeld(
  executor: Executor,
  organizationId: number,
  id: string,
  decision: Decision,
): Promise<void> {
  await executor.query(
    prepared(
      sql`update imports set status = 'discarded', decision = ${JSON.stringify(decision)} where organization_id = ${organizationId} and id = ${id}`,
    ),
  );
  const origin = { actor: decision.actor, importId: id };
  await recordDecided(executor, organizationId, origin, [{ id, decision }], "discarded");
}
