import { z } from "zod";
import { line, paragraphs } from "../../directory/text.ts";
import type { DecidedItem } from "../../moderation/decide.ts";
import type { PendingItem } from "../../moderation/pending.ts";
import { pendingActions, pendingTypes } from "../../moderation/rules.ts";
import { pageQuery, pageSchema } from "../contract/paging.ts";
import { problemSchema } from "../contract/problems.ts";
import { reasonLength } from "../topics/schemas.ts";

/** Most decisions of one request. */
export const mostDecisions = 100;

const examplePending: PendingItem = {
  id: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2b",
  type: "membership",
  groupId: "CHESS",
  groupName: "Chess Club",
  version: 1,
  planHash: null,
  summary: "Jane Doe asks to join Chess Club: I play since school.",
  text: "I play since school.",
  requestedBy: { userId: "17", name: "Jane Doe" },
  createdAt: "2026-11-22T07:12:40.123000Z",
  age: 3600,
  actions: ["approve", "reject"],
};

/** Something that waits. */
export const pendingItemSchema = z
  .object({
    id: z.uuid().describe("Of the topic, the membership request, or the import."),
    type: z.enum(pendingTypes),
    groupId: z.string().nullable().describe("null of an import; so is `groupName`."),
    groupName: z.string().nullable(),
    version: z.int().nullable().describe("A decision names it; null of an import."),
    planHash: z.string().nullable().describe("Of an import: the plan that waits. A decision names it."),
    summary: z.string().describe("One line: a topic's subject, who asks to join, what an import would do."),
    text: z
      .string()
      .nullable()
      .describe("All that a topic would send, or the message of a person who asks to join; null of an import."),
    requestedBy: z
      .object({ userId: z.string().nullable(), name: z.string() })
      .describe("Who asked; of an import who sent it, such as `api-key:nightly`."),
    createdAt: z.string(),
    age: z.int().describe("Seconds since then."),
    actions: z.array(z.enum(pendingActions)).describe("What the caller may do with it."),
  })
  .meta({ id: "PendingItem", examples: [examplePending] });

/** A page of the queue. */
export const pendingPageSchema = pageSchema(pendingItemSchema).extend({
  counts: z
    .object({ topic: z.int(), membership: z.int(), import: z.int() })
    .describe("How many of each type wait for the caller, on all pages."),
});

/** Which items a queue shows. */
export const pendingFilterMembers = {
  type: z.enum(pendingTypes).optional().describe("Only items of this type."),
};

/** Query of GET /pending. */
export const pendingFilter = z.strictObject({
  ...pageQuery,
  ...pendingFilterMembers,
  groupId: z.string().min(1).max(100).normalize("NFC").optional().describe("Only items of this group."),
});

export const pendingParams = z.strictObject({ id: z.uuid().describe("Id of the item.") });

/** The decider and the reason. */
export const deciderMembers = {
  decidedBy: line(200)
    .min(1, "is empty")
    .optional()
    .describe("The person who decides, by name; it is kept. An API key has to name it."),
  reason: paragraphs(reasonLength).optional().describe("Why; it is kept. Needed to reject a topic."),
};

const decisionMembers = {
  version: z.int().min(1).optional().describe("The version that you read, of a topic or a membership request."),
  planHash: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "a plan's hash has 64 hexadecimal digits")
    .optional()
    .describe("For an import: the hash of the plan that you read."),
  ...deciderMembers,
};

/** Body of POST /pending/{id}/approve and …/reject. */
export const pendingDecisionSchema = z
  .strictObject(decisionMembers)
  .meta({ id: "PendingDecision", examples: [{ version: 1, decidedBy: "Kim Park", reason: "Welcome" }] });

const action = z.enum(["approve", "reject"]);

/** Body of POST /pending/decisions. */
export const pendingDecisionsSchema = z
  .strictObject({
    items: z
      .array(z.strictObject({ id: z.uuid(), action, ...decisionMembers }))
      .min(1)
      .max(mostDecisions),
  })
  .meta({
    id: "PendingDecisions",
    examples: [{ items: [{ id: examplePending.id, action: "approve", version: 1, decidedBy: "Kim Park" }] }],
  });

const exampleDecided = {
  id: examplePending.id,
  type: "membership",
  groupId: "CHESS",
  status: "approved",
  version: 2,
  decision: {
    outcome: "approved",
    decidedBy: "Kim Park",
    reason: "Welcome",
    actor: "api-key:portal",
    at: "2026-11-22T08:15:00.000000Z",
  },
} as const satisfies DecidedItem;

/** An item after a decision. */
export const decidedItemSchema = z
  .object({
    id: z.uuid(),
    type: z.enum(pendingTypes),
    groupId: z.string().nullable(),
    status: z
      .enum(["published", "approved", "rejected", "applied", "discarded"])
      .describe("Topics: `published`, `rejected`; requests: `approved`, `rejected`; imports: `applied`, `discarded`."),
    version: z.int().nullable(),
    decision: z.object({
      outcome: z.enum(["approved", "rejected"]),
      decidedBy: z.string().nullable(),
      reason: z.string().nullable(),
      actor: z.string(),
      at: z.string(),
    }),
  })
  .meta({ id: "DecidedItem", examples: [exampleDecided] });

/** The outcomes of several decisions. */
export const decidedItemsSchema = z
  .object({
    items: z.array(
      z.object({
        id: z.string(),
        status: z.int().describe("What the same decision by itself would have been answered with."),
        decided: decidedItemSchema.nullable().describe("null when it was refused."),
        problem: problemSchema.nullable().describe("Why it was refused; null when it was not."),
      }),
    ),
  })
  .meta({
    id: "DecidedItems",
    examples: [
      {
        items: [{ id: examplePending.id, status: 200, decided: exampleDecided, problem: null }],
      },
    ],
  });
