import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { recordChanges } from "../changes/record.ts";
import { timeText } from "../directory/text.ts";
import { MusterError } from "../errors.ts";
import { identifier, prepared } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";

/** Why something is decided that nobody decided; a closed list. */
export const causes = [
  ...(["public_group", "publish_before_passed", "user_deleted", "author_deleted"] as const),
  ...(["group_deleted", "already_member"] as const),
] as const;
export type Cause = (typeof causes)[number];

/** The outcomes of a decision. */
export const outcomes = ["approved", "rejected", "withdrawn", "expired", "settled"] as const;
export type Outcome = (typeof outcomes)[number];

/** A decision of examples. */
export const exampleDecision = {
  outcome: "rejected" as const,
  decidedBy: "Kim Park",
  reason: "Please name the room.",
  cause: null,
  actor: "api-key:portal",
  at: "2026-11-22T08:15:00.000000Z",
};

/** The decision about an item that was pending, or would have been. */
export const itemDecisionSchema = z
  .object({
    outcome: z.enum(outcomes),
    decidedBy: z.string().nullable().describe("The person, by name; null: nobody decided, or a key withdrew it."),
    reason: z.string().nullable(),
    cause: z.enum(causes).nullable().describe("Why it is so although nobody decided; null: somebody did."),
    actor: z.string().describe("Who did it, or what it followed from; `muster`: the service."),
    at: z.string(),
  })
  .meta({ id: "ItemDecision", examples: [exampleDecision] });
export type Decision = z.infer<typeof itemDecisionSchema>;

/** A decision that is being taken. */
export type NewDecision = Omit<Decision, "at">;

/** The members that topics and requests to join share. Times are RFC 3339 in UTC, with microseconds. */
export const itemMembers = {
  version: z.int().describe("Counts the changes; decisions name it."),
  decisions: z.array(itemDecisionSchema).describe("What was decided, in its order."),
  actor: z.string().describe("Who sent it: `api-key:<name>`, `user:<id>`."),
  createdAt: z.string(),
  updatedAt: z.string(),
};

/** A topic or a request, with its state. */
export interface Item {
  readonly id: string;
  readonly groupId: string;
  readonly status: string;
  readonly version: number;
  readonly decisions: readonly Decision[];
}

/** A kind of item: its table, and what the change log calls it. */
export interface ItemKind {
  readonly table: "topics" | "membership_requests";
  readonly type: "topic" | "membershipRequest";
}
export const topicKind: ItemKind = { table: "topics", type: "topic" };
export const requestKind: ItemKind = { table: "membership_requests", type: "membershipRequest" };

/** SQL: the decisions about the item of `alias`. */
export const decisionsOf = (alias: Sql): Sql => sql`coalesce((
  select json_agg(json_build_object('outcome', d.outcome, 'decidedBy', d.decided_by, 'reason', d.reason, 'cause', d.cause,
    'actor', d.actor, 'at', timestamp_text(d.at)) order by d.number)
  from decisions d where d.organization_id = ${alias}.organization_id and d.item_id = ${alias}.id), '[]') as decisions`;

/** Appends a decision about items, however many; the first of each. */
export async function keepDecision(
  executor: Executor,
  organizationId: number,
  ids: readonly string[],
  { outcome, decidedBy, reason, cause, actor }: NewDecision,
  at: Date,
): Promise<void> {
  await executor.query(
    prepared(sql`insert into decisions (organization_id, item_id, number, outcome, decided_by, reason, cause, actor, at)
     select ${organizationId}::integer, id, 1, ${outcome}, ${decidedBy}, ${reason}, ${cause}, ${actor}, ${at}::timestamptz from unnest(${ids}::uuid[]) id`),
  );
}

/**
 * Ends the waiting of items, however many, and appends that to the change log. The caller holds the organization's lock
 * and has made sure that they are pending.
 * @param status the state that they come to
 */
export async function conclude(
  executor: Executor,
  organizationId: number,
  { table, type }: ItemKind,
  ids: readonly string[],
  status: string,
  decision: NewDecision,
  at: Date,
): Promise<void> {
  await executor.query(
    prepared(sql`update ${identifier(table)} set status = ${status}, version = version + 1, updated_at = ${at}
     where organization_id = ${organizationId} and id = any(${ids}::uuid[])`),
  );
  await keepDecision(executor, organizationId, ids, decision, at);
  const { outcome, decidedBy, reason, cause, actor } = decision;
  const told: Decision = { outcome, decidedBy, reason, cause, actor, at: timeText(at) };
  const changed = { status: { from: "pending", to: status }, decisions: { from: [], to: [told] } };
  await recordChanges(
    executor,
    organizationId,
    { actor },
    ids.map((id) => ({ type, action: "updated", id, changed })),
  );
}

/**
 * Makes sure that an item still waits, and that it is the one that the caller knows.
 * @param version the one that the caller knows; undefined: whichever
 * @throws MusterError conflict, with who decided and what; version_mismatch
 */
export function requirePending(
  { status, version: stored, decisions }: Pick<Item, "status" | "version" | "decisions">,
  version: number | undefined,
): void {
  if (status !== "pending") throw new MusterError("conflict", describeEnd(decisions.at(-1)));
  if (version === undefined || version === stored) return;
  throw new MusterError("version_mismatch", `It is at version ${stored} now. Read it again before you decide.`);
}

const causeTexts: Readonly<Record<Cause, string>> = {
  public_group: "the group is public, and takes everybody",
  publish_before_passed: "its publishBefore passed while it waited",
  user_deleted: "the person was deleted",
  author_deleted: "its author was deleted",
  group_deleted: "the group was deleted",
  already_member: "the person has become a member in another way",
};

function describeEnd(decision: Decision | undefined): string {
  if (decision === undefined) return "It was published at once: there is nothing to decide.";
  const { outcome, decidedBy, cause, at } = decision;
  if (cause !== null) return `There is nothing to decide: ${outcome} at ${at}, because ${causeTexts[cause]}.`;
  if (outcome === "withdrawn") return `${decidedBy ?? "Somebody"} has withdrawn it, at ${at}.`;
  return `${decidedBy ?? "Somebody"} has decided already: ${outcome} at ${at}.`;
}
