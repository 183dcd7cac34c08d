import sql, { empty } from "sql-template-tag";
import { z } from "zod";
import { recordChanges } from "../changes/record.ts";
import { changedProperties } from "../directory/changed-properties.ts";
import { noSuchGroup } from "../directory/groups.ts";
import { requireGroup } from "../directory/members.ts";
import { readStanding } from "../directory/standing.ts";
import { MusterError } from "../errors.ts";
import { withOrganization } from "../store/database.ts";
import { asWriter } from "../store/organization-lock.ts";
import { prepared } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { type Actor, invalid, type Moderation, readName, readPerson, standingIn } from "./context.ts";
import { expireOnReading } from "./expire-topics.ts";
import { conclude, decisionsOf, exampleDecision, itemMembers, requirePending, topicKind } from "./items.ts";
import { actionsOfPerson, readableTopics, submissionOf } from "./rules.ts";

/** By what a topic is to be sent. */
export const channels = ["email", "sms", "voice"] as const;
export type Channel = (typeof channels)[number];

/** The states of a topic. All but `pending` are final. */
export const topicStatuses = ["pending", "published", "rejected", "withdrawn", "expired", "settled"] as const;
export type TopicStatus = (typeof topicStatuses)[number];

/** A topic as the API shows it. */
export const topicSchema = z
  .object({
    id: z.uuid(),
    groupId: z.string(),
    author: z.string().describe("Id of the user."),
    subject: z.string(),
    body: z.string(),
    channels: z.array(z.enum(channels)).describe("By what it is to be sent."),
    publishBefore: z.string().nullable().describe("After this it is not to be published any more; null: whenever."),
    status: z.enum(topicStatuses),
    ...itemMembers,
  })
  .meta({
    id: "Topic",
    examples: [
      {
        id: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a",
        groupId: "CHESS",
        author: "17",
        subject: "Tournament on Friday",
        body: "We meet at six.",
        channels: ["email", "sms"],
        publishBefore: "2026-11-27T18:00:00.000000Z",
        status: "rejected",
        version: 2,
        decisions: [exampleDecision],
        actor: "api-key:portal",
        createdAt: "2026-11-22T07:12:40.123000Z",
        updatedAt: "2026-11-22T08:15:00.000000Z",
      },
    ],
  });
export type TopicDocument = z.infer<typeof topicSchema>;

/** A topic that is submitted; texts are trimmed, in NFC, and within their limits. */
export interface NewTopic {
  readonly subject: string;
  readonly body: string;
  readonly channels: readonly Channel[];
  readonly publishBefore?: string | null | undefined;
  /** Id of the user; needed of an API key. */
  readonly author?: string | undefined;
}

/** The topic before a page: when it was submitted, and its id. */
export type ItemKey = readonly [createdAt: string, id: string];

/** The properties of a topic in the change log. */
const topicProperties = [
  ...(["groupId", "author", "subject", "body", "channels"] as const),
  ...(["publishBefore", "status", "decisions"] as const),
] as const satisfies readonly (keyof TopicDocument)[];

/** SQL: the columns of `t` of which a document consists. */
const columns = sql`
  t.id, t.group_id as "groupId", t.author_id::text as author, t.subject, t.body, t.channels,
  timestamp_text(t.publish_before) as "publishBefore", t.status, t.version, ${decisionsOf(sql`t`)}, t.actor,
  timestamp_text(t.created_at) as "createdAt", timestamp_text(t.updated_at) as "updatedAt"`;

type StoredTopic = TopicDocument & { readonly [column: string]: unknown };

/**
 * Submits a topic to a group: it is published at once, or waits, by what its author may do there.
 * @throws MusterError not_found when there is no such group, or the author may not see it; forbidden when the author
 *   does not belong to it; request_invalid; organization_busy
 */
export function submitTopic(
  { database, queue, clock, newId, actor }: Moderation,
  groupId: string,
  topic: NewTopic,
): Promise<TopicDocument> {
  const { organizationId } = actor;
  return asWriter(database, queue, organizationId, async (transaction) => {
    const author = await readPerson(transaction, actor, "author", topic.author);
    const { capabilities, group } = await readStanding(transaction, organizationId, author, groupId);
    const submission = submissionOf(capabilities, group);
    if (submission === "forbidden") {
      throw new MusterError("forbidden", "Only those who belong to the group submit topics to it. Join it first.");
    }
    const at = clock();
    const publishBefore = topic.publishBefore ?? null;
    if (publishBefore !== null && Date.parse(publishBefore) <= at.getTime()) {
      throw invalid("publishBefore", "has passed already");
    }
    const id = newId();
    await transaction.query(
      prepared(sql`insert into topics (organization_id, id, group_id, author_id, subject, body, channels, publish_before, status, actor,
         created_at, updated_at)
       values (${organizationId}, ${id}, ${groupId}, ${author}, ${topic.subject}, ${topic.body}, ${channels.filter((channel) => topic.channels.includes(channel))}, ${publishBefore}, ${submission}, ${actor.actor}, ${at}, ${at})`),
    );
    const submitted = await readTopic(transaction, organizationId, id);
    const changed = changedProperties(null, submitted, topicProperties);
    await recordChanges(transaction, organizationId, { actor: actor.actor }, [
      { type: "topic", action: "created", id, changed },
    ]);
    return submitted;
  });
}

/** One topic, for the holder of the lock or in a transaction that reads. */
export async function readTopic(executor: Executor, organizationId: number, id: string): Promise<TopicDocument> {
  const { rows } = await executor.query<StoredTopic>(
    prepared(sql`select ${columns} from topics t where t.organization_id = ${organizationId} and t.id = ${id}`),
  );
  if (!rows[0]) throw noSuchTopic();
  return rows[0];
}

/**
 * Topics of a group, the newest first: only topics that the caller may read, and none of an earlier group with the same id.
 * @returns at most `limit` + 1 of them, so that the caller knows whether there are more
 * @throws MusterError not_found when there is no such group, or the caller may not see it
 */
export async function listTopics(
  moderation: Moderation,
  groupId: string,
  status: TopicStatus | undefined,
  { after, limit }: { readonly after: ItemKey | undefined; readonly limit: number },
): Promise<TopicDocument[]> {
  await expireOnReading(moderation);
  const { database, actor } = moderation;
  const { organizationId, userId } = actor;
  return withOrganization(database, organizationId, async (transaction) => {
    const { published, unpublished } = await readableIn(transaction, actor, groupId);
    const { rows } = await transaction.query<StoredTopic>(
      prepared(sql`select ${columns}
       from groups g join topics t on t.organization_id = ${organizationId} and t.group_id = g.group_id and t.created_at >= g.created_at
       where g.organization_id = ${organizationId} and g.group_id = ${groupId} ${status === undefined ? empty : sql`and t.status = ${status}`}
         and (case t.status when 'published' then ${published}::boolean else ${unpublished}::boolean end or t.author_id is not distinct from ${userId}::bigint)
         ${after === undefined ? empty : sql`and (t.created_at, t.id) < (${after[0]}, ${after[1]})`}
       order by t.created_at desc, t.id desc limit ${limit + 1}`),
    );
    return rows;
  });
}

/** @throws MusterError not_found when there is no such group, or the person may not see it */
async function readableIn(executor: Executor, { organizationId, userId }: Actor, groupId: string) {
  if (userId === null) {
    await requireGroup(executor, organizationId, groupId);
    return { published: true, unpublished: true };
  }
  const standing = await standingIn(executor, organizationId, userId, groupId);
  if (standing === undefined) throw noSuchGroup();
  return readableTopics(standing.group, standing);
}

/**
 * One topic that the caller may read.
 * @throws MusterError not_found
 */
export async function getTopic(moderation: Moderation, id: string): Promise<TopicDocument> {
  await expireOnReading(moderation);
  const { database, actor } = moderation;
  return withOrganization(database, actor.organizationId, async (transaction) => {
    const topic = await readTopic(transaction, actor.organizationId, id);
    await requireReadable(transaction, actor, topic);
    return topic;
  });
}

/**
 * Makes sure that somebody may read a topic.
 * @returns what they may do in its group; undefined for an API key, and for a group that they may not see
 * @throws MusterError not_found
 */
export async function requireReadable(executor: Executor, { organizationId, userId }: Actor, topic: TopicDocument) {
  if (userId === null) return undefined;
  const standing = await standingIn(executor, organizationId, userId, topic.groupId);
  if (topic.author === String(userId)) return standing;
  // A group that was deleted and made again has its id from another one, whose topics the new group's people may not read.
  if (standing === undefined || standing.group.createdAt > topic.createdAt) throw noSuchTopic();
  const { published, unpublished } = readableTopics(standing.group, standing);
  if (topic.status === "published" ? published : unpublished) return standing;
  throw noSuchTopic();
}

/**
 * Withdraws a topic that waits: its author, who administers the group, or an API key for them.
 * @throws MusterError not_found; forbidden; conflict when it does not wait any more; version_mismatch; organization_busy
 */
export function withdrawTopic(
  { database, queue, clock, actor }: Moderation,
  id: string,
  { version, reason }: { readonly version?: number | undefined; readonly reason?: string | undefined },
): Promise<TopicDocument> {
  const { organizationId, userId } = actor;
  return asWriter(database, queue, organizationId, async (transaction) => {
    const topic = await readTopic(transaction, organizationId, id);
    const standing = await requireReadable(transaction, actor, topic);
    if (userId !== null) {
      const isOwn = topic.author === String(userId);
      const administers = standing?.capabilities.includes("administer") ?? false;
      if (!actionsOfPerson("topic", { decides: false, administers, isOwn }).includes("withdraw")) {
        throw new MusterError("forbidden", "Its author withdraws a topic, or who administers the group.");
      }
    }
    requirePending(topic, version);
    const decision = {
      ...({ outcome: "withdrawn", decidedBy: await readName(transaction, actor), reason: reason || null } as const),
      cause: null,
      actor: actor.actor,
    };
    await conclude(transaction, organizationId, topicKind, [id], "withdrawn", decision, clock());
    return readTopic(transaction, organizationId, id);
  });
}

/** The problem of an id that is no topic's. */
export const noSuchTopic = () => new MusterError("not_found", "There is no such topic.");
