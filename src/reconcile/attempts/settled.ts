import sql from "sql-template-tag";
import { z } from "zod";
import { type Reading, readingSchema } from "../../intake/reading.ts";
import { prepared, selectRow } from "../../store/sql.ts";
import type { Executor } from "../../store/statement.ts";
import { countsSchema, type ImportCounts } from "./import-resource.ts";
import type { Outcomes } from "./outcomes.ts";

/** An import of a file that changed nothing, not even a claim. */
export interface SettledImport {
  readonly id: string;
  readonly counts: ImportCounts;
  readonly outcomes: Outcomes;
  readonly reading: Reading | null;
}

const settledRow = z.object({
  id: z.string(),
  counts: countsSchema,
  outcomes: z.custom<Outcomes>(),
  reading: readingSchema.nullable(),
});

/** A file that arrived, and how it is to be read. */
interface ArrivedFile {
  readonly source: number;
  readonly sha256: string;
  readonly settledAs: string;
  /** The notes of older imports are, or soon will be, forgotten. */
  readonly notBefore: Date;
}

/**
 * Finds the last import of a source, if it was of the very same file, changed nothing, and nothing has changed since: neither
 * the log, nor a setting, nor a claim, of which the log says nothing. Later imports must have changed nothing, too. The
 * caller holds the organization's lock.
 */
export function findSettled(
  executor: Executor,
  organizationId: number,
  { source, sha256, settledAs, notBefore }: ArrivedFile,
): Promise<SettledImport | undefined> {
  return selectRow(
    executor,
    settledRow,
    prepared(sql`
      select last.id, last.counts, last.outcomes, last.reading
      from sources s
      join imports last on last.organization_id = s.organization_id and last.id = s.last_import_id
      join feed_heads head on head.organization_id = s.organization_id
      join organizations o on o.id = s.organization_id
      where s.organization_id = ${organizationId} and s.number = ${source} and last.status = 'applied'
        and last.sha256 = ${sha256} and last.settled_as = ${settledAs} and last.created_at > ${notBefore}
        and last.head_sequence = head.last_sequence and last.rules_epoch = o.rules_epoch
        and not exists (
          select from imports later
          where later.organization_id = ${organizationId} and (later.finished_at, later.id) > (last.finished_at, last.id)
            and later.status in ('applied', 'held', 'discarded') and not later.dry_run
            and later.settled_as is null)`),
  );
}

/**
 * Tells if there is an import of the very same file that changed nothing. Only then is it worth while to lock the
 * organization before the file is read.
 */
export async function mayBeSettled(
  executor: Executor,
  organizationId: number,
  { body: { sha256 } }: { readonly body: { readonly sha256: string } },
): Promise<boolean> {
  const { rowCount } = await executor.query(
    prepared(sql`select from imports
      where organization_id = ${organizationId} and sha256 = ${sha256} and settled_as is not null limit 1`),
  );
  return rowCount === 1;
}

/** Notes that an import changed nothing, and how its file was read. */
export async function noteSettled(
  executor: Executor,
  organizationId: number,
  id: string,
  settledAs: string,
): Promise<void> {
  await executor.query(
    prepared(
      sql`update imports set settled_as = ${settledAs} where organization_id = ${organizationId} and id = ${id}`,
    ),
  );
}

/** Copies the notes of an import to another one of the same file. */
export async function copyNotes(executor: Executor, organizationId: number, from: string, to: string): Promise<void> {
  await executor.query(
    prepared(sql`
      insert into import_rows (organization_id, import_id, row, number, line, outcome, code, field, details)
      select organization_id, ${to}::uuid, row, number, line, outcome, code, field, details
      from import_rows where organization_id = ${organizationId} and import_id = ${from}::uuid`),
  );
}
