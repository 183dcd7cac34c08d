import sql, { empty } from "sql-template-tag";
import { z } from "zod";
import { recordChanges } from "../changes/record.ts";
import { changedProperties } from "../directory/changed-properties.ts";
import { noSuchGroup } from "../directory/groups.ts";
import { addMembers, requireGroup } from "../directory/members.ts";
import { readStanding } from "../directory/standing.ts";
import { MusterError } from "../errors.ts";
import { withOrganization } from "../store/database.ts";
import { asWriter } from "../store/organization-lock.ts";
import { prepared } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { type Actor, type Moderation, readName, readPerson, standingIn } from "./context.ts";
import { conclude, decisionsOf, itemMembers, keepDecision, requestKind, requirePending } from "./items.ts";
import { actionsOfPerson, joiningOf } from "./rules.ts";
import type { ItemKey } from "./topics.ts";

/** The states of a request to join a group. All but `pending` are final. */
export const requestStatuses = ["pending", "approved", "rejected", "withdrawn", "settled"] as const;
export type RequestStatus = (typeof requestStatuses)[number];

/** A request to join a group as the API shows it. */
export const membershipRequestSchema = z
  .object({
    id: z.uuid(),
    groupId: z.string(),
    userId: z.string(),
    message: z.string(),
    status: z.enum(requestStatuses),
    ...itemMembers,
  })
  .meta({
    id: "MembershipRequest",
    examples: [
      {
        id: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2b",
        groupId: "CHESS",
        userId: "17",
        message: "I play since school.",
        status: "pending",
        version: 1,
        decisions: [],
        actor: "api-key:portal",
        createdAt: "2026-11-22T07:12:40.123000Z",
        updatedAt: "2026-11-22T07:12:40.123000Z",
      },
    ],
  });
export type MembershipRequestDocument = z.infer<typeof membershipRequestSchema>;

/** A request that is made; the message is trimmed, in NFC, and within its limit. */
export interface NewMembershipRequest {
  readonly message: string;
  /** Id of the user; needed of an API key. */
  readonly userId?: string | undefined;
}

/** The properties of a request in the change log. */
const requestProperties = [
  ...(["groupId", "userId", "message", "status", "decisions"] as const),
] as const satisfies readonly (keyof MembershipRequestDocument)[];

/** SQL: the columns of `r` of which a document consists. */
const columns = sql`
  r.id, r.group_id as "groupId", r.user_id::text as "userId", r.message, r.status, r.version, ${decisionsOf(sql`r`)}, r.actor,
  timestamp_text(r.created_at) as "createdAt", timestamp_text(r.updated_at) as "updatedAt"`;

type StoredRequest = MembershipRequestDocument & { readonly [column: string]: unknown };

/**
 * Asks that somebody may join a group: a public one takes them at once, a private one lets the request wait.
 * @throws MusterError not_found when there is no such group, the person may not see it, or it is secret; conflict when
 *   they belong to it, or a request of theirs waits already; forbidden; request_invalid; organization_busy
 */
export function requestMembership(
  { database, queue, clock, newId, actor }: Moderation,
  groupId: string,
  request: NewMembershipRequest,
): Promise<MembershipRequestDocument> {
  const { organizationId } = actor;
  return asWriter(database, queue, organizationId, async (transaction) => {
    const userId = await readPerson(transaction, actor, "userId", request.userId);
    const { group, role } = await readStanding(transaction, organizationId, userId, groupId);
    const joining = joiningOf(group, role);
    if (joining === "unknown_group") throw noSuchGroup();
    if (joining === "already_member") throw new MusterError("conflict", "The person belongs to the group already.");
    const at = clock();
    const id = newId();
    const { rowCount } = await transaction.query(
      prepared(sql`insert into membership_requests (organization_id, id, group_id, user_id, message, status, actor, created_at, updated_at)
       values (${organizationId}, ${id}, ${groupId}, ${userId}, ${request.message}, ${joining}, ${actor.actor}, ${at}, ${at})
       on conflict (organization_id, group_id, user_id) where status = 'pending' do nothing`),
    );
    if (!rowCount) throw new MusterError("conflict", "The person has asked already, and the request waits.");
    if (joining === "approved") {
      const decision = { outcome: "approved", decidedBy: null, reason: null, cause: "public_group" } as const;
      await keepDecision(transaction, organizationId, [id], { ...decision, actor: actor.actor }, at);
    }
    const made = await readRequest(transaction, organizationId, id);
    const changed = changedProperties(null, made, requestProperties);
    await recordChanges(transaction, organizationId, { actor: actor.actor }, [
      { type: "membershipRequest", action: "created", id, changed },
    ]);
    if (joining === "approved") await join(transaction, actor, clock, made);
    return made;
  });
}

/**
 * Makes the requester a member, as PUT …/members does: by hand, in the role of a member. The claim is manual although they
 * asked themselves, because a self-registered one would go with the next roster that names them and then does not.
 * @param executor of the holder of the lock
 */
export async function join(
  executor: Executor,
  { organizationId, actor }: Actor,
  clock: () => Date,
  { groupId, userId }: MembershipRequestDocument,
): Promise<void> {
  await addMembers(executor, { organizationId, actor, clock }, groupId, [{ userId: Number(userId), role: 0 }]);
}

/** One request, for the holder of the lock or in a transaction that reads. */
export async function readRequest(
  executor: Executor,
  organizationId: number,
  id: string,
): Promise<MembershipRequestDocument> {
  const { rows } = await executor.query<StoredRequest>(
    prepared(
      sql`select ${columns} from membership_requests r where r.organization_id = ${organizationId} and r.id = ${id}`,
    ),
  );
  if (!rows[0]) throw noSuchRequest();
  return rows[0];
}

/**
 * Requests to join a group, the newest first: all for who decides about them, and everybody's own. Of an earlier group of
 * the same id no requests are returned.
 * @returns at most `limit` + 1 of them, so that the caller knows whether there are more
 * @throws MusterError not_found when there is no such group, or the caller may not see it
 */
export function listRequests(
  { database, actor }: Moderation,
  groupId: string,
  status: RequestStatus | undefined,
  { after, limit }: { readonly after: ItemKey | undefined; readonly limit: number },
): Promise<MembershipRequestDocument[]> {
  const { organizationId, userId } = actor;
  return withOrganization(database, organizationId, async (transaction) => {
    const decides = await decidesIn(transaction, actor, groupId);
    const { rows } = await transaction.query<StoredRequest>(
      prepared(sql`select ${columns}
       from groups g
       join membership_requests r on r.organization_id = ${organizationId} and r.group_id = g.group_id and r.created_at >= g.created_at
       where g.organization_id = ${organizationId} and g.group_id = ${groupId} ${status === undefined ? empty : sql`and r.status = ${status}`}
         and (${decides}::boolean or r.user_id is not distinct from ${userId}::bigint)
         ${after === undefined ? empty : sql`and (r.created_at, r.id) < (${after[0]}, ${after[1]})`}
       order by r.created_at desc, r.id desc limit ${limit + 1}`),
    );
    return rows;
  });
}

async function decidesIn(executor: Executor, { organizationId, userId }: Actor, groupId: string): Promise<boolean> {
  if (userId === null) {
    await requireGroup(executor, organizationId, groupId);
    return true;
  }
  const standing = await standingIn(executor, organizationId, userId, groupId);
  if (standing === undefined) throw noSuchGroup();
  return standing.capabilities.includes("decide");
}

/**
 * One request that the caller may read: who asked, and who decides about it.
 * @throws MusterError not_found
 */
export function getRequest({ database, actor }: Moderation, id: string): Promise<MembershipRequestDocument> {
  return withOrganization(database, actor.organizationId, async (transaction) => {
    const request = await readRequest(transaction, actor.organizationId, id);
    await requireReadableRequest(transaction, actor, request);
    return request;
  });
}

/**
 * Makes sure that somebody may read a request.
 * @returns whether they decide about it
 * @throws MusterError not_found
 */
export async function requireReadableRequest(
  executor: Executor,
  { organizationId, userId }: Actor,
  request: MembershipRequestDocument,
): Promise<boolean> {
  if (userId === null) return true;
  const standing = await standingIn(executor, organizationId, userId, request.groupId);
  const isOfGroup = standing !== undefined && standing.group.createdAt <= request.createdAt;
  const decides = isOfGroup && standing.capabilities.includes("decide");
  if (decides || request.userId === String(userId)) return decides;
  throw noSuchRequest();
}

/**
 * Takes back a request that waits: who asked, or an API key for them.
 * @throws MusterError not_found; forbidden; conflict when it does not wait any more; version_mismatch; organization_busy
 */
export function withdrawRequest(
  { database, queue, clock, actor }: Moderation,
  id: string,
  { version, reason }: { readonly version?: number | undefined; readonly reason?: string | undefined },
): Promise<MembershipRequestDocument> {
  const { organizationId, userId } = actor;
  return asWriter(database, queue, organizationId, async (transaction) => {
    const request = await readRequest(transaction, organizationId, id);
    const decides = await requireReadableRequest(transaction, actor, request);
    const asker = { decides, administers: decides, isOwn: request.userId === String(userId) };
    if (userId !== null && !actionsOfPerson("membership", asker).includes("withdraw")) {
      throw new MusterError("forbidden", "Only who asked may take the request back. Reject it instead.");
    }
    requirePending(request, version);
    const decision = {
      ...({ outcome: "withdrawn", decidedBy: await readName(transaction, actor), reason: reason || null } as const),
      cause: null,
      actor: actor.actor,
    };
    await conclude(transaction, organizationId, requestKind, [id], "withdrawn", decision, clock());
    return readRequest(transaction, organizationId, id);
  });
}

/** The problem of an id that is no request's. */
export const noSuchRequest = () => new MusterError("not_found", "There is no such request.");
