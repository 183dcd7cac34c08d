import type { Recorded } from "../../changes/record.ts";
import { MusterError } from "../../errors.ts";
import type { Reading } from "../../intake/reading.ts";
import type { Transaction } from "../../store/database.ts";
import { lockOrganization, withWriter } from "../../store/organization-lock.ts";
import { announceImport } from "../attempts/announce-import.ts";
import { auditDecision } from "../attempts/audit-decision.ts";
import { type ApprovedHold, approvedHold, finishImport, keepMovedPlan } from "../attempts/imports.ts";
import { heldOutcomes } from "../attempts/outcomes.ts";
import type { Decision, ImportCounts, ImportDependencies, ImportKind, ImportRequest } from "../attempts/types.ts";
import { groupFiles } from "../groups/group-files.ts";
import type { Hold } from "../guard/holds.ts";
import { locationFiles } from "../locations/location-files.ts";
import { applyInParts, knowsNobody } from "../people/first-load/apply-in-parts.ts";
import { planHashStatement } from "../people/report/plan-items.ts";
import { readUserFile } from "../people/user-files.ts";
import type { PlanDescription, PlannedFile, ReadFile, ReceivedFile } from "../planned-file.ts";
import { readRecordFile } from "../records/record-files.ts";
import { readSetup, type Setup } from "../setup/setup.ts";

/** How long an import waits for those before it, in milliseconds. */
export const importPatience = 3_600_000;

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
  const moved = await withWriter(
    dependencies.database,
    request.organizationId,
    async (client) => {
      if (mayGoInParts(request, approval) && (await importInParts(dependencies, client, request, id, file)))
        return undefined;
      const { run, held } = await openRun(dependencies, client, request, id, file, setup, approval !== undefined);
      return approval && held ? applyApproved(run, held, approval) : decide(run);
    },
    request.dryRun ? "repeatable read" : "read committed",
    id,
  );
  if (!moved) return;
  throw new MusterError(
    "plan_changed",
    "What is stored has changed since this plan was made, and the plan is another one now. Nothing was applied. Read it again and approve it by its new hash.",
    { planHash: moved },
  );
}

/** An import that is at work in a transaction. */
interface OpenImport {
  readonly client: Transaction;
  readonly request: ImportRequest;
  readonly id: string;
  readonly setup: Setup;
  readonly reading: Reading | null;
  readonly clock: () => Date;
}

/** An import whose file is read and planned; the organization is locked, unless it is a dry run. */
interface Run extends OpenImport {
  readonly planned: PlannedFile;
}

/** What is only looked at, or was looked at, is one plan. */
const mayGoInParts = ({ kind, dryRun }: ImportRequest, approval: Approval | undefined) =>
  kind === "users" && !dryRun && approval === undefined;

/** Applies a file in parts, if that may be; returns whether it was. The organization is locked from here on. */
async function importInParts(
  { clock, partRows }: ImportDependencies,
  client: Transaction,
  request: ImportRequest,
  id: string,
  received: ReceivedFile,
): Promise<boolean> {
  const { organizationId, actor } = request;
  if (!(await knowsNobody(client, organizationId))) return false;
  await lockOrganization(client, organizationId, importPatience);
  if (!(await knowsNobody(client, organizationId))) return false;
  const setup = await readSetup(client, request);
  const run = { id, actor, sourceName: setup.source.name, at: clock() };
  const applied = await applyInParts(client, { request, received, setup, run, partRows });
  if (applied === undefined) return false;
  const { reading, ...ending } = applied;
  await finish({ client, request, id, setup, reading, clock }, { status: "applied", ...ending });
  return true;
}

async function openRun(
  { clock }: ImportDependencies,
  client: Transaction,
  request: ImportRequest,
  id: string,
  received: ReceivedFile,
  setup: Setup,
  isApproval: boolean,
): Promise<{ readonly run: Run; readonly held: ApprovedHold | null }> {
  const { organizationId, dryRun } = request;
  const file = await readFile(client, request, received, setup);
  if (!dryRun) await lockOrganization(client, organizationId, importPatience);
  const held = isApproval ? await approvedHold(client, organizationId, id) : null;
  const current = await readSetup(client, request);
  const planned = await file.plan(current);
  return { run: { client, request, id, setup: current, planned, reading: file.reading, clock }, held };
}

function readFile(
  client: Transaction,
  request: ImportRequest,
  received: ReceivedFile,
  setup: Setup,
): Promise<ReadFile> {
  if (request.kind === "users") return readUserFile(client, request, received, setup);
  return request.kind === "groups"
    ? readRecordFile(client, groupFiles, request, received, setup)
    : readRecordFile(client, locationFiles, request, received, setup);
}

/** Applies the plan, or holds it, or a part of it. */
async function decide(run: Run): Promise<undefined> {
  const { client, request, planned, setup, id } = run;
  const verdict = await planned.judge(run.clock());
  if (verdict.scope === "removals" && !request.dryRun) {
    await holdRemovals(run, verdict.reasons);
    return;
  }
  const { scope, reasons } = verdict;
  const hold: Hold | null = scope && { scope, reasons, waiting: await planned.countWaiting() };
  const report = await describe(run, planned);
  await planned.keepAbsent(id);
  if (request.dryRun || hold) {
    const planHash = await keepPlan(run, planned);
    await finish(run, { status: request.dryRun ? "planned" : "held", ...report, hold, planHash });
    return;
  }
  const recorded = await apply(run, planned);
  await finish(run, { status: "applied", ...report, recorded });
  if (verdict.uses) {
    await client.query(
      `update sources set announced_change = announced_change || jsonb_build_object('usedBy', $3::text)
       where organization_id = $1 and number = $2`,
      [request.organizationId, setup.source.number, id],
    );
  }
}

/** Applies whatever takes nothing away; what then is left of the file is a plan that waits. */
async function holdRemovals(run: Run, reasons: Hold["reasons"]): Promise<void> {
  const additions = await run.planned.planAgain(true);
  const report = await describe(run, additions);
  const recorded = await apply(run, additions);
  const rest = await additions.planAgain(false);
  const held = heldOutcomes((await rest.describe()).outcomes);
  await rest.keepAbsent(run.id);
  const waiting = await rest.countWaiting();
  const planHash = await keepPlan(run, rest);
  await finish(run, {
    ...{ status: "held", counts: report.counts, outcomes: { ...report.outcomes, held } },
    ...{ recorded, hold: { scope: "removals", reasons, waiting }, planHash },
  });
}

/** Applies a plan that was approved; returns the hash of the one there is, if that is another one. */
async function applyApproved(
  run: Run,
  held: ApprovedHold,
  { planHash, decision }: Approval,
): Promise<string | undefined> {
  const { client, request, planned, id } = run;
  const waiting = await planned.countWaiting();
  const { counts, outcomes } = await planned.describe();
  await client.query("delete from plan_items where organization_id = $1 and import_id = $2", [
    request.organizationId,
    id,
  ]);
  const hash = await keepPlan(run, planned);
  if (hash !== planHash) {
    await keepMovedPlan(client, request.organizationId, id, { planHash: hash, waiting });
    return hash;
  }
  const recorded = await apply(run, planned);
  const { firstSequence = recorded.firstSequence } = held;
  await finish(run, {
    status: "applied",
    counts: held.scope === "removals" ? together(request.kind, held.counts, counts) : counts,
    outcomes: held.scope === "removals" ? { ...held.outcomes, held: heldOutcomes(outcomes) } : outcomes,
    recorded: { ...recorded, ...(firstSequence === undefined ? {} : { firstSequence }) },
    hold: held.hold,
    planHash,
    decision,
  });
  await auditDecision(client, request.organizationId, id, { ...decision, outcome: "approved" });
  return undefined;
}

/** The counts of an import of which a part was applied before. */
function together(kind: ImportKind, first: ImportCounts, second: ImportCounts): ImportCounts {
  const sum = (name: "removed" | "withdrawn" | "membershipsAdded" | "membershipsRemoved" | "added" | "updated") =>
    first[name] + second[name];
  return {
    ...{ ...first, kept: second.kept, added: sum("added"), removed: sum("removed"), withdrawn: sum("withdrawn") },
    ...{ membershipsAdded: sum("membershipsAdded"), membershipsRemoved: sum("membershipsRemoved") },
    // Both parts may update the same people; of groups and locations each row does one thing.
    ...(kind === "users"
      ? { updated: Math.max(first.updated, second.updated) }
      : { updated: sum("updated"), unchanged: first.unchanged - second.updated - second.removed }),
  };
}

/** Works out what the log and the report say of the plan; keeps the notes on its rows. */
async function describe({ id }: Run, planned: PlannedFile): Promise<PlanDescription> {
  const description = await planned.describe();
  await planned.keepNotes(id);
  return description;
}

function apply({ id, request, setup, clock }: Run, planned: PlannedFile): Promise<Recorded> {
  return planned.apply({ id, actor: request.actor, sourceName: setup.source.name, at: clock() });
}

/** Keeps a plan that was not applied; returns its hash. */
async function keepPlan({ client, request, id }: Run, planned: PlannedFile): Promise<string> {
  await planned.keepItems(id);
  const { rows } = await client.query<{ hash: string }>(planHashStatement, [request.organizationId, id]);
  return rows[0]!.hash;
}

type Ending = Pick<Parameters<typeof finishImport>[3], "status" | "counts" | "outcomes"> & {
  readonly recorded?: Recorded;
  readonly hold?: Hold | null;
  readonly planHash?: string;
  readonly decision?: Decision;
};

async function finish(run: OpenImport, { recorded, hold, planHash, decision, ...ending }: Ending): Promise<void> {
  const { client, request, id, setup, clock, reading } = run;
  const at = clock();
  const source = setup.source.number;
  await finishImport(client, request.organizationId, id, {
    ...ending,
    ...{ reading, mapping: request.kind === "users" ? setup.source.mapping : null, at, source, actor: request.actor },
    recorded: recorded ?? { count: 0 },
    hold: hold ?? null,
    planHash: planHash ?? null,
    decision: decision ?? null,
  });
  const kind = ending.status === "held" ? "import_held" : isFirstRoster(run, ending.status) ? "first_roster" : null;
  if (kind) await announceImport(client, request.organizationId, id, kind, { source, at });
}

/** From here on the source deletes whom its files leave out. */
const isFirstRoster = ({ request, setup }: OpenImport, status: string) =>
  request.kind === "users" && status === "applied" && setup.isFirstOfSource && setup.rules.deletesAbsentPeople;
