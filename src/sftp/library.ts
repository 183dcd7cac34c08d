import sql from "sql-template-tag";
import { z } from "zod";
import { type ImportProblem, importStatuses } from "../reconcile/attempts/import-resource.ts";
import { importKinds } from "../reconcile/receive/request.ts";
import { type Database, withOrganization } from "../store/database.ts";
import { literal, prepared, selectRows } from "../store/sql.ts";
import type { SftpAccount } from "./login.ts";

const importRow = z.object({
  id: z.string(),
  kind: z.enum(importKinds),
  status: z.enum(importStatuses),
  fileName: z.string().nullable(),
  folder: z.string().nullable(),
  bytes: z.int().nullable(),
  isPacked: z.boolean(),
  isTaken: z.boolean(),
  problem: z.custom<ImportProblem>().nullable(),
  responseBytes: z.int().nullable(),
  responseName: z.string().nullable(),
  createdAt: z.date(),
  finishedAt: z.date().nullable(),
});

/** An import whose file came from an account and is still kept. */
export type AccountImport = z.infer<typeof importRow>;

/** Most files that a folder shows, the newest ones. */
export const mostShown = 10_000;

/** The imports of an account whose files are kept, the newest first. */
export function listAccountImports(database: Database, { organizationId, id }: SftpAccount): Promise<AccountImport[]> {
  return withOrganization(database, organizationId, (transaction) =>
    selectRows(
      transaction,
      importRow,
      prepared(sql`
        select i.id, i.kind, i.status, i.file_name as "fileName", i.folder, i.stored_bytes as bytes, i.problem,
          i.created_at as "createdAt", i.finished_at as "finishedAt", i.process is not null as "isTaken",
          case when i.response_status = i.status then i.response_bytes end as "responseBytes", i.response_name as "responseName",
          exists (select from import_bodies b where b.organization_id = ${organizationId} and b.import_id = i.id and b.is_packed) as "isPacked"
        from imports i
        where i.organization_id = ${organizationId} and i.caller_id = ${id} and i.channel = 'sftp' and i.stored_at is not null
          and exists (select from import_bodies b where b.organization_id = ${organizationId} and b.import_id = i.id)
        order by i.created_at desc, i.id desc limit ${literal(mostShown)}`),
    ),
  );
}

/**
 * Takes back a file that waits and that no process works on yet.
 * @returns false if there is no such file any more
 */
export async function withdrawImport(
  database: Database,
  { organizationId, id: accountId }: SftpAccount,
  importId: string,
  at: Date,
): Promise<boolean> {
  const { rowCount } = await withOrganization(database, organizationId, (transaction) =>
    transaction.query(
      prepared(sql`update imports set status = 'discarded', finished_at = ${at}
       where organization_id = ${organizationId} and id = ${importId} and caller_id = ${accountId}
         and status = 'planning' and process is null`),
    ),
  );
  return rowCount === 1;
}

/** The name of an account's source; undefined if it has been retired. */
export async function sourceOf(database: Database, { organizationId, source }: SftpAccount): Promise<string> {
  if (source === null) return "default";
  const { rows } = await withOrganization(database, organizationId, (transaction) =>
    transaction.query<{ name: string }>(
      prepared(sql`select name from sources where organization_id = ${organizationId} and number = ${source}`),
    ),
  );
  return rows[0]?.name ?? "default";
}
