import sql from "sql-template-tag";
import { type Recorded, recordChanges } from "../../changes/record.ts";
import { MusterError, problems } from "../../errors.ts";
import type { FieldMapping } from "../../intake/mapping-schema.ts";
import type { FileFormat, Reading } from "../../intake/reading.ts";
import type { Style } from "../../organizations/settings.ts";
import type { Transaction } from "../../store/database.ts";
import { prepared } from "../../store/sql.ts";
import type { Executor } from "../../store/statement.ts";
import { databaseUnavailable, isFull, isUnavailable, storageFull } from "../../store/unavailable.ts";
import type { Hold } from "../guard/hold.ts";
import type { ImportCaller, ImportKind } from "../receive/request.ts";
import type { SpooledBody } from "../receive/spool.ts";
import { importEntry, recordDecided } from "./held-imports.ts";
import type { Decision, ImportCounts, ImportProblem } from "./import-resource.ts";
import { interrupted } from "./interrupted.ts";
import type { Outcomes } from "./outcomes.ts";

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
  readonly folder: string | null;
  readonly at: Date;
  /** Number of the process that works on it. */
  readonly process: number;
}

/** Opens the record of an attempt, before anything of its body is read. */
export async function openImport(transaction: Transaction, { caller, at, ...attempt }: OpenedAttempt): Promise<void> {
  const { organizationId, actor, channel, callerId = null } = caller;
  const records = await transaction.records();
  await records.import.create({
    data: { ...attempt, organizationId, actor, channel, callerId, status: "receiving", createdAt: at },
  });
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
    prepared(sql`update imports set status = 'planning', bytes = ${bytes}, sha256 = ${sha256}, format = ${format}
     where organization_id = ${organizationId} and id = ${id} and status = 'receiving'`),
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
  /** The sender of the file, or the person who approved it. */
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
    prepared(sql`update imports set status = ${status}, counts = ${JSON.stringify(end.counts)}, first_sequence = ${end.recorded.firstSequence ?? null}, last_sequence = ${end.recorded.lastSequence ?? null}, finished_at = ${end.at},
       outcomes = ${JSON.stringify(end.outcomes)}, reading = ${json(end.reading)}, mapping = ${json(end.mapping)}, plan_hash = ${end.planHash}, hold = ${json(hold)}, decision = ${json(end.decision)}
     where organization_id = ${organizationId} and id = ${id} and status = ${end.decision ? "held" : "planning"}`),
  );
  if (rowCount === 0) throw wasInterrupted();
  if (end.counts.failed >= fewestFailures) await noteCommonFailure(executor, organizationId, id);
  if (status === "planned") return;
  const origin = { actor: end.actor, importId: id, source: end.source };
  if (status === "held") await recordChanges(executor, organizationId, origin, [importEntry(id, null, "held", null)]);
  else if (end.decision)
    await recordDecided(executor, organizationId, origin, [{ id, decision: end.decision }], status);
  const { rows: superseded } = await executor.query<{ id: string; decision: Decision }>(
    prepared(sql`update imports held
     set status = 'discarded', decision = jsonb_build_object('outcome', 'superseded', 'decidedBy', null, 'reason', null,
       'actor', later.actor, 'supersededBy', later.id, 'at', timestamp_text(${end.at}))
     from imports later
     where later.organization_id = ${organizationId} and later.id = ${id} and held.organization_id = ${organizationId} and held.id <> ${id}
       and held.status = 'held' and held.source = later.source
       and (held.kind = later.kind or (later.kind = 'retirement' and later.status = 'applied'))
     returning held.id, held.decision`),
  );
  await recordDecided(executor, organizationId, origin, superseded, "discarded");
  if (status === "applied" || hold?.scope === "removals") {
    await executor.query(
      prepared(sql`update sources set last_import_id = ${id}, last_applied_at = ${end.at}
       where organization_id = ${organizationId} and number = ${end.source}
         and exists (select from imports where organization_id = ${organizationId} and id = ${id} and kind = 'users')`),
    );
  }
  await executor.query(
    prepared(sql`
      update imports set head_sequence = feed_heads.last_sequence, rules_epoch = organizations.rules_epoch
      from feed_heads join organizations on organizations.id = feed_heads.organization_id
      where feed_heads.organization_id = ${organizationId}
        and imports.organization_id = ${organizationId} and imports.id = ${id}`),
  );
}

/** Fewer failed rows are better read one by one. */
const fewestFailures = 3;

/** Notes the reason of all failed rows, if they have the same one: people need the cause, not its consequences. */
async function noteCommonFailure(executor: Executor, organizationId: number, id: string): Promise<void> {
  await executor.query(
    prepared(sql`
      update imports set outcomes = outcomes || jsonb_build_object('commonFailure', common.failure)
      from (
        select jsonb_build_object('code', min(code), 'details', (array_agg(details order by row))[1]) as failure
        from import_rows
        where organization_id = ${organizationId} and import_id = ${id} and outcome = 'failed' and number = 1
        having count(distinct (code, field)) = 1
          -- Not all notes of a large file are kept.
          and count(*) = (select (counts ->> 'failed')::integer from imports where organization_id = ${organizationId} and id = ${id})
      ) common
      where imports.organization_id = ${organizationId} and imports.id = ${id}`),
  );
}

/** The error of an import that somebody has ended who took its process for gone. */
export const wasInterrupted = () => new MusterError(interrupted.code, interrupted.detail);

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
  const known = isFull(error) ? storageFull() : isUnavailable(error) ? databaseUnavailable() : error;
  const problem: ImportProblem =
    known instanceof MusterError
      ? { code: known.code, detail: known.detail, ...known.place }
      : { code: "internal", detail: `${problems.internal.title}. Nothing was changed; send the file again.` };
  const { rowCount } = await executor.query(
    prepared(sql`update imports i set status = 'failed', finished_at = ${at}, problem = ${JSON.stringify(problem)}::jsonb || jsonb_build_object('lastRoster', (
       select jsonb_build_object('people', (counts ->> 'people')::integer, 'at', timestamp_text(finished_at)) from imports before
       where before.organization_id = ${organizationId} and before.source = i.source and before.kind = i.kind and before.status = 'applied'
         and not before.dry_run and before.style in ('active-roster', 'purge')
       order by before.created_at desc limit 1))
     where organization_id = ${organizationId} and id = ${id} and status in ('receiving', 'planning')`),
  );
  return rowCount === 1;
}
