import { type ChangeEntry, type Origin, type Recorded, recordChanges } from "../../changes/record.ts";
import type { IssueDetails, RowIssueCode } from "../../errors.ts";
import { MusterError, problems, rowIssues } from "../../errors.ts";
import type { FieldMapping } from "../../intake/mapping.ts";
import type { FileFormat, Reading } from "../../intake/reading.ts";
import type { Style } from "../../organizations/settings.ts";
import { type Database, type Executor, withOrganization } from "../../store/database.ts";
import { databaseUnavailable, isUnavailable } from "../../store/unavailable.ts";
import type { Hold } from "../guard/holds.ts";
import type { SpooledBody } from "../receive/spool.ts";
import { interrupted } from "./interrupted.ts";
import type { Outcomes } from "./outcomes.ts";
import { summarize } from "./summary.ts";
import type {
  Decision,
  ImportCounts,
  ImportProblem,
  ImportRequest,
  ImportResource,
  ImportRow,
  ImportStatus,
} from "./types.ts";

/** A page of a list, and the key after which the next one begins. */
export interface Page<Item, Key> {
  readonly items: readonly Item[];
  /** Absent on the last page. */
  readonly next?: Key;
}

/** Where a page of imports begins: the import before it. */
export type ImportKey = readonly [createdAt: string, id: string];
/** Where a page of rows begins: the note before it. */
export type ImportRowKey = readonly [row: number, number: number];

/** Which imports a list shows. */
export interface ImportFilter {
  readonly status?: ImportStatus;
  /** Name of a source. */
  readonly source?: string;
}

const importColumns = `
  imports.id, imports.kind, imports.style, imports.dry_run as "dryRun", imports.status, sources.name as "sourceName",
  imports.channel, imports.format, imports.file_name as "fileName", imports.bytes, imports.sha256, imports.reading,
  imports.actor,
  imports.counts, imports.problem, imports.hold, imports.decision,
  (select settings ->> 'timeZone' from organizations where id = imports.organization_id) as "timeZone",
  imports.plan_hash as "planHash", imports.first_sequence as "firstSequence", imports.last_sequence as "lastSequence",
  timestamp_text(imports.created_at) as "createdAt", timestamp_text(imports.finished_at) as "finishedAt"`;
const importTables = `
  imports join sources on sources.organization_id = imports.organization_id and sources.number = imports.source`;

interface StoredImport {
  [column: string]: unknown;
  id: string;
  kind: ImportResource["kind"];
  style: Style;
  dryRun: boolean;
  status: ImportStatus;
  sourceName: string;
  channel: ImportRequest["channel"];
  format: string | null;
  fileName: string | null;
  bytes: number | null;
  sha256: string | null;
  reading: Reading | null;
  actor: string;
  counts: ImportCounts | null;
  problem: ImportProblem | null;
  hold: Hold | null;
  decision: Decision | null;
  timeZone: string | null;
  planHash: string | null;
  firstSequence: number | null;
  lastSequence: number | null;
  createdAt: string;
  finishedAt: string | null;
}

/** What imports did not count at first. */
const earlierCounts = { withdrawn: 0, kept: 0 };

function toResource(stored: StoredImport): ImportResource {
  const { id, kind, style, dryRun, status, sourceName, channel, format, fileName, bytes, sha256 } = stored;
  const { reading, actor, problem, hold, decision, planHash, firstSequence, lastSequence, createdAt, finishedAt } =
    stored;
  const counts = stored.counts && { ...earlierCounts, ...stored.counts };
  const source = { name: sourceName, channel, format, fileName, bytes, sha256, reading };
  const resource = {
    id,
    kind,
    style,
    dryRun,
    status,
    source,
    actor,
    counts,
    problem,
    hold,
    decision,
    planHash,
    createdAt,
  };
  const summary = summarize(resource, stored.timeZone ?? "UTC");
  return {
    ...{ id, kind, style, dryRun, status, summary, source, actor, counts, problem, hold, decision },
    ...{ planHash, firstSequence, lastSequence, createdAt, finishedAt },
  };
}

/**
 * One import.
 * @throws MusterError not_found
 */
export function getImport(database: Database, organizationId: number, id: string): Promise<ImportResource> {
  return withOrganization(database, organizationId, (client) => readImport(client, organizationId, id));
}

/** The same in a transaction of the caller's. */
export async function readImport(executor: Executor, organizationId: number, id: string): Promise<ImportResource> {
  const { rows } = await executor.query<StoredImport>(
    `select ${importColumns} from ${importTables} where imports.organization_id = $1 and imports.id = $2`,
    [organizationId, id],
  );
  const [stored] = rows;
  if (!stored) throw new MusterError("not_found", "There is no such import.");
  return toResource(stored);
}

/** The imports of these ids, in no order; unknown ones are left out. */
export async function readImports(
  executor: Executor,
  organizationId: number,
  ids: readonly string[],
): Promise<ImportResource[]> {
  if (ids.length === 0) return [];
  const { rows } = await executor.query<StoredImport>(
    `select ${importColumns} from ${importTables} where imports.organization_id = $1 and imports.id = any($2::uuid[])`,
    [organizationId, ids],
  );
  return rows.map(toResource);
}

/** Imports, the latest first. */
export async function listImports(
  database: Database,
  organizationId: number,
  filter: ImportFilter,
  page: { readonly after?: ImportKey; readonly limit: number },
): Promise<Page<ImportResource, ImportKey>> {
  const [createdAt, id] = page.after ?? [null, null];
  const { rows } = await withOrganization(database, organizationId, (client) =>
    client.query<StoredImport>(
      `select ${importColumns} from ${importTables}
       where imports.organization_id = $1 and ($2::text is null or imports.status = $2)
         and ($3::text is null or sources.name = $3)
         and ($4::timestamptz is null or (imports.created_at, imports.id) < ($4, $5::uuid))
       order by imports.created_at desc, imports.id desc limit $6`,
      [organizationId, filter.status ?? null, filter.source ?? null, createdAt, id, page.limit + 1],
    ),
  );
  return cut(rows, page.limit, (last) => [last.createdAt, last.id], toResource);
}

interface StoredRow {
  [column: string]: unknown;
  row: number;
  number: number;
  line: number;
  outcome: ImportRow["outcome"];
  code: RowIssueCode;
  field: string | null;
  details: IssueDetails;
}

/**
 * The rows of an import that are not plain success, in the order of the file.
 * @param page `failedFirst`: failed rows before any other; a first page only, which no key continues
 * @throws MusterError not_found
 */
export async function listImportRows(
  database: Database,
  organizationId: number,
  id: string,
  filter: { readonly outcome?: ImportRow["outcome"]; readonly code?: string },
  page: { readonly after?: ImportRowKey; readonly limit: number; readonly failedFirst?: boolean },
): Promise<Page<ImportRow, ImportRowKey>> {
  const [row, number] = page.after ?? [0, 0];
  const { rows } = await withOrganization(database, organizationId, async (client) => {
    const { rowCount } = await client.query("select from imports where organization_id = $1 and id = $2", [
      organizationId,
      id,
    ]);
    if (!rowCount) throw new MusterError("not_found", "There is no such import.");
    return client.query<StoredRow>(
      `select row, number, line, outcome, code, field, details from import_rows
       where organization_id = $1 and import_id = $2 and ($3::text is null or outcome = $3)
         and ($4::text is null or code = $4) and (row, number) > ($5, $6)
       order by ${page.failedFirst ? "outcome <> 'failed', " : ""}row, number limit $7`,
      [organizationId, id, filter.outcome ?? null, filter.code ?? null, row, number, page.limit + 1],
    );
  });
  return cut(rows, page.limit, (last) => [last.row, last.number], toRow);
}

function toRow({ row, line, outcome, code, field, details }: StoredRow): ImportRow {
  return { row, line, outcome, code, field, message: rowIssues[code].message(details) };
}

function cut<Stored, Item, Key>(
  rows: readonly Stored[],
  limit: number,
  key: (last: Stored) => Key,
  convert: (stored: Stored) => Item,
): Page<Item, Key> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items: items.map(convert), ...(rows.length > limit && last ? { next: key(last) } : {}) };
}

/** Opens the record of an attempt, before anything of its body is read. */
export async function openImport(
  executor: Executor,
  request: ImportRequest,
  attempt: {
    readonly id: string;
    readonly style: Style;
    readonly source: number;
    readonly at: Date;
    /** Number of the process that works on it. */
    readonly process: number;
  },
): Promise<void> {
  await executor.query(
    `insert into imports (organization_id, id, kind, style, dry_run, status, source, channel, format, file_name, actor, created_at, caller_id, process)
     values ($1, $2, $12, $3, $4, 'receiving', $5, $6, $7, $8, $9, $10, $11, $13)`,
    [
      ...[request.organizationId, attempt.id, attempt.style, request.dryRun, attempt.source, request.channel],
      ...[request.format ?? null, request.fileName, request.actor, attempt.at, request.callerId ?? null],
      ...[request.kind, attempt.process],
    ],
  );
}

/**
 * Notes that the body is here, whole.
 * @throws MusterError import_interrupted when somebody has ended the import, who took this process for gone
 */
export async function receivedImport(
  executor: Executor,
  organizationId: number,
  id: string,
  { bytes, sha256, format }: Pick<SpooledBody, "bytes" | "sha256"> & { readonly format: FileFormat },
): Promise<void> {
  const { rowCount } = await executor.query(
    `update imports set status = 'planning', bytes = $3, sha256 = $4, format = $5
     where organization_id = $1 and id = $2 and status = 'receiving'`,
    [organizationId, id, bytes, sha256, format],
  );
  if (rowCount === 0) throw wasInterrupted();
}

/** How an import ends that was not refused. */
export interface ImportEnd {
  readonly status: "applied" | "planned" | "held";
  readonly counts: ImportCounts;
  readonly outcomes: Outcomes;
  readonly reading: Reading | null;
  readonly mapping: FieldMapping | null;
  readonly hold: Hold | null;
  readonly decision: Decision | null;
  readonly planHash: string | null;
  readonly recorded: Recorded;
  /** Number of the source. */
  readonly source: number;
  /** Whose file it is, or who approved it. */
  readonly actor: string;
  readonly at: Date;
}

/**
 * Ends an import that was applied, held, or planned as a dry run, in its own transaction. What is held of the source's
 * earlier imports is done away with, unless this is a dry run.
 * @throws MusterError import_interrupted when it is not under way any more: somebody has ended it, who took this process
 *   for gone. The caller rolls back whatever it applied
 */
export async function finishImport(
  executor: Executor,
  organizationId: number,
  id: string,
  end: ImportEnd,
): Promise<void> {
  const { status, hold } = end;
  const { rowCount } = await executor.query(
    `update imports set status = $3, counts = $4, first_sequence = $5, last_sequence = $6, finished_at = $7,
       outcomes = $8, reading = $9, mapping = $10, plan_hash = $11, hold = $12, decision = $13
     where organization_id = $1 and id = $2 and status = $14`,
    [
      ...[organizationId, id, status, JSON.stringify(end.counts)],
      ...[end.recorded.firstSequence ?? null, end.recorded.lastSequence ?? null, end.at],
      ...[JSON.stringify(end.outcomes), json(end.reading), json(end.mapping), end.planHash, json(hold)],
      ...[json(end.decision), end.decision ? "held" : "planning"],
    ],
  );
  if (rowCount === 0) throw wasInterrupted();
  if (status === "planned") return;
  const origin = { actor: end.actor, importId: id, source: end.source };
  if (status === "held") await recordChanges(executor, organizationId, origin, [importEntry(id, null, "held", null)]);
  else if (end.decision)
    await recordDecided(executor, organizationId, origin, [{ id, decision: end.decision }], status);
  const { rows: superseded } = await executor.query<{ id: string; decision: Decision }>(
    `update imports held
     set status = 'discarded', decision = jsonb_build_object('outcome', 'superseded', 'decidedBy', null, 'reason', null,
       'actor', later.actor, 'supersededBy', later.id, 'at', timestamp_text($3))
     from imports later
     where later.organization_id = $1 and later.id = $2 and held.organization_id = $1 and held.id <> $2
       and held.status = 'held' and held.source = later.source and held.kind = later.kind
     returning held.id, held.decision`,
    [organizationId, id, end.at],
  );
  await recordDecided(executor, organizationId, origin, superseded, "discarded");
  if (status === "applied" || hold?.scope === "removals") {
    await executor.query(
      `update sources set last_import_id = $2, last_applied_at = $3
       where organization_id = $1 and number = $4
         and exists (select from imports where organization_id = $1 and id = $2 and kind = 'users')`,
      [organizationId, id, end.at, end.source],
    );
  }
}

const wasInterrupted = () => new MusterError(interrupted.code, interrupted.detail);

const json = (value: object | null) => value && JSON.stringify(value);

/** What the change log tells of an import: that it is held, and what became of it then. */
const importEntry = (
  id: string,
  from: "held" | null,
  to: "held" | "applied" | "discarded",
  decision: Decision | null,
): ChangeEntry => ({
  type: "import",
  action: from === null ? "created" : "updated",
  id,
  changed: { status: { from, to }, ...(decision === null ? {} : { decision: { from: null, to: decision } }) },
});

async function recordDecided(
  executor: Executor,
  organizationId: number,
  origin: Origin,
  decided: readonly { readonly id: string; readonly decision: Decision }[],
  status: "applied" | "discarded",
): Promise<void> {
  if (decided.length === 0) return;
  const entries = decided.map(({ id, decision }) => importEntry(id, "held", status, decision));
  await recordChanges(executor, organizationId, origin, entries);
}

/** An import that is held, for somebody who decides about it. */
export interface ApprovedHold {
  readonly scope: Hold["scope"];
  readonly hold: Hold;
  readonly counts: ImportCounts;
  readonly outcomes: Outcomes;
  readonly planHash: string;
  /** Of the part that was applied. */
  readonly firstSequence?: number;
}

interface StoredHold {
  [column: string]: unknown;
  status: ImportStatus;
  hold: Hold;
  decision: Decision | null;
  counts: ImportCounts;
  outcomes: Outcomes;
  planHash: string;
  firstSequence: number | null;
}

/**
 * An import that is still held; nobody else can decide about it until the transaction ends.
 * @throws MusterError not_found; conflict when it is not held (any more), with who decided
 */
export async function approvedHold(executor: Executor, organizationId: number, id: string): Promise<ApprovedHold> {
  const { rows } = await executor.query<StoredHold>(
    `select status, hold, decision, counts, outcomes, plan_hash as "planHash", first_sequence as "firstSequence"
     from imports where organization_id = $1 and id = $2 for update`,
    [organizationId, id],
  );
  const [stored] = rows;
  if (!stored) throw new MusterError("not_found", "There is no such import.");
  const { status, hold, decision, counts, outcomes, planHash, firstSequence } = stored;
  if (status !== "held") throw new MusterError("conflict", notHeld(decision));
  const held = { scope: hold.scope, hold, counts: { ...earlierCounts, ...counts }, outcomes, planHash };
  return firstSequence === null ? held : { ...held, firstSequence };
}

function notHeld(decision: Decision | null): string {
  if (decision === null) return "The import is not held: there is nothing to decide.";
  const { outcome, decidedBy, at, supersededBy } = decision;
  if (outcome === "superseded")
    return `The import ${supersededBy} of the same source came later, so that this one is void.`;
  return `${decidedBy ?? "Somebody"} has decided already: ${outcome} at ${at}.`;
}

/** Takes note that the plan of a held import has become another one. */
export async function keepMovedPlan(
  executor: Executor,
  organizationId: number,
  id: string,
  { planHash, waiting }: Pick<ApprovedHold, "planHash"> & Pick<Hold, "waiting">,
): Promise<void> {
  await executor.query(
    `update imports set plan_hash = $3, hold = hold || jsonb_build_object('waiting', $4::jsonb)
     where organization_id = $1 and id = $2`,
    [organizationId, id, planHash, JSON.stringify(waiting)],
  );
}

/**
 * Ends an import that is held without applying what waits.
 * @throws MusterError as `approvedHold`
 */
export async function discardHeld(
  executor: Executor,
  organizationId: number,
  id: string,
  decision: Decision,
): Promise<void> {
  await approvedHold(executor, organizationId, id);
  await executor.query(
    "update imports set status = 'discarded', decision = $3 where organization_id = $1 and id = $2",
    [organizationId, id, JSON.stringify(decision)],
  );
  const origin = { actor: decision.actor, importId: id };
  await recordDecided(executor, organizationId, origin, [{ id, decision }], "discarded");
}

/**
 * Ends an import that was refused, or failed: nothing of it was applied.
 * @returns false when it has ended already: as interrupted, or by a commit of which nobody heard. It is left alone then
 */
export async function refuseImport(
  executor: Executor,
  organizationId: number,
  id: string,
  error: unknown,
  at: Date,
): Promise<boolean> {
  const known = isUnavailable(error) ? databaseUnavailable() : error;
  const problem: ImportProblem =
    known instanceof MusterError
      ? { code: known.code, detail: known.detail, ...known.place }
      : { code: "internal", detail: `${problems.internal.title}. Nothing was changed; send the file again.` };
  const { rowCount } = await executor.query(
    `update imports i set status = 'failed', finished_at = $4, problem = $3::jsonb || jsonb_build_object('lastRoster', (
       select jsonb_build_object('people', (counts ->> 'people')::integer, 'at', timestamp_text(finished_at)) from imports before
       where before.organization_id = $1 and before.source = i.source and before.kind = i.kind and before.status = 'applied'
         and not before.dry_run and before.style in ('active-roster', 'purge')
       order by before.created_at desc limit 1))
     where organization_id = $1 and id = $2 and status in ('receiving', 'planning', 'applying')`,
    [organizationId, id, JSON.stringify(problem), at],
  );
  return rowCount === 1;
}
