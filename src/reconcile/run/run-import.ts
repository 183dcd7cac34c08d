import { lockOrganization, withWriter } from "../../store/organization-lock.ts";
import { lockHeld } from "../attempts/held-imports.ts";
import { mayBeSettled } from "../attempts/settled.ts";
import type { ReceivedFile } from "../planned-file.ts";
import type { Setup } from "../setup/setup.ts";
import { type Approval, type Approved, applyApproved } from "./apply-approved.ts";
import { applyOrHold } from "./apply-or-hold.ts";
import type { Attempt } from "./attempt.ts";
import type { ImportDependencies } from "./dependencies.ts";
import { importInParts } from "./import-in-parts.ts";
import { importPatience } from "./patience.ts";
import { planRun, readFile } from "./plan-run.ts";
import { renewStatistics } from "./renew-statistics.ts";
import { repeatSettled, waysOfReading } from "./repeat-settled.ts";

/**
 * Plans a file and, unless it is a dry run or held, applies it, in one transaction on one connection.
 * @param setup as it was when the import was opened
 * @throws MusterError when the file is refused
 */
export async function runImport(
  dependencies: ImportDependencies,
  attempt: Attempt,
  received: ReceivedFile,
  setup: Setup,
): Promise<void> {
  const { database } = dependencies;
  const { id, organizationId, options } = attempt;
  const mayGoInParts = options.kind === "users" && !options.dryRun;
  if (!(mayGoInParts && (await importInParts(dependencies, attempt, received))))
    await importWhole(dependencies, attempt, received, setup);
  if (!options.dryRun) await renewStatistics(database, organizationId, id);
}

/** Reads and plans the whole file, and only then applies it or holds it. */
function importWhole(
  { database, clock }: ImportDependencies,
  attempt: Attempt,
  received: ReceivedFile,
  setup: Setup,
): Promise<void> {
  const { id, organizationId, options } = attempt;
  return withWriter(
    database,
    organizationId,
    async (transaction) => {
      if (options.kind === "users" && !options.dryRun && (await mayBeSettled(transaction, organizationId, received))) {
        await transaction.query("savepoint unlocked");
        await lockOrganization(transaction, organizationId, importPatience);
        if (await repeatSettled(transaction, attempt, received, clock)) return;
        // Others may write while the file is read.
        await transaction.query("rollback to savepoint unlocked");
      }
      const file = await readFile(transaction, attempt, received, setup);
      if (!options.dryRun) await lockOrganization(transaction, organizationId, importPatience);
      const run = await planRun(transaction, attempt, file, clock);
      await applyOrHold(run, waysOfReading(received, run.setup));
    },
    options.dryRun ? "repeatable read" : "read committed",
    id,
  );
}

/**
 * Plans the file of a held import again and applies it, if that makes the plan that was approved. No limit counts.
 * @param setup as it was when the approval was taken
 * @throws MusterError conflict when the import is not held any more; what `runImport` throws
 */
export async function runApproved(
  { database, clock }: ImportDependencies,
  attempt: Attempt,
  received: ReceivedFile,
  setup: Setup,
  approval: Approval,
): Promise<Approved> {
  const { id, organizationId } = attempt;
  const approved = await withWriter(
    database,
    organizationId,
    async (transaction) => {
      const file = await readFile(transaction, attempt, received, setup);
      await lockOrganization(transaction, organizationId, importPatience);
      const held = await lockHeld(transaction, organizationId, id);
      return applyApproved(await planRun(transaction, attempt, file, clock), held, approval);
    },
    "read committed",
    id,
  );
  await renewStatistics(database, organizationId, id);
  return approved;
}
