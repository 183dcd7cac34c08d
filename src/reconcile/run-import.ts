import type pg from "pg";
import type { Recorded } from "../changes/record.ts";
import { MusterError } from "../errors.ts";
import type { FileFormat, Reading } from "../intake/reading.ts";
import { openUserFile, type UserFile } from "../intake/user-file.ts";
import { type Executor, withOrganization } from "../store/database.ts";
import { lockOrganization } from "../store/organization-lock.ts";
import { announceImport } from "./announce-import.ts";
import { applyUsers } from "./apply-users.ts";
import type { ImportContext } from "./context.ts";
import { countWaiting, guardPlan, type Hold } from "./holds.ts";
import { type ApprovedHold, approvedHold, finishImport, keepMovedPlan } from "./imports.ts";
import type { Outcomes } from "./outcomes.ts";
import { planChanges, planUsers } from "./plan-users.ts";
import {
  importContext,
  matchingContext,
  normalizationRules,
  readOptions,
  readSetup,
  type Setup,
  sameRules,
} from "./setup.ts";
import type { SpooledBody } from "./spool.ts";
import { type StagedFile, stageFile } from "./stage-file.ts";
import { emptyPlan, emptyStaging, prepareStaging } from "./staging.ts";
import { insertPlanItems, planHashStatement } from "./statements/plan-items.ts";
import { countStatement, insertImportRows, insertKeptPeople, outcomesStatement } from "./statements/report.ts";
import type { Decision, ImportCounts, ImportDependencies, ImportRequest } from "./types.ts";

/** How long an import waits for those before it, in milliseconds. */
export const importPatience = 3_600_000;

/** A file that was received whole. */
export interface ReceivedFile {
  readonly body: SpooledBody;
  readonly format: FileFormat;
}

/** Somebody's approval of exactly one plan. */
export interface Approval {
  readonly planHash: string;
  readonly decision: Decision;
}

/**
 * Plans and, unless it is a dry run or held, applies a file, in one transaction on one connection.
 * @param approval the import was held and this plan of it is approved: no limit counts then
 * @throws MusterError when the file is refused; of an approval also conflict (not held any more) and plan_changed
 */
export async function runImport(
  dependencies: ImportDependencies,
  request: ImportRequest,
  id: string,
  file: ReceivedFile,
  setup: Setup,
  approval?: Approval,
): Promise<void> {
  const moved = await withOrganization(
    dependencies.database,
    request.organizationId,
    async (client) => {
      const run = await openRun(dependencies, client, request, id, file, setup, approval !== undefined);
      return approval ? applyApproved(run, approval) : decide(run);
    },
    request.dryRun ? "repeatable read" : "read committed",
  );
  if (!moved) return;
  throw new MusterError(
    "plan_changed",
    "What is stored has changed since this plan was made, and the plan is another one now. Nothing was applied. Read it again and approve it by its new hash.",
    { planHash: moved },
  );
}

/** An import whose file is staged and planned; the organization is locked, unless it is a dry run. */
interface Run {
  readonly client: pg.PoolClient;
  readonly request: ImportRequest;
  readonly id: string;
  readonly setup: Setup;
  readonly context: ImportContext;
  readonly staged: StagedFile;
  readonly held: ApprovedHold | null;
  readonly clock: () => Date;
  readonly reading: () => Reading | null;
}

async function openRun(
  { clock }: ImportDependencies,
  client: pg.PoolClient,
  request: ImportRequest,
  id: string,
  { body, format }: ReceivedFile,
  setup: Setup,
  isApproval: boolean,
): Promise<Run> {
  const { organizationId, dryRun } = request;
  let reading: Reading | null = null;
  const open = (by: Setup) =>
    openUserFile(body.open, format, {
      ...readOptions(request, by),
      onReading: (found) => {
        reading = found;
      },
    });
  const file = await open(setup);
  await prepareStaging(client);
  const stage = (by: Setup, file: UserFile) =>
    stageFile(client, matchingContext(organizationId, by, 0), file, normalizationRules(by.settings));
  let staged = await stage(setup, file);
  const lastUserId = dryRun
    ? await readLastUserId(client, organizationId)
    : (await lockOrganization(client, organizationId, importPatience)).lastUserId;
  const held = isApproval ? await approvedHold(client, organizationId, id) : null;
  const current = await readSetup(client, request);
  // Settings that shaped the staged rows were changed meanwhile: read the file again by the new ones.
  if (!sameRules(current, setup)) {
    await emptyStaging(client);
    staged = await stage(current, await open(current));
  }
  const context = importContext(organizationId, current, lastUserId);
  await staged.match(client, context, current.state === setup.state);
  await planUsers(client, context);
  return { client, request, id, setup: current, context, staged, held, clock, reading: () => reading };
}

/** Applies the plan, or holds it, or a part of it. */
async function decide(run: Run): Promise<undefined> {
  const { client, request, context, setup } = run;
  const verdict = await guardPlan(client, context, setup, run.clock());
  if (verdict.scope === "removals" && !request.dryRun) {
    await holdRemovals(run, verdict.reasons);
    return;
  }
  const { scope, reasons } = verdict;
  const hold: Hold | null = scope && { scope, reasons, waiting: await countWaiting(client, context) };
  const report = await describe(run, context);
  await client.query(insertKeptPeople(context), [run.id]);
  if (request.dryRun || hold) {
    const planHash = await keepPlan(run, context);
    await finish(run, { status: request.dryRun ? "planned" : "held", ...report, hold, planHash });
    return;
  }
  const recorded = await apply(run, context);
  await finish(run, { status: "applied", ...report, recorded });
  if (verdict.uses) {
    await client.query(
      `update sources set announced_change = announced_change || jsonb_build_object('usedBy', $3::text)
       where organization_id = $1 and number = $2`,
      [request.organizationId, context.source, run.id],
    );
  }
}

/** Applies whatever takes nothing away; what then is left of the file is a plan that waits. */
async function holdRemovals(run: Run, reasons: Hold["reasons"]): Promise<void> {
  const { client, context } = run;
  const additions = { ...context, holdsRemovals: true };
  await planAgain(run, additions);
  const report = await describe(run, additions);
  const recorded = await apply(run, additions);
  const rest = { ...context, lastUserId: await readLastUserId(client, context.organizationId) };
  await planAgain(run, rest);
  await planChanges(client, rest, run.setup.source.name);
  await client.query(insertKeptPeople(rest), [run.id]);
  const waiting = await countWaiting(client, rest);
  const planHash = await keepPlan(run, rest);
  await finish(run, { status: "held", ...report, recorded, hold: { scope: "removals", reasons, waiting }, planHash });
}

async function planAgain({ client, staged }: Run, context: ImportContext): Promise<void> {
  await emptyPlan(client);
  await staged.match(client, context, false);
  await planUsers(client, context);
}

/** Applies a plan that was approved; returns the hash of the one there is, if that is another one. */
async function applyApproved(run: Run, { planHash, decision }: Approval): Promise<string | undefined> {
  const { client, request, context, held, id } = run;
  const waiting = await countWaiting(client, context);
  const { counts } = await describe(run, context, false);
  await client.query("delete from plan_items where organization_id = $1 and import_id = $2", [
    request.organizationId,
    id,
  ]);
  const hash = await keepPlan(run, context);
  if (hash !== planHash) {
    await keepMovedPlan(client, request.organizationId, id, { planHash: hash, waiting });
    return hash;
  }
  const recorded = await apply(run, context);
  const { firstSequence = recorded.firstSequence } = held!;
  await finish(run, {
    status: "applied",
    counts: held!.scope === "removals" ? together(held!.counts, counts) : counts,
    outcomes: held!.scope === "removals" ? held!.outcomes : await readOutcomes(client, context),
    recorded: { ...recorded, ...(firstSequence === undefined ? {} : { firstSequence }) },
    hold: held!.hold,
    planHash,
    decision,
  });
  return undefined;
}

/** The counts of an import of which a part was applied before. */
function together(first: ImportCounts, second: ImportCounts): ImportCounts {
  const sum = (name: "removed" | "withdrawn" | "membershipsAdded" | "membershipsRemoved" | "added") =>
    first[name] + second[name];
  return {
    ...{ ...first, kept: second.kept, added: sum("added"), removed: sum("removed"), withdrawn: sum("withdrawn") },
    ...{ membershipsAdded: sum("membershipsAdded"), membershipsRemoved: sum("membershipsRemoved") },
    updated: Math.max(first.updated, second.updated),
  };
}

/** Works out what the log and the report say of the plan; keeps the notes on its rows. */
async function describe(run: Run, context: ImportContext, keepsRows = true) {
  const { client, setup, id } = run;
  await planChanges(client, context, setup.source.name);
  const { rows } = await client.query<ImportCounts & { [column: string]: unknown }>(countStatement(context));
  const outcomes = await readOutcomes(client, context);
  if (keepsRows) await client.query(insertImportRows(context), [id]);
  return { counts: rows[0] as ImportCounts, outcomes };
}

async function readOutcomes(executor: Executor, context: ImportContext): Promise<Outcomes> {
  const { rows } = await executor.query<{ outcomes: Outcomes }>(outcomesStatement(context));
  return rows[0]!.outcomes;
}

function apply({ client, id, request, setup, clock }: Run, context: ImportContext): Promise<Recorded> {
  return applyUsers(client, context, { id, actor: request.actor, sourceName: setup.source.name, at: clock() });
}

/** Keeps a plan that was not applied; returns its hash. */
async function keepPlan({ client, id, setup }: Run, context: ImportContext): Promise<string> {
  await client.query(insertPlanItems(context), [id, setup.source.name]);
  const { rows } = await client.query<{ hash: string }>(planHashStatement(context), [id]);
  return rows[0]!.hash;
}

type Ending = Pick<Parameters<typeof finishImport>[3], "status" | "counts" | "outcomes"> & {
  readonly recorded?: Recorded;
  readonly hold?: Hold | null;
  readonly planHash?: string;
  readonly decision?: Decision;
};

async function finish(run: Run, { recorded, hold, planHash, decision, ...ending }: Ending): Promise<void> {
  const { client, request, id, setup, clock } = run;
  const at = clock();
  const source = setup.source.number;
  await finishImport(client, request.organizationId, id, {
    ...ending,
    ...{ reading: run.reading(), mapping: setup.source.mapping, at, source },
    recorded: recorded ?? { count: 0 },
    hold: hold ?? null,
    planHash: planHash ?? null,
    decision: decision ?? null,
  });
  const kind = ending.status === "held" ? "import_held" : isFirstRoster(run, ending.status) ? "first_roster" : null;
  if (kind) await announceImport(client, request.organizationId, id, kind, { source, at });
}

/** From here on the source deletes whom its files leave out. */
const isFirstRoster = ({ setup }: Run, status: string) =>
  status === "applied" && setup.isFirstOfSource && setup.style !== "normal";

async function readLastUserId(executor: Executor, organizationId: number): Promise<number> {
  const { rows } = await executor.query<{ lastUserId: number }>(
    `select last_user_id as "lastUserId" from feed_heads where organization_id = $1`,
    [organizationId],
  );
  return rows[0]!.lastUserId;
}
