import type { Transaction } from "../../store/database.ts";
import { lockOrganization } from "../../store/organization-lock.ts";
import { applyInParts, knowsNobody } from "../people/first-load/apply-in-parts.ts";
import type { ReceivedFile } from "../planned-file.ts";
import { readSetup } from "../setup/setup.ts";
import type { Attempt } from "./attempt.ts";
import { finishRun } from "./carry-out.ts";
import type { ImportDependencies } from "./dependencies.ts";
import { importPatience } from "./patience.ts";

/**
 * Applies a file of users in parts, if the organization knows nobody and it makes no difference (docs/decisions/021).
 * @returns whether it did. If not, nothing is changed; the organization may be locked from here on
 */
export async function importInParts(
  { clock, partRows }: ImportDependencies,
  transaction: Transaction,
  attempt: Attempt,
  received: ReceivedFile,
): Promise<boolean> {
  const { id, organizationId, actor } = attempt;
  if (!(await knowsNobody(transaction, organizationId))) return false;
  await lockOrganization(transaction, organizationId, importPatience);
  if (!(await knowsNobody(transaction, organizationId))) return false;
  const setup = await readSetup(transaction, organizationId, attempt.options);
  const run = { id, actor, sourceName: setup.source.name, at: clock() };
  const applied = await applyInParts(transaction, { organizationId, received, setup, run, partRows });
  if (applied === undefined) return false;
  const { reading, counts, outcomes, recorded } = applied;
  await finishRun({ transaction, attempt, setup, reading, clock }, { status: "applied", counts, outcomes, recorded });
  return true;
}
