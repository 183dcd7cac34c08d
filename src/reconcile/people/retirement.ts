import { together } from "../../changes/record.ts";
import { retireSource } from "../../organizations/retire-source.ts";
import type { Transaction } from "../../store/database.ts";
import { runStatements } from "../../store/sql.ts";
import type { PlannedFile, ReadFile } from "../planned-file.ts";
import type { ImportContext } from "../setup/context.ts";
import { importContext, type Setup } from "../setup/setup.ts";
import { retirementRules } from "../setup/style-rules.ts";
import { endClaims } from "./apply/end-claims.ts";
import { readLastUserId } from "./match/last-user-id.ts";
import type { StagedFile } from "./match/match-file.ts";
import { planUsers } from "./plan/plan-users.ts";
import { prepareStaging } from "./stage/staging.ts";
import { plannedUsers } from "./user-files.ts";

/** A file without rows, in which nobody needs to be found. */
const noRows: StagedFile = { match: () => Promise.resolve() };

/**
 * Prepares the retirement of a source. Its plan is the plan of a roster in which nobody appears, and the guard judges it
 * as such. Applying it retires the source as well.
 */
export async function readRetirement(transaction: Transaction, organizationId: number): Promise<ReadFile> {
  await prepareStaging(transaction);
  return {
    reading: { format: "json", encoding: "utf-8", ignored: [] },
    async plan(current) {
      const setup = { ...current, rules: retirementRules };
      const context = importContext(organizationId, setup, await readLastUserId(transaction, organizationId));
      await planUsers(transaction, context);
      return plannedRetirement(transaction, setup, context);
    },
  };
}

function plannedRetirement(transaction: Transaction, setup: Setup, context: ImportContext): PlannedFile {
  const planned = plannedUsers(transaction, noRows, setup, context);
  return {
    ...planned,
    async judge(at) {
      const verdict = await planned.judge(at);
      // A source is retired as a whole, or not at all.
      return verdict.outcome === "held" ? { ...verdict, scope: "everything" } : verdict;
    },
    async apply(run) {
      const recorded = await planned.apply(run);
      await runStatements(transaction, endClaims(context));
      const { id: importId, actor, sourceName, at } = run;
      const retired = await retireSource(transaction, context.organizationId, sourceName, { importId, actor, at });
      return together(recorded, retired);
    },
  };
}
