import sql from "sql-template-tag";
import { respondFile } from "../reconcile/attempts/response-file.ts";
import { writeResponseFile } from "../reconcile/attempts/response-text.ts";
import { type Database, withOrganization } from "../store/database.ts";
import { prepared } from "../store/sql.ts";
import type { SftpAccount } from "./login.ts";

/** The response file of an import, as bytes. */
export async function* readResponse(
  database: Database,
  organizationId: number,
  importId: string,
): AsyncGenerator<Uint8Array> {
  const file = await respondFile(database, organizationId, importId);
  for await (const text of writeResponseFile(file, undefined)) yield Buffer.from(text);
}

/**
 * Notes the name and the size of an import's response file, so that folders need not make the file to show it. Once the
 * import has another status, it is noted again.
 */
export async function noteResponse(database: Database, organizationId: number, importId: string): Promise<void> {
  const { rows } = await withOrganization(database, organizationId, (transaction) =>
    transaction.query<{ status: string }>(
      prepared(sql`select status from imports where organization_id = ${organizationId} and id = ${importId}`),
    ),
  );
  const file = await respondFile(database, organizationId, importId);
  let bytes = 0;
  for await (const text of writeResponseFile(file, undefined)) bytes += Buffer.byteLength(text);
  await withOrganization(database, organizationId, (transaction) =>
    transaction.query(
      prepared(sql`update imports set response_bytes = ${bytes}, response_status = ${rows[0]?.status}, response_name = ${file.fileName}
       where organization_id = ${organizationId} and id = ${importId}`),
    ),
  );
}

/** Response files that one listing notes, of imports that ended when no process could. */
const mostNoted = 20;

/** Notes the response files of an account that are not noted yet. */
export async function noteMissing(database: Database, { organizationId, id }: SftpAccount): Promise<void> {
  const { rows } = await withOrganization(database, organizationId, (transaction) =>
    transaction.query<{ id: string }>(
      prepared(sql`select id from imports i
       where organization_id = ${organizationId} and caller_id = ${id} and channel = 'sftp' and outcomes is not null
         and response_status is distinct from status
         and exists (select from import_bodies b where b.organization_id = ${organizationId} and b.import_id = i.id)
       order by created_at desc limit ${mostNoted}`),
    ),
  );
  for (const { id: importId } of rows) await noteResponse(database, organizationId, importId).catch(() => undefined);
}
