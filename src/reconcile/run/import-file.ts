import { forgetDeletedBefore } from "../../directory/tombstone.ts";
import { MusterError } from "../../errors.ts";
import { detectFormat, detectionBytes, refuseForeign } from "../../intake/detect.ts";
import type { FileFormat } from "../../intake/reading.ts";
import { withOrganization } from "../../store/database.ts";
import { announceImport } from "../attempts/announce-import.ts";
import { getImport, openImport, receivedImport, refuseImport } from "../attempts/imports.ts";
import { findRepeated, importDone } from "../attempts/repeats.ts";
import type { ImportDependencies, ImportRequest, ImportResource } from "../attempts/types.ts";
import { dropBody, dropFilesBefore, dropUnkeptBody, keepBody } from "../receive/bodies.ts";
import { type SpooledBody, spoolBody } from "../receive/spool.ts";
import { readOptions, readSetup, type Setup } from "../setup/setup.ts";
import { importPatience, runImport } from "./run-import.ts";

/**
 * Imports a file of users, groups or locations: receives it, reads all of it, and only then brings what is stored in line with it, in one
 * transaction (docs/architecture.md). The attempt stands under imports, whatever becomes of it.
 * @throws MusterError when the document is refused; nothing is applied then. `importId` of the error names the attempt.
 */
export async function importFile(dependencies: ImportDependencies, request: ImportRequest): Promise<ImportResource> {
  const { database, clock, newId } = dependencies;
  const { organizationId } = request;
  const id = newId();
  const setup = await withOrganization(database, organizationId, async (client) => {
    const setup = await readSetup(client, request);
    const style = request.kind === "users" ? setup.style : "normal";
    const { number: source } = setup.source;
    await openImport(client, request, { id, style, source, at: clock(), process: database.process });
    await forgetDeletedBefore(client, organizationId, daysBefore(clock(), setup.settings.keepDeletedDays));
    await dropFilesBefore(client, organizationId, daysBefore(clock(), setup.settings.keepFilesDays));
    return setup;
  });
  let first: string | undefined;
  try {
    first = await importSpooled(dependencies, request, id, setup);
  } catch (error) {
    const refuse = () => refuseWhole(dependencies, request, id, setup, error);
    // While the database is away the attempt is told of later; the error itself matters more.
    const isRefused = await refuse().catch(() => {
      database.later(refuse);
      return true;
    });
    // How it ended is how it is answered.
    if (!isRefused) return importDone(database, organizationId, id);
    if (error instanceof MusterError) error.importId = id;
    throw error;
  }
  return first === undefined ? getImport(database, organizationId, id) : importDone(database, organizationId, first);
}

/** Notes that an import was refused, and announces it; does nothing, and returns false, when it has ended already. */
function refuseWhole(
  { database, clock }: ImportDependencies,
  { organizationId, dryRun }: ImportRequest,
  id: string,
  setup: Setup,
  error: unknown,
): Promise<boolean> {
  return withOrganization(database, organizationId, async (client) => {
    if (!(await refuseImport(client, organizationId, id, error, clock()))) return false;
    await dropBody(client, organizationId, id);
    if (!dryRun) {
      const { number: source } = setup.source;
      await announceImport(client, organizationId, id, "import_refused", { source, at: clock() });
    }
    return true;
  });
}

const daysBefore = (at: Date, days: number) => new Date(at.getTime() - days * 86_400_000);

/** Receives the body and processes it, unless it repeats another import, whose id is returned then. */
async function importSpooled(
  dependencies: ImportDependencies,
  request: ImportRequest,
  id: string,
  setup: Setup,
): Promise<string | undefined> {
  const { database, importQueue, importSlots } = dependencies;
  const { organizationId } = request;
  const body = await spoolBody(request.body, {
    directory: dependencies.spoolDirectory,
    name: id,
    ...largestBody(request),
    ...(request.announcedBytes === undefined ? {} : { announcedBytes: request.announcedBytes }),
  });
  try {
    const format = await detectBody(body, request, setup);
    const first = await withOrganization(database, organizationId, async (client) => {
      await receivedImport(client, organizationId, id, { ...body, format });
      return request.repeatedWithin === undefined
        ? undefined
        : findRepeated(client, organizationId, id, request.repeatedWithin);
    });
    if (first !== undefined) return first;
    // What comes of the import counts; without its body there is only no response file, and no plan to approve.
    const isKept = keepBody(database, organizationId, id, body.open()).catch(() => {});
    try {
      await importQueue.run(organizationId % importSlots, importPatience, () =>
        runImport(dependencies, request, id, { body, format }, setup),
      );
    } finally {
      await isKept;
    }
    await dropUnkeptBody(database, organizationId, id);
    return undefined;
  } finally {
    await body.discard();
  }
}

/** A file of groups or of locations is planned in memory. */
const largestRecordFile = 16 * 1024 * 1024;

const largestBody = ({ kind, maximumBytes }: ImportRequest) =>
  kind === "users" || maximumBytes <= largestRecordFile
    ? { maximumBytes }
    : { maximumBytes: largestRecordFile, advice: `Send the ${kind} in several files.` };

async function detectBody(body: SpooledBody, request: ImportRequest, setup: Setup): Promise<FileFormat> {
  const { encoding, charset } = readOptions(request, setup);
  for await (const head of body.open()) {
    refuseForeign(head);
    return request.format ?? detectFormat(head.subarray(0, detectionBytes), { pinned: encoding, charset });
  }
  return "csv";
}
