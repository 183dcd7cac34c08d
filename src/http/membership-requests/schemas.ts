import { z } from "zod";
import { paragraphs } from "../../directory/text.ts";
import { requestStatuses } from "../../moderation/membership-requests.ts";
import { pageQuery } from "../contract/paging.ts";

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
