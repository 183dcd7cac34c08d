import { z } from "zod";
import { line, paragraphs } from "../../directory/text.ts";
import { channels, type ItemKey, topicStatuses } from "../../moderation/topics.ts";
import { pageQuery } from "../contract/paging.ts";

/** Longest reason of a decision, in characters. */
export const reasonLength = 2000;

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
