import { type Recorded, together } from "../../../changes/record.ts";
import { foldCase } from "../../../directory/text.ts";
import { MusterError } from "../../../errors.ts";
import { normalizeUser } from "../../../intake/normalize-user.ts";
import type { Reading } from "../../../intake/reading.ts";
import type { NormalizationRules } from "../../../intake/records.ts";
import { readDigestedRecords } from "../../../intake/user-file.ts";
import type { DigestedRecord } from "../../../intake/xml-plain.ts";
import type { Executor, Transaction } from "../../../store/database.ts";
import { literal } from "../../../store/sql.ts";
import { isUniqueViolation } from "../../../store/unique-violation.ts";
import { isOff, judgeFigures } from "../../guard/holds.ts";
import type { ImportRun, PlanDescription, ReceivedFile } from "../../planned-file.ts";
import type { ImportContext } from "../../setup/context.ts";
import { importContext, normalizationRules, readOptions, type Setup } from "../../setup/setup.ts";
import { appendPeople, applyPlan, createWanted } from "../apply/apply-users.ts";
import { lastRoster } from "../guard/figures.ts";
import { matchRows } from "../match/match-rows.ts";
import { planUsers } from "../plan/plan-users.ts";
import { insertImportRows } from "../report/report.ts";
import type { Wanted } from "../stage/plain-entry.ts";
import {
  type EncodedRows,
  emptyPlan,
  emptyStaging,
  encodeBatches,
  prepareStaging,
  type StagedRow,
  stageEncodedRows,
} from "../stage/staging.ts";
import { describePlan, readLastUserId } from "../user-files.ts";
import { addPlainRows, appendPlainPeople, readPlainRules, sortOutRows } from "./apply-plain-rows.ts";
import {
  anyAdministrator,
  areRelated,
  groupFigures,
  groupsNotFound,
  groupsOfPart,
  keepLooseRows,
  knowsAnybody,
} from "./part-statements.ts";
import { figuresOfParts, type GroupFigures, joinParts, nothingDone, type Part } from "./parts.ts";
import { plainEntries } from "./plain-row-statements.ts";
import { type PlainRules, plainEntry } from "./plain-rows.ts";
import { readAhead } from "./read-ahead.ts";

/** Rows of a part: few enough that what is worked out of them stays in caches, many enough for sets to pay. */
export const partRows = 6_000;
/** The first part is so much smaller, and each is twice the one before: the database need not wait long for work. */
const firstPart = 1 / 8;
/** What is read while the database works: a part of usual rows. A thousand e-mails in each would otherwise fill the memory. */
const bytesAhead = 12 * 1024 * 1024;

/** A file to be applied in parts. */
export interface FileInParts {
  readonly organizationId: number;
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
export async function applyInParts(client: Transaction, file: FileInParts): Promise<AppliedFile | undefined> {
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
  error instanceof Related || error instanceof MusterError || isUniqueViolation(error, identities);

/** Two parts have the same person, or two who want one userID. */
const identities = ["user_sources_database_id", "users_username"];

async function applyParts(client: Transaction, file: FileInParts): Promise<AppliedFile> {
  const { organizationId, received, setup, partRows: rowsOfPart } = file;
  let reading: Reading | null = null;
  const records = readDigestedRecords(received.body.open, received.format, {
    ...readOptions(received.charset, setup),
    onReading: (found) => {
      reading = found;
    },
  });
  let rules = await readPlainRules(client, organizationId, setup);
  const encoded = encodeBatches(
    normalized(records, normalizationRules(setup.settings)),
    (row) => plainEntry(row, rules),
    rowsOfPart,
  );
  const batches = readAhead(encoded, bytesAhead, ({ lines }) => lines.length);
  try {
    let all: Part | undefined;
    const seen: Seen = { groups: new Set(), groupsNotFound: new Set(), hasLooseRows: false };
    for (let number = 1, next = await batches.next(); !next.done; number++) {
      if (number > 1) {
        await emptyStaging(client);
        await emptyPlan(client);
      }
      const most = rowsOfPart * Math.min(1, firstPart * 2 ** (number - 1));
      const staged = await stagePart(client, batches, next.value, most);
      next = staged.next;
      const wanted = {
        groups: [...staged.groups].filter((groupId) => !rules.groups.has(groupId)).sort(),
        locations: [...staged.locations].filter((name) => !rules.locations.has(name)).sort(),
      };
      const part = await applyPart(client, file, rules, { number, wanted }, seen);
      if (part.counts.groupsCreated + part.counts.locationsCreated > 0)
        rules = await readPlainRules(client, organizationId, setup);
      all = all === undefined ? part : joinParts(all, part);
    }
    if (all === undefined || (await isOverLimits(client, file, all))) throw new Related();
    return { ...all, reading };
  } finally {
    await batches.return?.();
  }
}

async function* normalized(
  batches: AsyncIterable<readonly DigestedRecord[]>,
  rules: NormalizationRules,
): AsyncGenerator<StagedRow[]> {
  for await (const records of batches)
    yield records.map(({ record, digest }) => ({ row: normalizeUser(record, rules), digest }));
}

/** A part whose rows are staged. */
interface Staged {
  /** Ids of groups, and names of locations, that its plain rows name and that were not there when they were read. */
  readonly groups: ReadonlySet<string>;
  readonly locations: ReadonlySet<string>;
  /** What comes after it. */
  readonly next: IteratorResult<EncodedRows, undefined>;
}

/** Stages the rows of a part, `first` and those after it. */
async function stagePart(
  client: Transaction,
  batches: AsyncIterator<EncodedRows, undefined>,
  first: EncodedRows,
  rowsOfPart: number,
): Promise<Staged> {
  const groups = new Set<string>();
  const locations = new Set<string>();
  let next: IteratorResult<EncodedRows, undefined> = { done: false, value: first };
  const part = async function* () {
    for (let rows = 0; !next.done && rows < rowsOfPart; next = await batches.next()) {
      rows += next.value.rows;
      for (const groupId of next.value.wanted.groups) groups.add(groupId);
      for (const name of next.value.wanted.locations) locations.add(name);
      yield next.value;
    }
  };
  await stageEncodedRows(client, part());
  return { groups, locations, next };
}

/** What the parts so far had that later ones may have to do with. */
interface Seen {
  /** Names of the groups that they created, folded. */
  readonly groups: Set<string>;
  /** Likewise, of those that were not there: a later part may create what an earlier one has somebody leave. */
  readonly groupsNotFound: Set<string>;
  hasLooseRows: boolean;
}

/** The part that is at hand. */
interface PartAtHand {
  /** From 1 on. */
  readonly number: number;
  /** What its plain rows name and is to be created. */
  readonly wanted: Wanted;
}

/** Applies the rows that are staged. Only those that are not plain have to be planned. */
async function applyPart(
  client: Transaction,
  file: FileInParts,
  rules: PlainRules,
  { number, wanted }: PartAtHand,
  seen: Seen,
): Promise<Part> {
  const { organizationId, setup, run } = file;
  const rows = await sortOutRows(client, wanted, rules);
  const { plain, others, firstRow } = rows;
  const lastUserId = await readLastUserId(client, organizationId);
  const lastPlainId = plain === 0 ? lastUserId : lastUserId + plain + others;
  const context = importContext(organizationId, setup, lastPlainId, true);
  // What the number of a plain row is short of its person's id.
  const offset = lastUserId - (firstRow - 1);
  const creates = plain > 0 && wanted.groups.length > 0;
  let part = nothingDone;
  if (plain > 0) {
    part = joinParts(part, await create(client, context, run, wanted, seen));
    part = joinParts(part, await addPlainRows(client, context, run, rules, rows, offset));
  }
  if (others > 0) part = joinParts(part, await applyOthers(client, context, run, { number, offset }, seen));
  else
    part = { ...part, recorded: together(part.recorded, await appendPlainPeople(client, context, run, rows, offset)) };
  if (seen.hasLooseRows) await refuseRelated(client, context);
  // Of groups that its own plan creates, a part knows who else joins them.
  if (seen.groups.size > 0 && (number > 1 || creates)) await refuseAdministrators(client, context);
  return part;
}

/** Creates what plain rows name. */
async function create(
  client: Transaction,
  context: ImportContext,
  run: ImportRun,
  wanted: Wanted,
  seen: Seen,
): Promise<Part> {
  noteCreated(seen, wanted.groups.map(foldCase));
  const recorded = await createWanted(client, context, run, wanted);
  const { groups, locations } = wanted;
  const counts = { ...nothingDone.counts, groupsCreated: groups.length, locationsCreated: locations.length };
  return { ...nothingDone, recorded, counts };
}

/** Plans and applies the rows that are not plain. What it records is told of plain ones, too. */
async function applyOthers(
  client: Transaction,
  context: ImportContext,
  run: ImportRun,
  { number, offset }: { readonly number: number; readonly offset: number },
  seen: Seen,
): Promise<Part> {
  await matchRows(client, context);
  await planUsers(client, context);
  const description = await describePlan(client, context);
  const { rows: groupsFound } = await client.query<GroupFigures & Record<string, unknown>>(groupFigures(context));
  const groups = groupsFound[0]!;
  await client.query(insertImportRows(context), [run.id]);
  const { rowCount: loose } = await client.query(keepLooseRows, [number]);
  seen.hasLooseRows ||= loose !== 0;
  if (context.settings.createGroups.length > 0) await noteGroups(client, seen);
  const created = await applyPlan(client, context, run);
  const recorded = together(created, await appendPeople(client, context, run, plainEntries(offset)));
  return { ...description, recorded, groups };
}

/** Keeps which groups the plan has to do with. */
async function noteGroups(executor: Executor, seen: Seen): Promise<void> {
  const names = async (statement: string) =>
    (await executor.query<{ name: string }>(statement)).rows.map(({ name }) => foldCase(name));
  const notFound = await names(groupsNotFound);
  if (notFound.some((name) => seen.groups.has(name))) throw new Related();
  noteCreated(seen, await names(groupsOfPart));
  for (const name of notFound) seen.groupsNotFound.add(name);
}

/**
 * Of several spellings of a group that the file creates, one is chosen for the whole file; and a group that it creates is
 * there for all of its rows.
 */
function noteCreated({ groups, groupsNotFound: missed }: Seen, names: readonly string[]): void {
  if (names.some((name) => groups.has(name) || missed.has(name)) || new Set(names).size < names.length)
    throw new Related();
  for (const name of names) groups.add(name);
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
async function isOverLimits(
  executor: Executor,
  { organizationId, setup, run }: FileInParts,
  all: Part,
): Promise<boolean> {
  const { guard: limits, announcedChange, name: sourceName } = setup.source;
  if (isOff(limits)) return false;
  const isRoster = setup.rules.deletesAbsentPeople;
  const last = isRoster
    ? (await executor.query<{ people: number }>(lastRoster({ organizationId, source: literal(setup.source.number) })))
        .rows[0]
    : undefined;
  const figures = figuresOfParts(all, { isRoster, sourceName, peopleInLastRoster: last?.people ?? null });
  const verdict = judgeFigures(figures, limits, announcedChange, run.at);
  return verdict.outcome === "held" || verdict.uses !== null;
}
