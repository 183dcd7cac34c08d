import { z } from "zod";
import { exampleUnreached, reachReasons, readReach, unreachedPersonSchema } from "../../directory/reach.ts";
import { cutPage, decodeCursor, pageQuery, pageSchema } from "../contract/paging.ts";
import { problemResponses } from "../contract/problems.ts";
import { groupParams } from "../groups/schemas.ts";
import type { App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";

const reachSchema = pageSchema(unreachedPersonSchema)
  .extend({
    people: z.int().describe("How many people there are; the counts are of all of them on every page."),
    byEmail: z.int().describe("People who can be reached by e-mail."),
    byText: z.int().describe("By text message."),
    byVoice: z.int().describe("By a call."),
    unreachable: z.int().describe("By nothing."),
  })
  .meta({
    id: "Reach",
    examples: [
      {
        people: 412,
        byEmail: 409,
        byText: 377,
        byVoice: 380,
        unreachable: 1,
        items: [exampleUnreached],
        nextCursor: null,
      },
    ],
  });

const reachQuery = z.strictObject({
  ...pageQuery,
  reason: z
    .enum(reachReasons)
    .optional()
    .describe("Lists only people with this reason; the counts still include everybody."),
});
type ReachQuery = z.infer<typeof reachQuery>;

const listing =
  "Listed are the people whom some channel does not reach, in the order of their ids. Numbers and addresses that have " +
  "an opt-out reach nobody.";

/** People who can be reached, and those who cannot. */
export function reachRoutes(app: App, { database }: HttpDependencies): void {
  const answer = async (organizationId: number, groupId: string | undefined, query: ReachQuery) => {
    const { cursor, limit, reason } = query;
    const [after] = decodeCursor(cursor, z.tuple([z.int().nonnegative()])) ?? [];
    const { items: found, ...counts } = await readReach(database, organizationId, groupId, { reason, after, limit });
    const { items, nextCursor } = cutPage(found, limit, ({ userId }) => [Number(userId)]);
    return { ...counts, items: [...items], nextCursor };
  };

  app.route({
    method: "GET",
    url: "/groups/:groupId/reach",
    schema: {
      operationId: "getGroupReach",
      summary: "See who of a group can be reached",
      description: `How many members can be reached by e-mail, text and voice. ${listing}`,
      tags: ["Groups"],
      params: groupParams,
      querystring: reachQuery,
      response: { 200: reachSchema.describe("Who can be reached."), ...problemResponses("not_found") },
    },
    handler: (request) => answer(request.caller.organizationId, request.params.groupId, request.query),
  });

  app.route({
    method: "GET",
    url: "/organization/reach",
    schema: {
      operationId: "getReach",
      summary: "See who can be reached",
      description: `How many people can be reached by e-mail, text and voice. ${listing}`,
      tags: ["Organization"],
      querystring: reachQuery,
      response: { 200: reachSchema.describe("Who can be reached.") },
    },
    handler: (request) => answer(request.caller.organizationId, undefined, request.query),
  });
}
