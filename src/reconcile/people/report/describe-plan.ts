import type { Transaction } from "../../../store/database.ts";
import type { Outcomes } from "../../attempts/outcomes.ts";
import type { ImportCounts } from "../../attempts/types.ts";
import type { PlanDescription } from "../../planned-file.ts";
import type { ImportContext } from "../../setup/context.ts";
import { countStatement, outcomesStatement } from "./report.ts";

/** Counts what the plan in the temporary tables does, and tells what becomes of each row. */
export async function describePlan(client: Transaction, context: ImportContext): Promise<PlanDescription> {
  const counted = await client.query<ImportCounts & Record<string, unknown>>(countStatement(context));
  const { rows } = await client.query<{ outcomes: Outcomes }>(outcomesStatement(context));
  return { counts: counted.rows[0] as ImportCounts, outcomes: rows[0]!.outcomes };
}
