import sql from "sql-template-tag";
import { type Database, withOrganization } from "../../store/database.ts";
import { literal, prepared } from "../../store/sql.ts";

/** People whom an import adds, from which on PostgreSQL's plans by the old statistics may be slow. */
const manyPeople = literal(1_000);

/**
 * Renews PostgreSQL's statistics if an import has added many people. A failure is not an error of the import: autovacuum
 * does the same later.
 */
export async function renewStatistics(database: Database, organizationId: number, importId: string): Promise<void> {
  const renew = prepared(sql`
    select analyze_directory() from imports
    where organization_id = ${organizationId} and id = ${importId} and status = 'applied'
      and (counts ->> 'added')::integer >= ${manyPeople}`);
  await withOrganization(
    database,
    organizationId,
    (transaction) => transaction.query(renew),
    "read committed",
    "import",
  ).catch(() => undefined);
}
