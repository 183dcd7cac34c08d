import type { Transaction } from "../../store/database.ts";
import { lockOrganization, withWriter } from "../../store/organization-lock.ts";
import { applyInParts, knowsNobody } from "../people/first-load/apply-in-parts.ts";
import type { ReceivedFile } from "../planned-file.ts";
import { readSetup } from "../setup/setup.ts";
import type { Attempt } from "./attempt.ts";
import { finishRun } from "./carry-out.ts";
import type { ImportDependencies } from "./dependencies.ts";
import { importPatience } from "./patience.ts";

/** Rolls back the transaction of an import that cannot be applied in parts. */
class NotInParts extends Error {}

/**
 * Applies a file of users in parts, in one transaction, if the organization knows nobody and it makes no difference
 * (docs/decisions/021). If it does not, the transaction ends, so that nobody has the organization's lock while the whole
 * file is read.
 * @returns whether it did. If not, nothing is changed
 */
export async function importInParts(
  dependencies: ImportDependencies,
  attempt: Attempt,
  received: ReceivedFile,
): Promise<boolean> {
  const { id, organizationId } = attempt;
  const work = (transaction: Transaction) => applyFile(dependencies, transaction, attempt, received);
  try {
    await withWriter(dependencies.database, organizationId, work, "read committed", id);
    return true;
  } catch (error) {
    if (error instanceof NotInParts) return false;
    throw error;
  }
}

/** @throws NotInParts if the file has to be planned as a whole */
async function applyFile(
  { clock, partRows }: ImportDependencies,
  transaction: Transaction,
  attempt: Attempt,
  received: ReceivedFile,
): Promise<void> {
  const { id, organizationId, actor } = attempt;
  if (!(await knowsNobody(transaction, organizationId))) throw new NotInParts();
  await lockOrganization(transaction, organizationId, importPatience);
  if (!(await knowsNobody(transaction, organizationId))) throw new NotInParts();
  const setup = await readSetup(transaction, organizationId, attempt.options);
  const run = { id, actor, sourceName: setup.source.name, at: clock() };
  const applied = await applyInParts(transaction, { organizationId, received, setup, run, partRows });
  if (applied === undefined) throw new NotInParts();
  const { reading, counts, outcomes, recorded } = applied;
  await finishRun({ transaction, attempt, setup, reading, clock }, { status: "applied", counts, outcomes, recorded });
}
