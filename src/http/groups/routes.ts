import { z } from "zod";
import { groupSchema, groupWithMembersSchema } from "../../directory/group-document.ts";
import { createGroup, getGroup, listGroups } from "../../directory/groups.ts";
import { getGroupSeenBy } from "../../directory/visible-groups.ts";
import { cutFollowablePage, followablePageSchema, startPage } from "../changes/followable.ts";
import { etag } from "../contract/etags.ts";
import { problemResponses } from "../contract/problems.ts";
import type { App } from "../server/app-types.ts";
import { changeContext, type HttpDependencies } from "../server/dependencies.ts";
import { groupFilter, groupParams, newGroupSchema } from "./schemas.ts";

const tags = ["Groups"];

/** Reading and creating groups. */
export function groupRoutes(app: App, dependencies: HttpDependencies): void {
  const { database } = dependencies;

  app.route({
    method: "GET",
    url: "/groups",
    schema: {
      operationId: "listGroups",
      summary: "List groups",
      description: "Groups in the order of their ids. Only the single group shows its number of members.",
      tags,
      querystring: groupFilter,
      response: { 200: followablePageSchema(groupSchema).describe("A page of groups.") },
    },
    handler: async (request) => {
      const { cursor, limit, ...filter } = request.query;
      const { organizationId } = request.caller;
      const { after, position } = await startPage(database, organizationId, cursor, z.string());
      const rows = await listGroups(database, organizationId, filter, { after, limit });
      const { items, ...cursors } = cutFollowablePage(rows, limit, position, ({ groupId }) => groupId);
      return { items: [...items], ...cursors };
    },
  });

  app.route({
    method: "GET",
    url: "/groups/:groupId",
    schema: {
      operationId: "getGroup",
      summary: "Get a group",
      description: "One group, with the number of its members. People see no parent that they may not see.",
      tags,
      params: groupParams,
      response: { 200: groupWithMembersSchema.describe("The group."), ...problemResponses("not_found") },
    },
    handler: async (request, reply) => {
      const { organizationId, userId } = request.caller;
      const { groupId } = request.params;
      const group =
        userId === null
          ? await getGroup(database, organizationId, groupId)
          : await getGroupSeenBy(database, organizationId, userId, groupId);
      reply.header("etag", etag(group.version));
      return group;
    },
  });

  app.route({
    method: "POST",
    url: "/groups",
    schema: {
      operationId: "createGroup",
      summary: "Create a group",
      description: "Creates a group without members. A group with any invalid value is not created.",
      tags,
      body: newGroupSchema,
      response: { 201: groupWithMembersSchema.describe("The new group."), ...problemResponses("conflict") },
    },
    handler: async (request, reply) => {
      const group = await createGroup(changeContext(dependencies, request.caller), request.body);
      const location = `/v1/groups/${encodeURIComponent(group.groupId)}`;
      return reply.code(201).header("location", location).header("etag", etag(group.version)).send(group);
    },
  });
}
