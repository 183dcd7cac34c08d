import { z } from "zod";
import { paragraphs } from "../../directory/text.ts";
import { type MembershipRequestDocument, requestStatuses } from "../../moderation/membership-requests.ts";
import { pageQuery } from "../contract/paging.ts";
import { itemMembers } from "../topics/schemas.ts";

const exampleRequest: MembershipRequestDocument = {
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
};

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
  .meta({ id: "MembershipRequest", examples: [exampleRequest] });

/** Body of POST /groups/{groupId}/membership-requests. */
export const newMembershipRequestSchema = z
  .strictObject({
    message: paragraphs(1000).default("").describe("To those who decide."),
    userId: z
      .string()
      .max(100)
      .optional()
      .describe("Id of the user. An API key has to name it; people ask for themselves."),
  })
  .meta({ id: "NewMembershipRequest", examples: [{ userId: "17", message: "I play since school." }] });

/** Query of GET /groups/{groupId}/membership-requests. */
export const requestFilter = z.strictObject({
  ...pageQuery,
  status: z.enum(requestStatuses).optional().describe("Only requests in this state."),
});

export const requestParams = z.strictObject({ id: z.uuid().describe("Id of the request.") });
