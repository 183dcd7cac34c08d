import { readViewer } from "../directory/visible-groups.ts";
import { MusterError } from "../errors.ts";
import type { ImportResource } from "../reconcile/attempts/import-resource.ts";
import { getImport } from "../reconcile/attempts/read-imports.ts";
import { approveImport, type Decider, discardImport } from "../reconcile/run/decide-import.ts";
import type { ImportDependencies } from "../reconcile/run/dependencies.ts";
import { withOrganization } from "../store/database.ts";
import { invalid, type Moderation } from "./context.ts";
import { actionsOfKey, actionsOfPerson } from "./rules.ts";

/** Everything that a decision needs: moderation, and the dependencies with which held imports are applied. */
export type DecisionContext = Moderation & { readonly imports: ImportDependencies };

/** A decision about a held import. */
export interface ImportDecision {
  readonly outcome: "approve" | "reject";
  /** Hash of the plan that the decider knows. Absent: the decision is about whichever plan waits. */
  readonly planHash?: string | undefined;
  /** True if the hash is required. */
  readonly isExact: boolean;
  /** The person who decides, by name. */
  readonly decidedBy: string;
  readonly reason: string | null;
}

/**
 * Approves or discards a held import. This is the only way to do so.
 * @throws MusterError forbidden when the sender would approve; not_found, also for a person who may not see it;
 *   request_invalid without a required hash; conflict when it is not held (any more); plan_changed; gone (its file)
 */
export async function decideHeldImport(
  context: DecisionContext,
  id: string,
  { outcome, planHash, isExact, decidedBy, reason }: ImportDecision,
): Promise<ImportResource> {
  const { database, actor, imports } = context;
  const { organizationId } = actor;
  if (actor.userId === null) requireKeyDecides(context, outcome);
  else await requireNetworkAdministrator(context, actor.userId);
  if (isExact && planHash === undefined) throw invalid("planHash", "is missing. Send the planHash of the import");
  if (actor.userId !== null) requireAction(context, outcome, await getImport(database, organizationId, id));
  const decider: Decider = { organizationId, actor: actor.actor, decidedBy, reason };
  return outcome === "approve"
    ? approveImport(imports, id, planHash, decider)
    : discardImport(imports, id, planHash, decider);
}

function requireKeyDecides({ actor: { services = [] } }: DecisionContext, outcome: ImportDecision["outcome"]): void {
  if (actionsOfKey("import", services).includes(outcome)) return;
  throw new MusterError(
    "forbidden",
    "To approve takes an API key that has the service approvals and may not import. Make one with POST /v1/api-keys.",
  );
}

async function requireNetworkAdministrator({ database, actor }: DecisionContext, userId: number): Promise<void> {
  const { organizationId } = actor;
  const viewer = await withOrganization(database, organizationId, (transaction) =>
    readViewer(transaction, organizationId, userId),
  );
  if (!viewer.isNetworkAdministrator) throw noSuchItem();
}

function requireAction(
  { actor }: DecisionContext,
  outcome: ImportDecision["outcome"],
  sent: { readonly actor: string },
): void {
  const asker = { decides: true, administers: true, isOwn: sent.actor === actor.actor };
  if (actionsOfPerson("import", asker).includes(outcome)) return;
  throw new MusterError("forbidden", "You sent this import yourself: somebody else has to approve it.");
}

/** The problem of an id that means nothing to the caller. */
export const noSuchItem = () => new MusterError("not_found", "There is nothing of that id to decide about.");
