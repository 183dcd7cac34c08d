import sql, { empty, type Sql } from "sql-template-tag";
import { MusterError } from "../../errors.ts";
import { type Database, withOrganization } from "../../store/database.ts";
import { prepared } from "../../store/sql.ts";

/**
 * Makes sure that an import exists.
 * @param source number of the source that it must be of; null: any source
 * @throws MusterError not_found when there is no such import of the source
 */
export async function requireImportOf(
  database: Database,
  organizationId: number,
  id: string,
  source: number | null,
): Promise<void> {
  const { rowCount } = await withOrganization(database, organizationId, (transaction) =>
    transaction.query(prepared(importOf(organizationId, id, source))),
  );
  if (rowCount === 0) throw new MusterError("not_found", "There is no such import.");
}

/** The statement of `requireImportOf`. */
export const importOf = (organizationId: number, id: string, source: number | null): Sql => sql`
  select from imports where organization_id = ${organizationId} and id = ${id}::uuid
    ${source === null ? empty : sql`and source = ${source}`}`;
