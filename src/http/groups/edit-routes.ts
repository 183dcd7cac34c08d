import { z } from "zod";
import { deleteGroup, ownProperties, purgeGroup, updateGroup } from "../../directory/edit-groups.ts";
import { groupWithMembersSchema } from "../../directory/group-document.ts";
import { checkIfMatch, etag, ifMatchHeaders } from "../contract/etags.ts";
import { problemResponses } from "../contract/problems.ts";
import type { App } from "../server/app-types.ts";
import { changeContext, type HttpDependencies, memberAuthority } from "../server/dependencies.ts";
import { mergePatchTypes, withMergePatches } from "../server/json.ts";
import { groupDeletion, groupParams, groupPatchSchema, groupPurgeSchema, purgedGroupSchema } from "./schemas.ts";

const tags = ["Groups"];
const confirmation =
  "A group with 1,000 members and more, a protected one and one for emergency alerts (category 12) is taken apart only " +
  "if `expectedMembers` names how many it has; a number that is wrong is refused for any group.";

/** Changing, emptying and deleting groups. */
export function groupEditRoutes(app: App, dependencies: HttpDependencies): void {
  withMergePatches(app, (scope) => updateRoute(scope, dependencies));

  app.route({
    method: "DELETE",
    url: "/groups/:groupId",
    schema: {
      operationId: "deleteGroup",
      summary: "Delete a group",
      description:
        "Deletes a group and ends its memberships, with all claims to them. People stay, groups below it lose their parent, " +
        `and locations lose it. ${confirmation}`,
      tags,
      params: groupParams,
      querystring: groupDeletion,
      headers: ifMatchHeaders,
      response: {
        204: z.undefined().describe("The group is deleted."),
        ...problemResponses("not_found", "conflict", "version_mismatch"),
      },
    },
    handler: async (request, reply) => {
      const { expectedMembers } = request.query;
      const expectation = { expectedMembers, checkVersion: checkIfMatch(request.headers) };
      await deleteGroup(changeContext(dependencies, request.caller), request.params.groupId, expectation);
      return reply.code(204).send();
    },
  });

  app.route({
    method: "POST",
    url: "/groups/:groupId/purge",
    schema: {
      operationId: "purgeGroup",
      summary: "Empty a group",
      description:
        "Ends every membership of a group, with all claims to it; the group and the people stay. An import that names the " +
        `group puts people into it again. Emptying an empty group does nothing. ${confirmation}`,
      tags,
      params: groupParams,
      headers: ifMatchHeaders,
      body: groupPurgeSchema,
      response: {
        200: purgedGroupSchema.describe("The group is empty."),
        ...problemResponses("not_found", "conflict", "version_mismatch"),
      },
    },
    // The body may be missing: there is nothing that has to be said.
    preValidation: async (request) => {
      request.body ??= {};
    },
    handler: async (request) => {
      const { groupId } = request.params;
      const expectation = {
        expectedMembers: request.body.expectedMembers,
        checkVersion: checkIfMatch(request.headers),
      };
      const context = changeContext(dependencies, request.caller);
      return { groupId, membershipsRemoved: await purgeGroup(context, groupId, expectation) };
    },
  });
}

function updateRoute(app: App, dependencies: HttpDependencies): void {
  app.route({
    method: "PATCH",
    url: "/groups/:groupId",
    schema: {
      operationId: "updateGroup",
      summary: "Change a group",
      description:
        "A JSON merge patch (RFC 7396): what is absent stays. A group keeps its id and its name. Who is there already does " +
        "not join a group that becomes a default one, nor leave one that ceases to be. A patch that changes nothing is no " +
        `change: the version stays. Administrators of the group change ${ownProperties.join(", ")}.`,
      tags,
      consumes: mergePatchTypes,
      params: groupParams,
      headers: ifMatchHeaders,
      body: groupPatchSchema,
      response: {
        200: groupWithMembersSchema.describe("The group, changed."),
        ...problemResponses("not_found", "version_mismatch"),
      },
    },
    handler: async (request, reply) => {
      const context = changeContext(dependencies, request.caller);
      const { groupId } = request.params;
      const isLimited = memberAuthority(request.caller) === "group";
      const group = await updateGroup(
        context,
        groupId,
        request.body,
        checkIfMatch(request.headers),
        isLimited ? (request.caller.userId ?? undefined) : undefined,
      );
      reply.header("etag", etag(group.version));
      return group;
    },
  });
}
