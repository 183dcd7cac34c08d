import sql from "sql-template-tag";
import type { RowIssue } from "../../errors.ts";
import { inBatches } from "../../store/batches.ts";
import { prepared } from "../../store/sql.ts";
import type { Executor } from "../../store/statement.ts";
import type { RecordItem } from "./record-plan.ts";

/** A note on a row that failed or has a warning. */
export type RecordNote = RowIssue & {
  readonly row: number;
  /** Counts the notes of a row. */
  readonly number: number;
  readonly line: number;
  readonly outcome: "failed" | "updated" | "unchanged";
};

/** Keeps the notes on rows of a file of groups or locations. */
export async function keepRecordNotes(
  executor: Executor,
  organizationId: number,
  importId: string,
  notes: readonly RecordNote[],
): Promise<void> {
  for (const some of inBatches(notes)) {
    await executor.query(
      prepared(sql`insert into import_rows (organization_id, import_id, row, number, line, outcome, code, field, details)
       select ${organizationId}, ${importId}, row, number, line, outcome, code, field, coalesce(details, '{}')
       from json_to_recordset(${JSON.stringify(some)}) note (row integer, number integer, line integer, outcome text, code text, field text, details jsonb)`),
    );
  }
}

/** Keeps the plan of a file of groups or locations, item by item. */
export async function keepRecordItems(
  executor: Executor,
  organizationId: number,
  importId: string,
  items: readonly RecordItem[],
): Promise<void> {
  const numbered = items.map((item, index) => ({ ...item, number: index + 1 }));
  for (const some of inBatches(numbered)) {
    await executor.query(
      prepared(sql`insert into plan_items (organization_id, import_id, number, type, action, id, row, changed)
       select ${organizationId}, ${importId}, number, type, action, id, row, changed
       from json_to_recordset(${JSON.stringify(some)}) item (number integer, type text, action text, id text, row integer, changed json)`),
    );
  }
}
