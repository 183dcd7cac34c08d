import {
  getRequest,
  listRequests,
  membershipRequestSchema,
  requestMembership,
  withdrawRequest,
} from "../../moderation/membership-requests.ts";
import type { ItemKey } from "../../moderation/topics.ts";
import { etag, ifMatchHeaders, ifMatchVersion } from "../contract/etags.ts";
import { readPage } from "../contract/lists.ts";
import { pageSchema } from "../contract/paging.ts";
import { problemResponses } from "../contract/problems.ts";
import { groupParams } from "../groups/schemas.ts";
import type { App } from "../server/app-types.ts";
import { type HttpDependencies, moderationOf } from "../server/dependencies.ts";
import { byItemKey, withdrawalSchema } from "../topics/schemas.ts";
import { newMembershipRequestSchema, requestFilter, requestParams } from "./schemas.ts";

const tags = ["Membership requests"];

/** Requests to join groups. */
export function membershipRequestRoutes(app: App, dependencies: HttpDependencies): void {
  writingRoutes(app, dependencies);

  app.route({
    method: "GET",
    url: "/groups/:groupId/membership-requests",
    schema: {
      operationId: "listMembershipRequests",
      summary: "List the requests to join a group",
      description:
        "Requests, the newest first. People see their own. People who decide in the group see all. Requests of an earlier " +
        "group with the same id are not listed.",
      tags,
      params: groupParams,
      querystring: requestFilter,
      response: {
        200: pageSchema(membershipRequestSchema).describe("A page of requests."),
        ...problemResponses("not_found"),
      },
    },
    handler: async (request) => {
      const { cursor, limit, status } = request.query;
      const moderation = moderationOf(dependencies, request.caller);
      const read = (after: ItemKey | undefined, most: number) =>
        listRequests(moderation, request.params.groupId, status, { after, limit: most });
      const { items, nextCursor } = await readPage({ ...byItemKey, read }, { cursor, limit });
      return { items: items.map((item) => membershipRequestSchema.parse(item)), nextCursor };
    },
  });

  app.route({
    method: "GET",
    url: "/membership-requests/:id",
    schema: {
      operationId: "getMembershipRequest",
      summary: "Get a request to join a group",
      description: "One request, with what was decided about it.",
      tags,
      params: requestParams,
      response: { 200: membershipRequestSchema.describe("The request."), ...problemResponses("not_found") },
    },
    handler: async (request, reply) => {
      const found = await getRequest(moderationOf(dependencies, request.caller), request.params.id);
      reply.header("etag", etag(found.version));
      return membershipRequestSchema.parse(found);
    },
  });
}

function writingRoutes(app: App, dependencies: HttpDependencies): void {
  app.route({
    method: "POST",
    url: "/groups/:groupId/membership-requests",
    schema: {
      operationId: "requestMembership",
      summary: "Ask to join a group",
      description:
        "A public group accepts everybody who may see it at once: the request is `approved`, and the person is a member. In a " +
        "private group the request waits for a decider. To people outside it, a secret group looks unknown.",
      tags,
      params: groupParams,
      body: newMembershipRequestSchema,
      response: {
        201: membershipRequestSchema.describe("The request; `status` tells whether it waits."),
        ...problemResponses("not_found", "conflict"),
      },
    },
    // The body may be missing: a person need not say anything.
    preValidation: async (request) => {
      request.body ??= {} as typeof request.body;
    },
    handler: async (request, reply) => {
      const moderation = moderationOf(dependencies, request.caller);
      const made = await requestMembership(moderation, request.params.groupId, request.body);
      reply.code(201).header("location", `/v1/membership-requests/${made.id}`);
      return membershipRequestSchema.parse(made);
    },
  });

  app.route({
    method: "POST",
    url: "/membership-requests/:id/withdraw",
    schema: {
      operationId: "withdrawMembershipRequest",
      summary: "Take back a request to join a group",
      description: "Who asked takes it back; an API key does so for them.",
      tags,
      params: requestParams,
      headers: ifMatchHeaders,
      body: withdrawalSchema,
      response: {
        200: membershipRequestSchema.describe("The request, withdrawn."),
        ...problemResponses("not_found", "conflict", "version_mismatch"),
      },
    },
    // The body may be missing: there is nothing that has to be said.
    preValidation: async (request) => {
      request.body ??= {};
    },
    handler: async (request) => {
      const version = ifMatchVersion(request.headers);
      const withdrawal = version === undefined ? request.body : { ...request.body, version };
      const moderation = moderationOf(dependencies, request.caller);
      return membershipRequestSchema.parse(await withdrawRequest(moderation, request.params.id, withdrawal));
    },
  });
}
