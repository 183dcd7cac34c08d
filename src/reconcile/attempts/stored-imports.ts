import sql from "sql-template-tag";
import { z } from "zod";
import type { FileFormat } from "../../intake/reading.ts";
import { styles } from "../../organizations/settings.ts";
import { prepared, selectRow } from "../../store/sql.ts";
import type { Executor } from "../../store/statement.ts";
import { type IncomingFile, importKinds } from "../receive/request.ts";
import type { SpooledBody } from "../receive/spool.ts";
import { wasInterrupted } from "./record-attempt.ts";

/** Names an import of any organization. */
export interface ImportPlace {
  readonly organizationId: number;
  readonly id: string;
}

const claimedRow = z.object({ organizationId: z.int(), id: z.string() });

/**
 * Takes the oldest import that waits, in any organization. Its body is in the database, and neither a process that is
 * present works on it, nor on an earlier one of its source.
 * @param process number of the process that takes it
 * @param own the imports that this process works on
 * @returns undefined if none waits
 */
export function claimStoredImport(
  executor: Executor,
  process: number,
  own: readonly ImportPlace[],
): Promise<ImportPlace | undefined> {
  const ids = own.map(({ id }) => id);
  const organizations = own.map(({ organizationId }) => organizationId);
  return selectRow(
    executor,
    claimedRow,
    prepared(sql`select organization_id as "organizationId", id
     from claim_stored_import(${process}, ${ids}::uuid[], ${organizations}::integer[])`),
  );
}

/**
 * Notes that the whole body of an import is in the database: from now on it waits, for any process.
 * @throws MusterError import_interrupted when somebody has ended the import, who took this process for gone
 */
export async function markStored(
  executor: Executor,
  { organizationId, id }: ImportPlace,
  { bytes, sha256 }: Pick<SpooledBody, "bytes" | "sha256">,
  { charset = null, mayLackLineEnds = false }: Pick<IncomingFile, "mayLackLineEnds"> & { charset?: string | null },
): Promise<void> {
  const { rowCount } = await executor.query(
    prepared(sql`update imports set status = 'planning', process = null, stored_at = clock_timestamp(), stored_bytes = ${bytes}, bytes = ${bytes}, sha256 = ${sha256},
       charset = ${charset}, may_lack_line_ends = ${mayLackLineEnds}
     where organization_id = ${organizationId} and id = ${id} and status = 'receiving'`),
  );
  if (rowCount === 0) throw wasInterrupted();
}

const storedRow = z.object({
  kind: z.enum(importKinds),
  style: z.enum(styles),
  dryRun: z.boolean(),
  sourceNumber: z.int(),
  source: z.string(),
  actor: z.string(),
  format: z.enum(["xml", "csv", "json"]).nullable(),
  charset: z.string().nullable(),
  mayLackLineEnds: z.boolean(),
  runs: z.int(),
  isPacked: z.boolean(),
});

/** A stored import, as the process that works on it needs to know it. */
export type StoredImport = z.infer<typeof storedRow>;

/** Reads a stored import; undefined if it has ended. */
export function readStored(executor: Executor, { organizationId, id }: ImportPlace): Promise<StoredImport | undefined> {
  return selectRow(
    executor,
    storedRow,
    prepared(sql`
      select i.kind, i.style, i.dry_run as "dryRun", i.source as "sourceNumber", sources.name as source, i.actor, i.format,
        i.charset, i.may_lack_line_ends as "mayLackLineEnds", i.runs, exists (
          select from import_bodies where organization_id = ${organizationId} and import_id = ${id} and is_packed
        ) as "isPacked"
      from imports i join sources on sources.organization_id = i.organization_id and sources.number = i.source
      where i.organization_id = ${organizationId} and i.id = ${id} and i.status = 'planning' and i.stored_at is not null`),
  );
}

/** Notes what the body of a stored import is, unpacked. */
export async function noteUnpacked(
  executor: Executor,
  { organizationId, id }: ImportPlace,
  { bytes, sha256, format }: Pick<SpooledBody, "bytes" | "sha256"> & { readonly format: FileFormat },
): Promise<void> {
  await executor.query(
    prepared(sql`update imports set bytes = ${bytes}, sha256 = ${sha256}, format = ${format}
     where organization_id = ${organizationId} and id = ${id} and status = 'planning'`),
  );
}

/** Lets a stored import wait again that this process could not finish, and does not count the run. */
export async function releaseStored(
  executor: Executor,
  { organizationId, id }: ImportPlace,
  process: number,
): Promise<void> {
  await executor.query(
    prepared(sql`update imports set process = null, runs = runs - 1
     where organization_id = ${organizationId} and id = ${id} and status = 'planning' and process = ${process}`),
  );
}
