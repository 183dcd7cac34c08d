import { z } from "zod";
import { editMembers, membersEditedSchema } from "../../directory/edit-members.ts";
import { getMember, listMembers, memberSchema, putMember, removeMember } from "../../directory/members.ts";
import { cutFollowablePage, followablePageSchema, startPage } from "../changes/followable.ts";
import { problemResponses } from "../contract/problems.ts";
import type { App } from "../server/app-types.ts";
import { changeContext, type HttpDependencies, memberAuthority } from "../server/dependencies.ts";
import { memberFilter, memberParams, membersEditSchema, mostMembers, newMemberSchema } from "./member-schemas.ts";
import { groupParams } from "./schemas.ts";

const tags = ["Groups"];

/** Largest list of people who come and leave, in bytes. */
const largestEdit = 16 * 1024 * 1024;

/** Routes of the members of a group. */
export function memberRoutes(app: App, dependencies: HttpDependencies): void {
  readingRoutes(app, dependencies);
  singleRoutes(app, dependencies);

  app.route({
    method: "POST",
    url: "/groups/:groupId/members",
    bodyLimit: largestEdit,
    schema: {
      operationId: "editMembers",
      summary: "Add and remove many members",
      description:
        `Up to ${mostMembers.toLocaleString("en-US")} people who come and as many who leave, at once. An item that cannot be ` +
        "applied is left out and listed in `errors`, all others are applied. What holds of a single member holds of each.",
      tags,
      params: groupParams,
      body: membersEditSchema,
      response: {
        200: membersEditedSchema.describe("What became of it. Look at `errors`."),
        ...problemResponses("not_found"),
      },
    },
    handler: async (request) => {
      const context = changeContext(dependencies, request.caller);
      const { errors, ...counts } = await editMembers(
        context,
        request.params.groupId,
        request.body,
        memberAuthority(request.caller),
      );
      return { ...counts, errors: [...errors] };
    },
  });
}

function readingRoutes(app: App, { database }: HttpDependencies): void {
  app.route({
    method: "GET",
    url: "/groups/:groupId/members",
    schema: {
      operationId: "listMembers",
      summary: "List the members of a group",
      description:
        "Members in the order of their ids. A person who stays in the group appears exactly once, even if others join " +
        "or leave between two pages.",
      tags,
      params: groupParams,
      querystring: memberFilter,
      response: {
        200: followablePageSchema(memberSchema).describe("A page of members."),
        ...problemResponses("not_found"),
      },
    },
    handler: async (request) => {
      const { cursor, limit } = request.query;
      const { organizationId } = request.caller;
      const { after, position } = await startPage(database, organizationId, cursor, z.int().nonnegative());
      const rows = await listMembers(database, organizationId, request.params.groupId, { after, limit });
      const { items, ...cursors } = cutFollowablePage(rows, limit, position, ({ userId }) => Number(userId));
      return { items: [...items], ...cursors };
    },
  });

  app.route({
    method: "GET",
    url: "/groups/:groupId/members/:userId",
    schema: {
      operationId: "getMember",
      summary: "Get a member of a group",
      description: "One membership.",
      tags,
      params: memberParams,
      response: { 200: memberSchema.describe("The membership."), ...problemResponses("not_found") },
    },
    handler: async ({ caller, params }) => getMember(database, caller.organizationId, params.groupId, params.userId),
  });
}

function singleRoutes(app: App, dependencies: HttpDependencies): void {
  app.route({
    method: "PUT",
    url: "/groups/:groupId/members/:userId",
    schema: {
      operationId: "putMember",
      summary: "Make somebody a member",
      description:
        "Puts a person into a group, or gives a member another role. Both are manual from then on, and imports leave them " +
        "alone. Repeating it changes nothing. To make a network administrator takes the service admin, or one who is it; " +
        "administrators of the group do not change them either.",
      tags,
      params: memberParams,
      body: newMemberSchema,
      response: {
        200: memberSchema.describe("The person was a member already, and has this role."),
        201: memberSchema.describe("The person is a member now."),
        ...problemResponses("not_found"),
      },
    },
    // The body may be missing. Then the role stays as it is.
    preValidation: async (request) => {
      request.body ??= {};
    },
    handler: async (request, reply) => {
      const { groupId, userId } = request.params;
      const context = changeContext(dependencies, request.caller);
      const { member, isNew } = await putMember(
        context,
        groupId,
        userId,
        request.body.role,
        memberAuthority(request.caller),
      );
      if (isNew) reply.code(201).header("location", `/v1/groups/${encodeURIComponent(groupId)}/members/${userId}`);
      return member;
    },
  });

  app.route({
    method: "DELETE",
    url: "/groups/:groupId/members/:userId",
    schema: {
      operationId: "removeMember",
      summary: "End a membership",
      description:
        "Takes a person out of a group, with all claims to the membership. An import that names the group for the person puts them " +
        "there again.",
      tags,
      params: memberParams,
      response: { 204: z.undefined().describe("The membership is ended."), ...problemResponses("not_found") },
    },
    handler: async (request, reply) => {
      const { groupId, userId } = request.params;
      await removeMember(changeContext(dependencies, request.caller), groupId, userId, memberAuthority(request.caller));
      return reply.code(204).send();
    },
  });
}
