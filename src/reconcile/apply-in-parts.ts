import type pg from "pg";
import type { Recorded } from "../changes/record.ts";
import { foldCase } from "../directory/text.ts";
import { MusterError } from "../errors.ts";
import type { Reading } from "../intake/reading.ts";
import { openUserFile } from "../intake/user-file.ts";
import type { Executor } from "../store/database.ts";
import { isUniqueViolation } from "../store/unique-violation.ts";
import { applyUsers } from "./apply-users.ts";
import type { ImportContext } from "./context.ts";
import { isOff, judgeFigures } from "./holds.ts";
import { figuresOfParts, type GroupFigures, joinParts, type Part } from "./parts.ts";
import { planUsers } from "./plan-users.ts";
import type { ImportRun, PlanDescription, ReceivedFile } from "./planned-file.ts";
import { readAhead } from "./read-ahead.ts";
import { runStatements } from "./run-statements.ts";
import { importContext, normalizationRules, readOptions, type Setup } from "./setup.ts";
import { readStagedRows } from "./stage-file.ts";
import {
  type EncodedRows,
  emptyPlan,
  emptyStaging,
  encodeBatches,
  prepareStaging,
  stageEncodedRows,
} from "./staging.ts";
import { lastRoster } from "./statements/guard.ts";
import { matchStatements } from "./statements/match.ts";
import {
  anyAdministrator,
  areRelated,
  groupFigures,
  groupsNotFound,
  groupsOfPart,
  keepLooseRows,
  knowsAnybody,
} from "./statements/parts.ts";
import { insertImportRows } from "./statements/report.ts";
import type { ImportRequest } from "./types.ts";
import { describePlan, readLastUserId } from "./user-files.ts";

/** Rows of a part: few enough that what is worked out of them stays in caches, many enough for sets to pay. */
export const partRows = 12_500;
/** The first part is so much smaller, and each is twice the one before: the database need not wait long for work. */
const firstPart = 1 / 8;
/** What is read while the database works: a part of usual rows. A thousand e-mails in each would otherwise fill the memory. */
const bytesAhead = 12 * 1024 * 1024;

/** A file to be applied in parts. */
export interface FileInParts {
  readonly request: ImportRequest;
  readonly received: ReceivedFile;
  readonly setup: Setup;
  readonly run: ImportRun;
  /** Rows of a part. */
  readonly partRows: number;
}

/** What was applied. */
export interface AppliedFile extends PlanDescription {
  readonly recorded: Recorded;
  readonly reading: Reading | null;
}

/** Says that the file has to be looked at as a whole. */
class Related extends Error {}

/** Whether the organization knows nobody, and has known nobody who could return. */
export async function knowsNobody(executor: Executor, organizationId: number): Promise<boolean> {
  const { rows } = await executor.query<{ known: boolean }>(knowsAnybody(organizationId));
  return !rows[0]!.known;
}

/**
 * Applies a file of users to an organization that knows nobody, part by part while the next one is read: both processors
 * work, and nobody is looked for who cannot be there (docs/decisions/021). The caller holds the organization's lock;
 * all is one transaction.
 *
 * That is allowed only as long as it makes no difference. Whenever it might (rows of two parts that may be one person's,
 * a group spelled in two ways, a limit of the guard), and whenever the document is refused, all is undone, and nothing is
 * returned: then the file is to be planned as a whole.
 */
export async function applyInParts(client: pg.PoolClient, file: FileInParts): Promise<AppliedFile | undefined> {
  await prepareStaging(client);
  await client.query("savepoint parts");
  try {
    const applied = await applyParts(client, file);
    await client.query("release savepoint parts");
    return applied;
  } catch (error) {
    if (!asksForTheWhole(error)) throw error;
    await client.query("rollback to savepoint parts; release savepoint parts");
    return undefined;
  }
}

/** What is wrong with a document, and where, shows only when it is read as a whole. */
const asksForTheWhole = (error: unknown) =>
  error instanceof Related || error instanceof MusterError || isUniqueViolation(error);

async function applyParts(client: pg.PoolClient, file: FileInParts): Promise<AppliedFile> {
  const { request, received, setup, partRows: rowsOfPart } = file;
  let reading: Reading | null = null;
  const opened = await openUserFile(received.body.open, received.format, {
    ...readOptions(request, setup),
    onReading: (found) => {
      reading = found;
    },
  });
  const encoded = encodeBatches(readStagedRows(opened, normalizationRules(setup.settings)), true, rowsOfPart);
  const batches = readAhead(encoded, bytesAhead, ({ lines }) => lines.length)[Symbol.asyncIterator]();
  try {
    let all: Part | undefined;
    const seen: Seen = { groups: new Set(), groupsNotFound: new Set(), hasLooseRows: false };
    for (let number = 1, next = await batches.next(); !next.done; number++) {
      await emptyStaging(client);
      await emptyPlan(client);
      next = await stagePart(client, batches, next.value, rowsOfPart * Math.min(1, firstPart * 2 ** (number - 1)));
      const part = await applyPart(client, file, number, seen);
      all = all === undefined ? part : joinParts(all, part);
    }
    if (all === undefined || (await isOverLimits(client, file, all))) throw new Related();
    return { ...all, reading };
  } finally {
    await batches.return?.();
  }
}

/** Stages the rows of a part, `first` and those after it; returns what comes next. */
async function stagePart(
  client: pg.PoolClient,
  batches: AsyncIterator<EncodedRows>,
  first: EncodedRows,
  rowsOfPart: number,
): Promise<IteratorResult<EncodedRows, unknown>> {
  let next: IteratorResult<EncodedRows, unknown> = { done: false, value: first };
  const part = async function* () {
    for (let rows = 0; !next.done && rows < rowsOfPart; next = await batches.next()) {
      rows += next.value.rows;
      yield next.value;
    }
  };
  await stageEncodedRows(client, part());
  return next;
}

/** What the parts so far had that later ones may have to do with. */
interface Seen {
  /** Names of the groups that they created, folded. */
  readonly groups: Set<string>;
  /** Likewise, of those that were not there: a later part may create what an earlier one has somebody leave. */
  readonly groupsNotFound: Set<string>;
  hasLooseRows: boolean;
}

/** Plans and applies the rows that are staged. */
async function applyPart(client: pg.PoolClient, file: FileInParts, number: number, seen: Seen): Promise<Part> {
  const { request, setup, run } = file;
  const lastUserId = await readLastUserId(client, request.organizationId);
  const context = importContext(request.organizationId, setup, lastUserId, true);
  await runStatements(client, matchStatements(context));
  await planUsers(client, context);
  const description = await describePlan(client, context);
  const { rows: groupsFound } = await client.query<GroupFigures & Record<string, unknown>>(groupFigures(context));
  const groups = groupsFound[0]!;
  await client.query(insertImportRows(context), [run.id]);
  const { rowCount: loose } = await client.query(keepLooseRows, [number]);
  seen.hasLooseRows ||= loose !== 0;
  if (context.settings.createGroups.length > 0) await refuseCreatedElsewhere(client, seen);
  const recorded = await applyUsers(client, context, run);
  if (seen.hasLooseRows) await refuseRelated(client, context);
  if (number > 1 && seen.groups.size > 0) await refuseAdministrators(client, context);
  return { ...description, recorded, groups };
}

/**
 * Of several spellings of a group that the file creates, one is chosen for the whole file; and a group that it creates is
 * there for all of its rows.
 */
async function refuseCreatedElsewhere(executor: Executor, { groups, groupsNotFound: missed }: Seen): Promise<void> {
  const names = async (statement: string) =>
    (await executor.query<{ name: string }>(statement)).rows.map(({ name }) => foldCase(name));
  const notFound = await names(groupsNotFound);
  const created = await names(groupsOfPart);
  if (notFound.some((name) => groups.has(name)) || created.some((name) => missed.has(name))) throw new Related();
  for (const name of notFound) missed.add(name);
  for (const name of created) groups.add(name);
}

async function refuseRelated(executor: Executor, context: ImportContext): Promise<void> {
  const { rows } = await executor.query<{ related: boolean }>(areRelated(context));
  if (rows[0]!.related) throw new Related();
}

/** Network administrators join all groups that a file creates, whichever part does. */
async function refuseAdministrators(executor: Executor, context: ImportContext): Promise<void> {
  if ((await executor.query(anyAdministrator(context))).rowCount) throw new Related();
}

/** Whether the guard would hold the file, or lets it pass only because somebody announced a change. */
async function isOverLimits(executor: Executor, { request, setup, run }: FileInParts, all: Part): Promise<boolean> {
  const { guard: limits, announcedChange, name: sourceName } = setup.source;
  if (isOff(limits)) return false;
  const isRoster = setup.style !== "normal";
  const last = isRoster
    ? (
        await executor.query<{ people: number }>(
          lastRoster({ organizationId: request.organizationId, source: setup.source.number }),
        )
      ).rows[0]
    : undefined;
  const figures = figuresOfParts(all, { isRoster, sourceName, peopleInLastRoster: last?.people ?? null });
  const { scope, uses } = judgeFigures(figures, limits, announcedChange, run.at);
  return scope !== null || uses !== null;
}
