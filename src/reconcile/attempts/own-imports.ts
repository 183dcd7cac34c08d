import sql, { type Sql } from "sql-template-tag";
import { MusterError } from "../../errors.ts";
import { type Database, withOrganization } from "../../store/database.ts";
import { prepared } from "../../store/sql.ts";

/**
 * Makes sure that an import is one of a source.
 * @param source number of the source
 * @throws MusterError not_found when there is no such import of the source
 */
export async function requireImportOf(
  database: Database,
  organizationId: number,
  id: string,
  source: number,
): Promise<void> {
  const { rowCount } = await withOrganization(database, organizationId, (transaction) =>
    transaction.query(prepared(importOf(organizationId, id, source))),
  );
  if (rowCount === 0) throw new MusterError("not_found", "There is no such import.");
}

/** The statement of `requireImportOf`. */
export const importOf = (organizationId: number, id: string, source: number): Sql =>
  sql`select from imports where organization_id = ${organizationId} and id = ${id}::uuid and source = ${source}`;
