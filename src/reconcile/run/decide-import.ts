import { timeText } from "../../directory/text.ts";
import { MusterError } from "../../errors.ts";
import { withOrganization } from "../../store/database.ts";
import { lockOrganization, withWriter } from "../../store/organization-lock.ts";
import type { Executor } from "../../store/statement.ts";
import { auditDecision } from "../attempts/audit-decision.ts";
import { discardHeld, type HeldImport, lockHeld } from "../attempts/held-imports.ts";
import type { Decision, ImportResource } from "../attempts/import-resource.ts";
import { getImport } from "../attempts/read-imports.ts";
import { dropUnkeptBody, openBody } from "../receive/bodies.ts";
import { spoolBody } from "../receive/spool.ts";
import { readSetup } from "../setup/setup.ts";
import type { ImportDependencies } from "./dependencies.ts";
import { importPatience } from "./patience.ts";
import { runApproved } from "./run-import.ts";

/** The decider about a held import. */
export interface Decider {
  readonly organizationId: number;
  /** For the change log: `api-key:<name>`, `user:<id>`. */
  readonly actor: string;
  /** The person, by name. */
  readonly decidedBy: string;
  readonly reason: string | null;
}

/**
 * Applies the part of an import that waits: exactly the plan of that hash, made again from the kept file. No limit counts.
 * @param knownHash hash of the plan that the decider knows; undefined: whichever plan waits
 * @throws MusterError not_found; conflict when it is not held (any more); plan_changed, with the new plan's hash, when what
 *   is stored has changed since; gone when the file is not kept
 */
export async function approveImport(
  dependencies: ImportDependencies,
  id: string,
  knownHash: string | undefined,
  decider: Decider,
): Promise<ImportResource> {
  const { database, importQueue, clock, spoolDirectory, newId } = dependencies;
  const { organizationId, actor } = decider;
  const { planHash } = await withOrganization(database, organizationId, (transaction) =>
    lockKnown(transaction, organizationId, id, knownHash),
  );
  const resource = await getImport(database, organizationId, id);
  const { format, reading } = resource.source;
  if (format === null || reading === null)
    throw new MusterError("gone", "The file of this import is not known any more.");
  const body = await spoolBody(openBody(database, { organizationId, importId: id }), {
    directory: spoolDirectory,
    name: newId(),
    maximumBytes: Number.MAX_SAFE_INTEGER,
  });
  const { kind, style } = resource;
  const options = { kind, source: resource.source.name, style, dryRun: false };
  const file = { body, format: reading.format, charset: reading.encoding };
  const approval = { planHash, decision: decisionOf("approved", decider, clock()) };
  try {
    const setup = await withOrganization(database, organizationId, (transaction) =>
      readSetup(transaction, organizationId, options),
    );
    const approved = await importQueue.run(organizationId, importPatience, () =>
      runApproved(dependencies, { id, organizationId, actor, options }, file, setup, approval),
    );
    if (approved.outcome === "plan_changed") throw planChanged(approved.planHash);
  } finally {
    await body.discard();
  }
  await dropUnkeptBody(database, organizationId, id);
  return getImport(database, organizationId, id);
}

/**
 * Closes a held import without applying the part that waits.
 * @param knownHash hash of the plan that the decider knows; undefined: whichever plan waits
 * @throws MusterError not_found; conflict when it is not held (any more); plan_changed when another plan waits
 */
export async function discardImport(
  { database, clock }: ImportDependencies,
  id: string,
  knownHash: string | undefined,
  decider: Decider,
): Promise<ImportResource> {
  const { organizationId } = decider;
  const discarded = decisionOf("discarded", decider, clock());
  await withWriter(database, organizationId, async (transaction) => {
    await lockOrganization(transaction, organizationId);
    await lockKnown(transaction, organizationId, id, knownHash);
    await discardHeld(transaction, organizationId, id, discarded);
    await auditDecision(transaction, organizationId, id, discarded);
  });
  await dropUnkeptBody(database, organizationId, id);
  return getImport(database, organizationId, id);
}

/** Locks a held import, and makes sure that the plan that the decider knows is the one that waits. */
async function lockKnown(
  executor: Executor,
  organizationId: number,
  id: string,
  knownHash: string | undefined,
): Promise<HeldImport> {
  const held = await lockHeld(executor, organizationId, id);
  if (knownHash === undefined || held.planHash === knownHash) return held;
  throw new MusterError("plan_changed", "That is not the hash of the plan that waits. Read the plan again.", {
    planHash: held.planHash,
  });
}

const planChanged = (planHash: string) =>
  new MusterError(
    "plan_changed",
    "What is stored has changed since this plan was made, and the plan is another one now. Nothing was applied. Read it again and approve it by its new hash.",
    { planHash },
  );

const decisionOf = <Outcome extends Decision["outcome"]>(
  outcome: Outcome,
  { actor, decidedBy, reason }: Decider,
  at: Date,
) => ({ outcome, decidedBy, actor, reason, supersededBy: null, at: timeText(at) });
