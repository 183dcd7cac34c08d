import { MusterError } from "../../errors.ts";
import { withOrganization } from "../../store/database.ts";
import { isUnavailable } from "../../store/unavailable.ts";
import type { ImportResource } from "../attempts/import-resource.ts";
import { interrupted } from "../attempts/interrupted.ts";
import { getImport } from "../attempts/read-imports.ts";
import {
  type ImportPlace,
  noteUnpacked,
  readStored,
  releaseStored,
  type StoredImport,
} from "../attempts/stored-imports.ts";
import { dropUnkeptBody, keepBody, openBody } from "../receive/bodies.ts";
import { type SpooledBody, spoolBody } from "../receive/spool.ts";
import { readSetup } from "../setup/setup.ts";
import type { Attempt } from "./attempt.ts";
import type { ImportDependencies } from "./dependencies.ts";
import { refuseAttempt } from "./open-attempt.ts";
import { importPatience } from "./patience.ts";
import { detectBody, unpackReceived } from "./receive-body.ts";
import { runImport } from "./run-import.ts";

/** Processes that may end in the middle of one import, before the import is taken for the cause. */
const mostRuns = 5;

/** How a process runs stored imports. */
export interface StoredRunning {
  /** Aborted when the process stops: what has not begun then is left to others. */
  readonly stopping: AbortSignal;
  /** Most bytes of a body, unpacked. */
  readonly maximumBytes: number;
  /** Most rows of a file of users. */
  readonly maximumRows: number;
}

/** A run of a stored import: it has ended, or waits again because this process cannot finish it now. */
export type StoredRun =
  | {
      readonly outcome: "ended";
      readonly organizationId: number;
      readonly resource: ImportResource;
      readonly error?: unknown;
    }
  | { readonly outcome: "released" };

/**
 * Finishes a stored import that this process has claimed. It is applied or refused like any other one, unless the
 * database or the disk fails: then it waits for its next turn.
 */
export async function runStored(
  dependencies: ImportDependencies,
  place: ImportPlace,
  running: StoredRunning,
): Promise<StoredRun> {
  const { database } = dependencies;
  const { organizationId, id } = place;
  const stored = await readPlace(dependencies, place);
  if (stored === undefined) return ended(dependencies, place);
  const attempt = attemptOf(place, stored);
  try {
    if (stored.runs > mostRuns) throw stoppedTooOften();
    await run(dependencies, attempt, stored, running);
  } catch (error) {
    if (isPassing(error)) {
      await release(dependencies, place);
      return { outcome: "released" };
    }
    await refuseAttempt(dependencies, attempt, stored.sourceNumber, error);
    return ended(dependencies, place, error);
  }
  await dropUnkeptBody(database, organizationId, id);
  return ended(dependencies, place);
}

const readPlace = ({ database }: ImportDependencies, place: ImportPlace) =>
  withOrganization(database, place.organizationId, (transaction) => readStored(transaction, place));

async function ended({ database }: ImportDependencies, { organizationId, id }: ImportPlace, error?: unknown) {
  const resource = await getImport(database, organizationId, id);
  return { outcome: "ended", organizationId, resource, ...(error === undefined ? {} : { error }) } as const;
}

function attemptOf({ organizationId, id }: ImportPlace, { kind, style, source, dryRun, actor }: StoredImport): Attempt {
  const options = { kind, source, dryRun, ...(kind === "users" ? { style } : {}) };
  return { id, organizationId, actor, options };
}

/** Unpacks the body, detects its format, and imports it when it is the organization's turn. */
async function run(
  dependencies: ImportDependencies,
  attempt: Attempt,
  stored: StoredImport,
  { stopping, maximumBytes, maximumRows }: StoredRunning,
): Promise<void> {
  const { database, importQueue } = dependencies;
  const { id, organizationId, options } = attempt;
  const setup = await withOrganization(database, organizationId, (transaction) =>
    readSetup(transaction, organizationId, options),
  );
  const body = await fetchBody(dependencies, attempt, stored, maximumBytes);
  try {
    const { charset, mayLackLineEnds } = stored;
    const declared = {
      ...(charset === null ? {} : { charset }),
      ...(stored.format === null ? {} : { format: stored.format }),
    };
    const format = await detectBody(body, { ...declared, mayLackLineEnds }, setup);
    await withOrganization(database, organizationId, (transaction) =>
      noteUnpacked(transaction, { organizationId, id }, { ...body, format }),
    );
    // Response files are made of the unpacked file.
    const isKept = stored.isPacked
      ? keepBody(database, { organizationId, importId: id }, body.open()).catch(() => undefined)
      : undefined;
    try {
      await importQueue.run(organizationId, importPatience, () => {
        stopping.throwIfAborted();
        return runImport(dependencies, attempt, { body, format, charset: declared.charset, maximumRows }, setup);
      });
    } finally {
      await isKept;
    }
  } finally {
    await body.discard();
  }
}

/** Copies the stored body to the spool, and unpacks it. */
async function fetchBody(
  dependencies: ImportDependencies,
  attempt: Attempt,
  { isPacked }: StoredImport,
  maximumBytes: number,
): Promise<SpooledBody> {
  const { database, spoolDirectory: directory, newId } = dependencies;
  const { id, organizationId } = attempt;
  const stored = openBody(database, { organizationId, importId: id, isPacked });
  const body = await spoolBody(stored, { directory, name: newId(), maximumBytes: Number.MAX_SAFE_INTEGER });
  return unpackReceived(dependencies, attempt, body, maximumBytes);
}

/** Tells if an import that failed by this error can succeed later, unchanged. */
function isPassing(error: unknown): boolean {
  if (error instanceof MusterError) return ["database_unavailable", "organization_busy"].includes(error.code);
  const { name, code = "" } = error as NodeJS.ErrnoException;
  return isUnavailable(error) || name === "AbortError" || /^(?:ENOSPC|EDQUOT|EIO|EMFILE|ENFILE|EROFS)$/.test(code);
}

async function release({ database }: ImportDependencies, place: ImportPlace): Promise<void> {
  const letGo = () =>
    withOrganization(database, place.organizationId, (transaction) =>
      releaseStored(transaction, place, database.process),
    );
  await letGo().catch(() => database.later(letGo));
}

const stoppedTooOften = () =>
  new MusterError(
    interrupted.code,
    `The service stopped ${mostRuns} times while it worked on this file; nothing was applied. Ask the operator to look at its log before the file is sent again.`,
  );
