import { MusterError } from "../../errors.ts";
import { chooseFormat } from "../../intake/detect.ts";
import type { FileFormat } from "../../intake/reading.ts";
import { forgetDeletedBefore } from "../../organizations/forget-deleted.ts";
import { withOrganization } from "../../store/database.ts";
import { announceImport } from "../attempts/announce-import.ts";
import type { ImportResource } from "../attempts/import-resource.ts";
import { getImport } from "../attempts/read-imports.ts";
import { openImport, receivedImport, refuseImport } from "../attempts/record-attempt.ts";
import { dropRepeat, findRepeated, importDone, type RepeatedImport } from "../attempts/repeats.ts";
import { dropBody, dropFilesBefore, dropUnkeptBody, keepBody } from "../receive/bodies.ts";
import type { ImportOptions, ImportRequest, IncomingFile } from "../receive/request.ts";
import { type SpooledBody, spoolBody } from "../receive/spool.ts";
import { unpackBody } from "../receive/unpack.ts";
import { readOptions, readSetup, type Setup } from "../setup/setup.ts";
import type { Attempt } from "./attempt.ts";
import type { ImportDependencies } from "./dependencies.ts";
import { importPatience } from "./patience.ts";
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
    const refuse = () => refuseAttempt(dependencies, attempt, setup, error);
    // While the database is away, the attempt is recorded later. The error itself matters more.
    const isRefused = await refuse().catch(() => {
      database.later(refuse);
      return true;
    });
    // An attempt that has ended otherwise is answered by its own ending.
    if (!isRefused) return { resource: await importDone(database, organizationId, attempt.id), isRepeat: false };
    if (error instanceof MusterError) error.importId = attempt.id;
    throw error;
  }
  if (received.outcome === "repeat")
    return { resource: await importDone(database, organizationId, received.firstId), isRepeat: true };
  return { resource: await getImport(database, organizationId, attempt.id), isRepeat: false };
}

/** Records that an attempt begins, and forgets what is kept no longer. */
function openAttempt(
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
 * Records that an import was refused, and announces it.
 * @returns false when it has ended already; nothing is done then
 */
function refuseAttempt(
  { database, clock }: ImportDependencies,
  { id, organizationId, options }: Attempt,
  setup: Setup,
  error: unknown,
): Promise<boolean> {
  return withOrganization(database, organizationId, async (transaction) => {
    if (!(await refuseImport(transaction, organizationId, id, error, clock()))) return false;
    await dropBody(transaction, organizationId, id);
    if (!options.dryRun) {
      const { number: source } = setup.source;
      await announceImport(transaction, organizationId, id, "import_refused", { source, at: clock() });
    }
    return true;
  });
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
  const body = await receiveBody(dependencies, attempt, file);
  try {
    const format = options.kind === "retirement" ? "json" : await detectBody(body, file, setup);
    const firstId = await startUnlessRepeated(dependencies, attempt, { ...body, format });
    if (firstId !== undefined) return { outcome: "repeat", firstId };
    // The import counts even if its body cannot be kept: then there is no response file, and no plan to approve.
    const isKept = keepBody(database, organizationId, id, body.open()).catch(() => {});
    try {
      await importQueue.run(organizationId, importPatience, () =>
        runImport(dependencies, attempt, { body, format, charset: file.charset }, setup),
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

/** Receives the body whole, and unpacks it. */
async function receiveBody(
  { spoolDirectory: directory }: ImportDependencies,
  { id, options }: Attempt,
  file: IncomingFile,
): Promise<SpooledBody> {
  const { announcedBytes } = file;
  const largest = largestBody(options, file);
  const announced = announcedBytes === undefined ? {} : { announcedBytes };
  const body = await spoolBody(file.body, { directory, name: id, ...largest, ...announced });
  return unpackBody(body, { directory, name: `${id}.unpacked`, ...largest });
}

/** Most bytes of a file of groups or of locations, which is planned in memory. */
const largestRecordFile = 16 * 1024 * 1024;

const largestBody = ({ kind }: ImportOptions, { maximumBytes }: IncomingFile) =>
  kind === "users" || maximumBytes <= largestRecordFile
    ? { maximumBytes }
    : { maximumBytes: largestRecordFile, advice: `Send the ${kind} in several files.` };

async function detectBody(body: SpooledBody, file: IncomingFile, setup: Setup): Promise<FileFormat> {
  const { encoding, charset } = readOptions(file.charset, setup);
  const { format, mayLackLineEnds } = file;
  for await (const head of body.open()) {
    return chooseFormat(head, { format, mayLackLineEnds, pinned: encoding, charset });
  }
  return "csv";
}
