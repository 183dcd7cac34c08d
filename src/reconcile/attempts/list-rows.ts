import type { IssueDetails, RowIssueCode } from "../../errors.ts";
import { MusterError, rowIssues } from "../../errors.ts";
import { type Database, withOrganization } from "../../store/database.ts";
import { cutPage, type Page } from "./pages.ts";
import type { ImportRow } from "./types.ts";

/** Where a page of rows begins: the note before it. */
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
    const { rowCount } = await client.query("select from imports where organization_id = $1 and id = $2", [
      organizationId,
      id,
    ]);
    if (!rowCount) throw new MusterError("not_found", "There is no such import.");
    return client.query<StoredRow>(
      `select row, number, line, outcome, code, field, details from import_rows
       where organization_id = $1 and import_id = $2 and ($3::text is null or outcome = $3)
         and ($4::text is null or code = $4) and (row, number) > ($5, $6)
       order by ${page.failedFirst ? "outcome <> 'failed', " : ""}row, number limit $7`,
      [organizationId, id, filter.outcome ?? null, filter.code ?? null, row, number, page.limit + 1],
    );
  });
  return cutPage(rows, page.limit, (last) => [last.row, last.number], toRow);
}

function toRow({ row, line, outcome, code, field, details }: StoredRow): ImportRow {
  return { row, line, outcome, code, field, message: rowIssues[code].message(details) };
}
