import { forgetDeletedBefore } from "../../organizations/forget-deleted.ts";
import { withOrganization } from "../../store/database.ts";
import { announceImport } from "../attempts/announce-import.ts";
import { openImport, refuseImport } from "../attempts/record-attempt.ts";
import { dropFilesBefore, dropRefusedBody } from "../receive/bodies.ts";
import type { ImportRequest } from "../receive/request.ts";
import { readSetup, type Setup } from "../setup/setup.ts";
import type { Attempt } from "./attempt.ts";
import type { ImportDependencies } from "./dependencies.ts";

/** Records that an attempt begins, and forgets what is kept no longer. */
export function openAttempt(
  { database, clock }: ImportDependencies,
  { caller, file, options }: ImportRequest,
  { id, organizationId }: Attempt,
): Promise<Setup> {
  return withOrganization(database, organizationId, async (transaction) => {
    const setup = await readSetup(transaction, organizationId, options);
    const hasStyle = options.kind === "users" || options.kind === "retirement";
    const style = hasStyle ? setup.style : "normal";
    const at = clock();
    await openImport(transaction, {
      id,
      caller,
      kind: options.kind,
      style,
      dryRun: options.dryRun,
      source: setup.source.number,
      format: file.format ?? null,
      fileName: file.fileName,
      folder: file.folder ?? null,
      at,
      process: database.process,
    });
    await forgetDeletedBefore(transaction, organizationId, daysBefore(at, setup.settings.keepDeletedDays));
    await dropFilesBefore(transaction, organizationId, daysBefore(at, setup.settings.keepFilesDays));
    return setup;
  });
}

const daysBefore = (at: Date, days: number) => new Date(at.getTime() - days * 86_400_000);

/**
 * Records that an import was refused, and announces it. While the database is away, it is recorded later.
 * @param source number of the source
 * @returns false when it has ended already; nothing is done then
 */
export async function refuseAttempt(
  dependencies: ImportDependencies,
  attempt: Attempt,
  source: number,
  error: unknown,
): Promise<boolean> {
  const refuse = () => refuseNow(dependencies, attempt, source, error);
  // The error itself matters more.
  return refuse().catch(() => {
    dependencies.database.later(refuse);
    return true;
  });
}

function refuseNow(
  { database, clock }: ImportDependencies,
  { id, organizationId, options }: Attempt,
  source: number,
  error: unknown,
): Promise<boolean> {
  return withOrganization(database, organizationId, async (transaction) => {
    if (!(await refuseImport(transaction, organizationId, id, error, clock()))) return false;
    await dropRefusedBody(transaction, organizationId, id);
    if (!options.dryRun)
      await announceImport(transaction, organizationId, id, "import_refused", { source, at: clock() });
    return true;
  });
}
