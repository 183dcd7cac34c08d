import type { Reading } from "../../intake/reading.ts";
import { openUserFile, type UserFile } from "../../intake/user-file.ts";
import type { Transaction } from "../../store/database.ts";
import { literal } from "../../store/sql.ts";
import type { PlannedFile, ReadFile, ReceivedFile } from "../planned-file.ts";
import type { ImportContext } from "../setup/context.ts";
import {
  importContext,
  matchingContext,
  normalizationRules,
  readOptions,
  type Setup,
  sameRules,
} from "../setup/setup.ts";
import { applyUsers } from "./apply/apply-users.ts";
import { guardPlan } from "./guard/guard-plan.ts";
import { countWaiting } from "./guard/plan-figures.ts";
import { readLastUserId } from "./match/last-user-id.ts";
import { type StagedFile, stageFile } from "./match/match-file.ts";
import { planChanges, planUsers } from "./plan/plan-users.ts";
import { changesNothing } from "./plan/settled.ts";
import { describePlan } from "./report/describe-plan.ts";
import { insertPlanItems } from "./report/plan-items.ts";
import { insertImportRows, insertKeptPeople } from "./report/report.ts";
import { emptyPlan, emptyStaging, prepareStaging } from "./stage/staging.ts";

/**
 * Reads a file of users into the temporary tables of the transaction's connection.
 * @throws MusterError when the document is refused
 */
export async function readUserFile(
  transaction: Transaction,
  organizationId: number,
  { body, format, charset, maximumRows: mostRows }: ReceivedFile,
  setup: Setup,
): Promise<ReadFile> {
  let reading: Reading | null = null;
  const open = (by: Setup) =>
    openUserFile(body.open, format, {
      ...readOptions(charset, by),
      mostRows,
      onReading: (found) => {
        reading = found;
      },
    });
  const stage = (by: Setup, file: UserFile) =>
    stageFile(transaction, matchingContext(organizationId, by, 0), file, normalizationRules(by));
  const file = await open(setup);
  await prepareStaging(transaction);
  let staged = await stage(setup, file);
  return {
    get reading() {
      return reading;
    },
    async plan(current) {
      // The settings changed since the rows were staged, so the file is read again.
      if (!sameRules(current, setup)) {
        await emptyStaging(transaction);
        staged = await stage(current, await open(current));
      }
      const context = importContext(organizationId, current, await readLastUserId(transaction, organizationId));
      await staged.match(transaction, context, current.state === setup.state);
      await planUsers(transaction, context);
      return plannedUsers(transaction, staged, current, context);
    },
  };
}

/** Offers the plan in the temporary tables to a run. */
export function plannedUsers(
  transaction: Transaction,
  staged: StagedFile,
  setup: Setup,
  context: ImportContext,
): PlannedFile {
  const { name: sourceName } = setup.source;
  return {
    judge: (at) => guardPlan(transaction, context, setup, at),
    countWaiting: () => countWaiting(transaction, context),
    async describe() {
      await planChanges(transaction, context, sourceName);
      return describePlan(transaction, context);
    },
    async keepNotes(importId) {
      await transaction.query(insertImportRows(context, importId));
    },
    async keepAbsent(importId) {
      await transaction.query(insertKeptPeople(context, importId));
    },
    async keepItems(importId) {
      await transaction.query(insertPlanItems(context, importId, sourceName));
    },
    changesNothing: async () => (await transaction.query(changesNothing(context))).rowCount === 1,
    apply: (run) => applyUsers(transaction, context, run),
    async planAgain(holdsRemovals) {
      const lastUserId = await readLastUserId(transaction, context.organizationId);
      const again = { ...context, lastUserId: literal(lastUserId), holdsRemovals };
      await emptyPlan(transaction);
      await staged.match(transaction, again, false);
      await planUsers(transaction, again);
      return plannedUsers(transaction, staged, setup, again);
    },
  };
}
