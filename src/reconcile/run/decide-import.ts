import { timeText } from "../../directory/text.ts";
import { MusterError } from "../../errors.ts";
import { withOrganization } from "../../store/database.ts";
import { lockOrganization, withWriter } from "../../store/organization-lock.ts";
import { auditDecision } from "../attempts/audit-decision.ts";
import { approvedHold, discardHeld, getImport } from "../attempts/imports.ts";
import type { Decision, ImportDependencies, ImportRequest, ImportResource } from "../attempts/types.ts";
import { dropUnkeptBody, openBody } from "../receive/bodies.ts";
import { spoolBody } from "../receive/spool.ts";
import { readSetup } from "../setup/setup.ts";
import { importPatience, runImport } from "./run-import.ts";

/** Who decides about a held import. */
export interface Decider {
  readonly organizationId: number;
  /** The key that is used. */
  readonly actor: string;
  /** The person, by name. */
  readonly decidedBy: string;
  readonly reason: string | null;
}

/**
 * Applies what waits of a held import: exactly the plan of that hash, made anew from the file that was kept. No limit
 * counts then.
 * @throws MusterError not_found; conflict when it is not held (any more); plan_changed, with the new plan's hash, when what
 *   is stored has changed since; gone when the file is not kept
 */
export async function approveImport(
  dependencies: ImportDependencies,
  id: string,
  planHash: string,
  decider: Decider,
): Promise<ImportResource> {
  const { database, importQueue, importSlots, clock, spoolDirectory, newId } = dependencies;
  const { organizationId, actor } = decider;
  const held = await withOrganization(database, organizationId, (client) => approvedHold(client, organizationId, id));
  if (held.planHash !== planHash) {
    throw new MusterError("plan_changed", "That is not the hash of the plan that waits. Read the plan again.", {
      planHash: held.planHash,
    });
  }
  const resource = await getImport(database, organizationId, id);
  const { format, reading } = resource.source;
  if (format === null || reading === null)
    throw new MusterError("gone", "The file of this import is not known any more.");
  const body = await spoolBody(openBody(database, organizationId, id), {
    directory: spoolDirectory,
    name: newId(),
    maximumBytes: Number.MAX_SAFE_INTEGER,
  });
  const request: ImportRequest = {
    ...{ kind: resource.kind, organizationId, actor, channel: resource.source.channel },
    ...{ source: resource.source.name, style: resource.style },
    ...{ dryRun: false, fileName: resource.source.fileName, format: reading.format, charset: reading.encoding },
    ...{ body: body.open(), maximumBytes: Number.MAX_SAFE_INTEGER },
  };
  try {
    const setup = await withOrganization(database, organizationId, (client) => readSetup(client, request));
    await importQueue.run(organizationId % importSlots, importPatience, () =>
      runImport(dependencies, request, id, { body, format: reading.format }, setup, {
        planHash,
        decision: decision("approved", decider, clock()),
      }),
    );
  } finally {
    await body.discard();
  }
  await dropUnkeptBody(database, organizationId, id);
  return getImport(database, organizationId, id);
}

/**
 * Closes a held import without applying what waits.
 * @throws MusterError not_found; conflict when it is not held (any more)
 */
export async function discardImport(
  { database, clock }: ImportDependencies,
  id: string,
  decider: Decider,
): Promise<ImportResource> {
  const { organizationId } = decider;
  const discarded = decision("discarded", decider, clock());
  await withWriter(database, organizationId, async (client) => {
    await lockOrganization(client, organizationId);
    await discardHeld(client, organizationId, id, discarded);
    await auditDecision(client, organizationId, id, { ...discarded, outcome: "discarded" });
  });
  await dropUnkeptBody(database, organizationId, id);
  return getImport(database, organizationId, id);
}

const decision = (outcome: "approved" | "discarded", { actor, decidedBy, reason }: Decider, at: Date): Decision => ({
  outcome,
  decidedBy,
  actor,
  reason,
  supersededBy: null,
  at: timeText(at),
});
