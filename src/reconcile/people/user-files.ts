import type { Reading } from "../../intake/reading.ts";
import { openUserFile, type UserFile } from "../../intake/user-file.ts";
import type { Transaction } from "../../store/database.ts";
import { literal } from "../../store/sql.ts";
import type { Outcomes } from "../attempts/outcomes.ts";
import type { ImportCounts } from "../attempts/types.ts";
import type { PlanDescription, PlannedFile, ReadFile, ReceivedFile } from "../planned-file.ts";
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
import { countWaiting, guardPlan } from "./guard/guard-plan.ts";
import { type StagedFile, stageFile } from "./match/match-file.ts";
import { planChanges, planUsers } from "./plan/plan-users.ts";
import { insertPlanItems } from "./report/plan-items.ts";
import { countStatement, insertImportRows, insertKeptPeople, outcomesStatement } from "./report/report.ts";
import { emptyPlan, emptyStaging, prepareStaging } from "./stage/staging.ts";

/**
 * Reads a file of users into the temporary tables of the connection.
 * @throws MusterError when the document is refused
 */
export async function readUserFile(
  client: Transaction,
  organizationId: number,
  { body, format, charset }: ReceivedFile,
  setup: Setup,
): Promise<ReadFile> {
  let reading: Reading | null = null;
  const open = (by: Setup) =>
    openUserFile(body.open, format, {
      ...readOptions(charset, by),
      onReading: (found) => {
        reading = found;
      },
    });
  const stage = (by: Setup, file: UserFile) =>
    stageFile(client, matchingContext(organizationId, by, 0), file, normalizationRules(by.settings));
  const file = await open(setup);
  await prepareStaging(client);
  let staged = await stage(setup, file);
  return {
    get reading() {
      return reading;
    },
    async plan(current) {
      // Settings that shaped the staged rows were changed meanwhile: read the file again by the new ones.
      if (!sameRules(current, setup)) {
        await emptyStaging(client);
        staged = await stage(current, await open(current));
      }
      const context = importContext(organizationId, current, await readLastUserId(client, organizationId));
      await staged.match(client, context, current.state === setup.state);
      await planUsers(client, context);
      return plannedUsers(client, staged, current, context);
    },
  };
}

/** The plan in the temporary tables. */
function plannedUsers(client: Transaction, staged: StagedFile, setup: Setup, context: ImportContext): PlannedFile {
  const { name: sourceName } = setup.source;
  return {
    judge: (at) => guardPlan(client, context, setup, at),
    countWaiting: () => countWaiting(client, context),
    async describe() {
      await planChanges(client, context, sourceName);
      return describePlan(client, context);
    },
    async keepNotes(importId) {
      await client.query(insertImportRows(context), [importId]);
    },
    async keepAbsent(importId) {
      await client.query(insertKeptPeople(context), [importId]);
    },
    async keepItems(importId) {
      await client.query(insertPlanItems(context), [importId, sourceName]);
    },
    apply: (run) => applyUsers(client, context, run),
    async planAgain(holdsRemovals) {
      const lastUserId = await readLastUserId(client, context.organizationId);
      const again = { ...context, lastUserId: literal(lastUserId), holdsRemovals };
      await emptyPlan(client);
      await staged.match(client, again, false);
      await planUsers(client, again);
      return plannedUsers(client, staged, setup, again);
    },
  };
}

/** Counts what the plan in the temporary tables does, and tells what becomes of each row. */
export async function describePlan(client: Transaction, context: ImportContext): Promise<PlanDescription> {
  const counted = await client.query<ImportCounts & Record<string, unknown>>(countStatement(context));
  const { rows } = await client.query<{ outcomes: Outcomes }>(outcomesStatement(context));
  return { counts: counted.rows[0] as ImportCounts, outcomes: rows[0]!.outcomes };
}

/** The id that was given out last. */
export async function readLastUserId(client: Transaction, organizationId: number): Promise<number> {
  const { rows } = await client.query<{ lastUserId: number }>(
    `select last_user_id as "lastUserId" from feed_heads where organization_id = $1`,
    [organizationId],
  );
  return rows[0]!.lastUserId;
}
