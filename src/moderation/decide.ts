import sql from "sql-template-tag";
import { MusterError } from "../errors.ts";
import { recordAudit } from "../organizations/audit-log.ts";
import type { ImportResource } from "../reconcile/attempts/import-resource.ts";
import type { Decider } from "../reconcile/run/decide-import.ts";
import { withOrganization } from "../store/database.ts";
import { asWriter } from "../store/organization-lock.ts";
import { prepared } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { type Actor, invalid, readDecider } from "./context.ts";
import { type DecisionContext, decideHeldImport, noSuchItem } from "./decide-import.ts";
import { expire, isOverdue } from "./expire-topics.ts";
import { conclude, type Decision, type Item, type ItemKind, requestKind, requirePending, topicKind } from "./items.ts";
import { join, readRequest, requireReadableRequest } from "./membership-requests.ts";
import type { PendingType } from "./rules.ts";
import { readTopic, requireReadable } from "./topics.ts";

/** A decision about an item, as it is requested. */
export interface DecisionRequest {
  readonly outcome: "approve" | "reject";
  /** True if the request must name the version or the plan's hash; otherwise the current one counts. */
  readonly isExact: boolean;
  /** The version of the topic or request that they know. */
  readonly version?: number | undefined;
  /** For a held import: the hash of its plan. */
  readonly planHash?: string | undefined;
  /** The person, by name; needed of an API key. */
  readonly decidedBy?: string | undefined;
  readonly reason?: string | undefined;
}

/** An item after a decision. */
export interface DecidedItem {
  readonly id: string;
  readonly type: PendingType;
  readonly groupId: string | null;
  /** `published`, `rejected`, `approved`; of an import `applied`, `discarded`. */
  readonly status: string;
  readonly version: number | null;
  readonly decision: Pick<Decision, "decidedBy" | "reason" | "actor" | "at"> & { readonly outcome: string };
  /** The import that was decided about. */
  readonly import?: ImportResource;
}

/**
 * Decides about something that waits: a topic, a request to join, or a held import, whichever has the id.
 * @throws MusterError not_found; forbidden; request_invalid; conflict when it does not wait any more, with who decided and
 *   what; version_mismatch, plan_changed; gone (an import's file); organization_busy
 */
export async function decide(context: DecisionContext, id: string, request: DecisionRequest): Promise<DecidedItem> {
  const { database, actor } = context;
  const { organizationId } = actor;
  const [found, name] = await withOrganization(database, organizationId, async (transaction) => [
    await findItem(transaction, organizationId, id),
    await readDecider(transaction, actor, request.decidedBy),
  ]);
  if (found === undefined) throw noSuchItem();
  const decider = { organizationId, actor: actor.actor, decidedBy: name, reason: request.reason || null };
  if (found === "import") return decideImport(context, id, request, decider);
  return found === "topic" ? decideTopic(context, id, request, decider) : decideRequest(context, id, request, decider);
}

/**
 * A decider names the version that they know: their decision might not be meant for a newer one. Call it once it is clear
 * that they may see the item, since the message tells that there is one.
 */
function requireVersion({ isExact, version }: DecisionRequest): void {
  if (isExact && version === undefined) throw invalid("version", "is missing. Send the version of the item");
}

async function findItem(executor: Executor, organizationId: number, id: string): Promise<PendingType | undefined> {
  const { rows } = await executor.query<{ type: PendingType }>(
    prepared(sql`select 'topic' as type from topics where organization_id = ${organizationId} and id = ${id}
     union all select 'membership' from membership_requests where organization_id = ${organizationId} and id = ${id}
     union all select 'import' from imports where organization_id = ${organizationId} and id = ${id}`),
  );
  return rows[0]?.type;
}

async function decideTopic(
  { database, queue, clock, actor }: DecisionContext,
  id: string,
  request: DecisionRequest,
  decider: Decider,
): Promise<DecidedItem> {
  const { organizationId } = actor;
  const { outcome, version } = request;
  const decided = await asWriter(database, queue, organizationId, async (transaction) => {
    const topic = await readTopic(transaction, organizationId, id).catch(asNoItem);
    const standing = await requireReadable(transaction, actor, topic).catch(asNoItem);
    requireDecides(actor, standing?.capabilities.includes("decide") ?? false);
    requireVersion(request);
    requirePending(topic, version);
    const at = clock();
    if (outcome === "approve" && isOverdue(topic, at)) {
      await expire(transaction, organizationId, [id], at);
      return { late: topic.publishBefore };
    }
    if (outcome === "reject" && decider.reason === null) throw invalid("reason", "is needed to reject a topic");
    await keep(transaction, topicKind, id, outcome === "approve" ? "published" : "rejected", decider, at);
    return toDecided("topic", await readTopic(transaction, organizationId, id));
  });
  // Only now: the expiry is kept.
  if (!("late" in decided)) return decided;
  throw new MusterError(
    "conflict",
    `It was to be published before ${decided.late}, which has passed: it is expired now, and not published.`,
  );
}

async function decideRequest(
  { database, queue, clock, actor }: DecisionContext,
  id: string,
  decision: DecisionRequest,
  decider: Decider,
): Promise<DecidedItem> {
  const { organizationId } = actor;
  const { outcome, version } = decision;
  return asWriter(database, queue, organizationId, async (transaction) => {
    const request = await readRequest(transaction, organizationId, id).catch(asNoItem);
    requireDecides(actor, await requireReadableRequest(transaction, actor, request).catch(asNoItem));
    requireVersion(decision);
    requirePending(request, version);
    await keep(transaction, requestKind, id, outcome === "approve" ? "approved" : "rejected", decider, clock());
    if (outcome === "approve") await join(transaction, actor, clock, request);
    return toDecided("membership", await readRequest(transaction, organizationId, id));
  });
}

async function keep(
  executor: Executor,
  kind: ItemKind,
  id: string,
  status: "published" | "approved" | "rejected",
  { organizationId, actor, decidedBy, reason }: Decider,
  at: Date,
): Promise<void> {
  const outcome = status === "rejected" ? "rejected" : "approved";
  await conclude(executor, organizationId, kind, [id], status, { outcome, decidedBy, reason, cause: null, actor }, at);
  const noun = kind === topicKind ? "topic" : "membership_request";
  await recordAudit(executor, organizationId, { at, action: `${noun}.${outcome}`, actor, subject: id });
}

function toDecided(type: PendingType, { id, groupId, status, version, decisions }: Item): DecidedItem {
  const { outcome, decidedBy, reason, actor, at } = decisions.at(-1)!;
  return { id, type, groupId, status, version, decision: { outcome, decidedBy, reason, actor, at } };
}

async function decideImport(
  context: DecisionContext,
  id: string,
  { outcome, isExact, planHash }: DecisionRequest,
  { decidedBy, reason }: Decider,
): Promise<DecidedItem> {
  const resource = await decideHeldImport(context, id, { outcome, isExact, planHash, decidedBy, reason });
  const { status, decision } = resource;
  const told = {
    outcome: outcome === "approve" ? "approved" : "rejected",
    decidedBy: decision!.decidedBy,
    reason: decision!.reason,
    actor: decision!.actor,
    at: decision!.at,
  };
  return { id, type: "import", groupId: null, status, version: null, decision: told, import: resource };
}

function requireDecides({ userId }: Actor, decides: boolean): void {
  if (userId === null || decides) return;
  throw new MusterError("forbidden", "Those decide who administer the group, fully or in part, or the network.");
}

/** A caller who may not see an item gets the same answer as for an unknown id. */
function asNoItem(error: unknown): never {
  if (error instanceof MusterError && error.code === "not_found") throw noSuchItem();
  throw error;
}
