import { MusterError } from "../../errors.ts";
import { withWriter } from "../../store/organization-lock.ts";
import type { ImportResource } from "../attempts/import-resource.ts";
import { getImport } from "../attempts/read-imports.ts";
import { markStored } from "../attempts/stored-imports.ts";
import { keepBody } from "../receive/bodies.ts";
import type { ImportRequest } from "../receive/request.ts";
import { packingOf } from "../receive/unpack.ts";
import type { Attempt } from "./attempt.ts";
import type { ImportDependencies } from "./dependencies.ts";
import { openAttempt, refuseAttempt } from "./open-attempt.ts";
import { receiveBody } from "./receive-body.ts";

/**
 * Receives a file and stores it in the database. Some process finishes the import, whatever becomes of this one
 * (docs/decisions/026). Nothing of the file has been read yet.
 * @returns the import, which waits
 * @throws MusterError when the body does not arrive whole, or is too large
 */
export async function storeImport(dependencies: ImportDependencies, request: ImportRequest): Promise<ImportResource> {
  const { database } = dependencies;
  const { caller, options } = request;
  const { organizationId, actor } = caller;
  const attempt = { id: dependencies.newId(), organizationId, actor, options };
  const setup = await openAttempt(dependencies, request, attempt);
  try {
    await storeBody(dependencies, attempt, request);
  } catch (error) {
    await refuseAttempt(dependencies, attempt, setup.source.number, error);
    if (error instanceof MusterError) error.importId = attempt.id;
    throw error;
  }
  return getImport(database, organizationId, attempt.id);
}

async function storeBody(dependencies: ImportDependencies, attempt: Attempt, { file }: ImportRequest): Promise<void> {
  const { database } = dependencies;
  const { id, organizationId } = attempt;
  const body = await receiveBody(dependencies, attempt, file);
  try {
    const isPacked = (await packingOf(body)) !== undefined;
    await keepBody(database, { organizationId, importId: id, isPacked }, body.open());
    const mark = (transaction: Parameters<typeof markStored>[0]) =>
      markStored(transaction, { organizationId, id }, body, file);
    // The request's Idempotency-Key is done with this transaction: the import will be finished.
    await withWriter(database, organizationId, mark, "read committed", id);
  } finally {
    await body.discard();
  }
}
