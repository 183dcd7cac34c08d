import { z } from "zod";
import { listVisibleGroups, visibleGroupSchema } from "../../directory/visible-groups.ts";
import { readPage } from "../contract/lists.ts";
import { pageQuery, pageSchema } from "../contract/paging.ts";
import { problemResponses } from "../contract/problems.ts";
import type { App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";
import { userParams } from "./schemas.ts";

/** The groups that a person may see. */
export function visibleGroupRoutes(app: App, { database }: HttpDependencies): void {
  app.route({
    method: "GET",
    url: "/users/:id/visible-groups",
    schema: {
      operationId: "listVisibleGroups",
      summary: "List the groups that a user may see",
      description:
        "Groups in the order of their ids: those that the person belongs to, and public and private ones; secret ones " +
        "only if the person is network administrator in any group. Without `showAllGroups` these are the groups of the " +
        "person's location, and those that belong to no location. A parent that the person may not see is null.",
      tags: ["Users"],
      params: userParams,
      querystring: z.strictObject(pageQuery),
      response: { 200: pageSchema(visibleGroupSchema).describe("A page of groups."), ...problemResponses("not_found") },
    },
    handler: async (request) => {
      const { organizationId } = request.caller;
      const read = (after: readonly [string] | undefined, limit: number) =>
        listVisibleGroups(database, organizationId, request.params.id, { after: after?.[0], limit });
      return readPage(
        { read, keyOf: ({ groupId }) => [groupId] as const, keyShape: z.tuple([z.string()]) },
        request.query,
      );
    },
  });
}
