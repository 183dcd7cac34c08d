import { z } from "zod";
import { line, paragraphs } from "../../directory/text.ts";
import { causes, type Decision, outcomes } from "../../moderation/items.ts";
import { channels, type ItemKey, type TopicDocument, topicStatuses } from "../../moderation/topics.ts";
import { pageQuery } from "../contract/paging.ts";

/** Longest reason of a decision, in characters. */
export const reasonLength = 2000;

const exampleDecision: Decision = {
  outcome: "rejected",
  decidedBy: "Kim Park",
  reason: "Please name the room.",
  cause: null,
  actor: "api-key:portal",
  at: "2026-11-22T08:15:00.000000Z",
};

/** The state of a topic or a request. */
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

const exampleTopic: TopicDocument = {
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
};

/** The members that topics and requests share. */
export const itemMembers = {
  version: z.int().describe("Counts the changes; decisions name it."),
  decisions: z.array(itemDecisionSchema).describe("What was decided, in its order."),
  actor: z.string().describe("Who sent it: `api-key:<name>`, `user:<id>`."),
  createdAt: z.string(),
  updatedAt: z.string(),
};

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
  .meta({ id: "Topic", examples: [exampleTopic] });

/** Body of POST /groups/{groupId}/topics. */
export const newTopicSchema = z
  .strictObject({
    subject: line(200).min(1, "is empty"),
    body: paragraphs(20_000).default(""),
    channels: z
      .array(z.enum(channels))
      .min(1, "names no channel")
      .max(channels.length)
      .describe("By what it is to be sent: one or more."),
    publishBefore: z.iso
      .datetime({ offset: true, error: "is no time such as 2026-11-27T18:00:00Z" })
      .max(40)
      .nullable()
      .default(null)
      .describe("After this it is not to be published any more (RFC 3339); null: whenever."),
    author: z
      .string()
      .max(100)
      .optional()
      .describe("Id of the user. An API key has to name it; people speak for themselves."),
  })
  .meta({
    id: "NewTopic",
    examples: [{ subject: "Tournament on Friday", body: "We meet at six.", channels: ["email"], author: "17" }],
  });

/** Query of GET /groups/{groupId}/topics. */
export const topicFilter = z.strictObject({
  ...pageQuery,
  status: z.enum(topicStatuses).optional().describe("Only topics in this state."),
});

export const topicParams = z.strictObject({ id: z.uuid().describe("Id of the topic.") });

/** Body of POST …/withdraw; it may be missing. */
export const withdrawalSchema = z
  .strictObject({
    version: z.int().min(1).optional().describe("The version that you read; another one is refused."),
    reason: paragraphs(reasonLength).optional().describe("Why; it is kept."),
  })
  .meta({ id: "Withdrawal", examples: [{ version: 1, reason: "Sent twice" }] });

const exactTime = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);

/** The content of a cursor of a list by time. */
const itemKeyShape = z.tuple([exactTime, z.uuid()]);

/** The order of topics, requests and waiting items. */
export const byItemKey = {
  keyOf: ({ createdAt, id }: { readonly createdAt: string; readonly id: string }): ItemKey => [createdAt, id],
  keyShape: itemKeyShape,
};
