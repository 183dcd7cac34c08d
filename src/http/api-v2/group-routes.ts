import { z } from "zod";
import { deleteGroup, purgeGroup } from "../../directory/edit-groups.ts";
import type { GroupDocument } from "../../directory/group-document.ts";
import { listGroups } from "../../directory/groups.ts";
import { type List, sendAll } from "../contract/lists.ts";
import { problemResponses } from "../contract/problems.ts";
import { sendDocument } from "../contract/replies.ts";
import { groupDeletion, groupParams } from "../groups/schemas.ts";
import type { App } from "../server/app-types.ts";
import { changeContext, type HttpDependencies } from "../server/dependencies.ts";
import { endedMembershipsSchema, feedGroup, feedGroupsSchema } from "./group-documents.ts";
import { keyQuery } from "./key-query.ts";

const tags = ["Version 2"];
/** The answers of a status: XML, unless JSON is asked for or was sent. */
const answered = (description: string, schema: z.ZodType) => ({
  description,
  content: { "application/xml": { schema }, "application/json": { schema } },
});

/** Groups for existing jobs: list, purge and delete. Files of them are imported. */
export function groupV2Routes(app: App, dependencies: HttpDependencies): void {
  listRoute(app, dependencies);
  void app.register((scope, _options, ready) => {
    // Clients send forms without fields along with a POST: nothing is read from the body.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null, undefined));
    endingRoutes(scope as App, dependencies);
    ready();
  });
}

function listRoute(app: App, { database }: HttpDependencies): void {
  app.route({
    method: "GET",
    url: "/groups",
    config: { usualFormat: "xml" },
    schema: {
      operationId: "listGroupsV2",
      summary: "List all groups, as existing jobs do",
      description:
        "All groups in the order of their ids, in the form of a file of groups: it can be loaded back. In XML, or in JSON to " +
        "who asks for it. `source`, `style` and `dryRun` are refused; other parameters that it does not know are ignored.",
      tags,
      querystring: z.looseObject(keyQuery),
      response: { 200: answered("All groups.", feedGroupsSchema) },
    },
    handler: async (request, reply) => {
      const { organizationId } = request.caller;
      const list: List<GroupDocument, readonly [string]> = {
        read: (after, limit) => listGroups(database, organizationId, {}, { after: after?.[0], limit }),
        keyOf: ({ groupId }) => [groupId],
        keyShape: z.tuple([z.string()]),
      };
      return sendAll(request, reply, list, { list: "groups", item: "group", tell: feedGroup });
    },
  });
}

const endingQuery = z.looseObject({ ...keyQuery, ...groupDeletion.shape });
const confirmation =
  "A group with 1,000 members and more, a protected one and one for emergency alerts is taken apart only if " +
  "`expectedMembers` names how many it has. Parameters that it does not know, and a body, are ignored.";

function endingRoutes(app: App, dependencies: HttpDependencies): void {
  const shared = { tags, params: groupParams, querystring: endingQuery };
  const refused = problemResponses("not_found", "conflict");

  app.route({
    method: "POST",
    url: "/groups/:groupId/purge",
    config: { usualFormat: "xml" },
    schema: {
      ...shared,
      operationId: "purgeGroupV2",
      summary: "Empty a group, as existing jobs do",
      description: `Ends every membership of a group; the group and the people stay. ${confirmation}`,
      response: { 200: answered("The group is empty.", endedMembershipsSchema), ...refused },
    },
    handler: async (request, reply) => {
      const { groupId } = request.params;
      const expectation = { expectedMembers: request.query.expectedMembers, checkVersion: () => {} };
      const membershipsRemoved = await purgeGroup(changeContext(dependencies, request.caller), groupId, expectation);
      return sendDocument(request, reply, "group", endedMembershipsSchema, { groupID: groupId, membershipsRemoved });
    },
  });

  app.route({
    method: "DELETE",
    url: "/groups/:groupId",
    config: { usualFormat: "xml" },
    schema: {
      ...shared,
      operationId: "deleteGroupV2",
      summary: "Delete a group, as existing jobs do",
      description: `Deletes a group and its memberships; the people stay. ${confirmation}`,
      response: { 200: answered("The group is deleted.", endedMembershipsSchema), ...refused },
    },
    handler: async (request, reply) => {
      const { groupId } = request.params;
      const expectation = { expectedMembers: request.query.expectedMembers, checkVersion: () => {} };
      const membershipsRemoved = await deleteGroup(changeContext(dependencies, request.caller), groupId, expectation);
      return sendDocument(request, reply, "group", endedMembershipsSchema, { groupID: groupId, membershipsRemoved });
    },
  });
}
