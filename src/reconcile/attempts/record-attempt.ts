import { type Recorded, recordChanges } from "../../changes/record.ts";
import { MusterError, problems } from "../../errors.ts";
import type { FieldMapping } from "../../intake/mapping-schema.ts";
import type { FileFormat, Reading } from "../../intake/reading.ts";
import type { Style } from "../../organizations/settings.ts";
import type { Executor } from "../../store/database.ts";
import { databaseUnavailable, isUnavailable } from "../../store/unavailable.ts";
import type { Hold } from "../guard/hold.ts";
import type { ImportCaller, ImportKind } from "../receive/request.ts";
import type { SpooledBody } from "../receive/spool.ts";
import { importEntry, recordDecided } from "./held-imports.ts";
import { interrupted } from "./interrupted.ts";
import type { Outcomes } from "./outcomes.ts";
import type { Decision, ImportCounts, ImportProblem } from "./types.ts";

/** An attempt that begins. */
export interface OpenedAttempt {
  readonly id: string;
  readonly caller: ImportCaller;
  readonly kind: ImportKind;
  readonly style: Style;
  readonly dryRun: boolean;
  /** Number of the source. */
  readonly source: number;
  /** null: the service detects it once the body is here. */
  readonly format: FileFormat | null;
  readonly fileName: string | null;
  readonly at: Date;
  /** Number of the process that works on it. */
  readonly process: number;
}

/** Opens the record of an attempt, before anything of its body is read. */
export async function openImport(
  executor: Executor,
  { id, caller, kind, style, dryRun, source, format, fileName, at, process }: OpenedAttempt,
): Promise<void> {
  const { organizationId, actor, channel, callerId = null } = caller;
  await executor.query(
    `insert into imports (organization_id, id, kind, style, dry_run, status, source, channel, format, file_name, actor, created_at, caller_id, process)
     values ($1, $2, $3, $4, $5, 'receiving', $6, $7, $8, $9, $10, $11, $12, $13)`,
    [organizationId, id, kind, style, dryRun, source, channel, format, fileName, actor, at, callerId, process],
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
