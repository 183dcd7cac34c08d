import sql, { empty } from "sql-template-tag";
import type { IssueDetails, RowIssueCode } from "../../errors.ts";
import { MusterError, rowIssues } from "../../errors.ts";
import { type Database, withOrganization } from "../../store/database.ts";
import { prepared } from "../../store/sql.ts";
import type { ImportRow } from "./import-resource.ts";
import { cutPage, type Page } from "./pages.ts";

/** The position of a page of rows: the note before it. */
export type ImportRowKey = readonly [row: number, number: number];

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
    const { rowCount } = await client.query(
      prepared(sql`select from imports where organization_id = ${organizationId} and id = ${id}`),
    );
    if (!rowCount) throw new MusterError("not_found", "There is no such import.");
    // A page is up to 1,000 rows: they are not checked one by one.
    return client.query<StoredRow>(
      prepared(sql`
        select row, number, line, outcome, code, field, details from import_rows
        where organization_id = ${organizationId} and import_id = ${id} and (row, number) > (${row}, ${number})
          ${filter.outcome === undefined ? empty : sql`and outcome = ${filter.outcome}`}
          ${filter.code === undefined ? empty : sql`and code = ${filter.code}`}
        order by ${page.failedFirst ? sql`outcome <> 'failed',` : empty} row, number limit ${page.limit + 1}`),
    );
  });
  return cutPage(rows, page.limit, (last) => [last.row, last.number], toRow);
}

function toRow({ row, line, outcome, code, field, details }: StoredRow): ImportRow {
  return { row, line, outcome, code, field, message: rowIssues[code].message(details) };
}
