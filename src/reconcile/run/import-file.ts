import { MusterError } from "../../errors.ts";
import type { FileFormat } from "../../intake/reading.ts";
import { withOrganization } from "../../store/database.ts";
import type { ImportResource } from "../attempts/import-resource.ts";
import { getImport } from "../attempts/read-imports.ts";
import { receivedImport } from "../attempts/record-attempt.ts";
import { dropRepeat, findRepeated, importDone, type RepeatedImport } from "../attempts/repeats.ts";
import { dropUnkeptBody, keepBody } from "../receive/bodies.ts";
import type { ImportRequest, IncomingFile } from "../receive/request.ts";
import type { SpooledBody } from "../receive/spool.ts";
import type { Setup } from "../setup/setup.ts";
import type { Attempt } from "./attempt.ts";
import type { ImportDependencies } from "./dependencies.ts";
import { openAttempt, refuseAttempt } from "./open-attempt.ts";
import { importPatience } from "./patience.ts";
import { detectBody, receiveBody, unpackReceived } from "./receive-body.ts";
import { runImport } from "./run-import.ts";

/** An import that has ended. */
export interface ImportedFile {
  readonly resource: ImportResource;
  /** True if the file repeats an earlier import and was not processed: `resource` is the earlier one. */
  readonly isRepeat: boolean;
}

/**
 * Imports a file of users, groups or locations. It receives and reads the whole file, and only then brings what is stored
 * in line with it, in one transaction (docs/architecture.md). The attempt appears under imports, however it ends.
 * @throws MusterError when the document is refused; nothing is applied then. `importId` of the error names the attempt.
 */
export async function importFile(dependencies: ImportDependencies, request: ImportRequest): Promise<ImportedFile> {
  const { database } = dependencies;
  const { caller, options } = request;
  const { organizationId, actor } = caller;
  const attempt = { id: dependencies.newId(), organizationId, actor, options };
  const setup = await openAttempt(dependencies, request, attempt);
  let received: Received;
  try {
    received = await receiveAndRun(dependencies, attempt, request.file, setup);
  } catch (error) {
    const isRefused = await refuseAttempt(dependencies, attempt, setup.source.number, error);
    // An attempt that has ended otherwise is answered by its own ending.
    if (!isRefused) return { resource: await importDone(database, organizationId, attempt.id), isRepeat: false };
    if (error instanceof MusterError) error.importId = attempt.id;
    throw error;
  }
  if (received.outcome === "repeat")
    return { resource: await importDone(database, organizationId, received.firstId), isRepeat: true };
  return { resource: await getImport(database, organizationId, attempt.id), isRepeat: false };
}

/** The outcome of an attempt: its file was processed, or it repeats an earlier one and left no trace. */
type Received = { readonly outcome: "processed" } | { readonly outcome: "repeat"; readonly firstId: string };

/** Receives the body and processes it, unless it repeats another import. */
async function receiveAndRun(
  dependencies: ImportDependencies,
  attempt: Attempt,
  file: IncomingFile,
  setup: Setup,
): Promise<Received> {
  const { database, importQueue } = dependencies;
  const { id, organizationId, options } = attempt;
  const packed = await receiveBody(dependencies, attempt, file);
  const body = await unpackReceived(dependencies, attempt, packed, file.maximumBytes);
  try {
    const format = options.kind === "retirement" ? "json" : await detectBody(body, file, setup);
    const firstId = await startUnlessRepeated(dependencies, attempt, { ...body, format });
    if (firstId !== undefined) return { outcome: "repeat", firstId };
    // The import counts even if its body cannot be kept: then there is no response file, and no plan to approve.
    const isKept = keepBody(database, { organizationId, importId: id }, body.open()).catch(() => {});
    try {
      await importQueue.run(organizationId, importPatience, () =>
        runImport(dependencies, attempt, { body, format, charset: file.charset, maximumRows: file.maximumRows }, setup),
      );
    } finally {
      await isKept;
    }
    await dropUnkeptBody(database, organizationId, id);
    return { outcome: "processed" };
  } finally {
    await body.discard();
  }
}

/**
 * Starts to plan a received file, unless it repeats another import. While that one is under way, nobody knows: something may
 * change between its end and the answer. So it is awaited, and then looked for again.
 * @returns id of the first import; undefined if this one has started
 * @throws MusterError the problem for which the first import was refused
 */
async function startUnlessRepeated(
  { database }: ImportDependencies,
  { id, organizationId, options: { repeatedWithin } }: Attempt,
  received: Pick<SpooledBody, "bytes" | "sha256"> & { readonly format: FileFormat },
): Promise<string | undefined> {
  for (;;) {
    const first = await withOrganization(database, organizationId, async (transaction) => {
      let found: RepeatedImport | undefined;
      if (repeatedWithin !== undefined)
        found = await findRepeated(transaction, organizationId, { id, sha256: received.sha256 }, repeatedWithin);
      if (found === undefined) await receivedImport(transaction, organizationId, id, received);
      else if (found.isDone) await dropRepeat(transaction, organizationId, id);
      return found;
    });
    if (first === undefined || first.isDone) return first?.id;
    await importDone(database, organizationId, first.id);
  }
}
