import {
  getTopic,
  type ItemKey,
  listTopics,
  submitTopic,
  topicSchema,
  withdrawTopic,
} from "../../moderation/topics.ts";
import { etag, ifMatchHeaders, ifMatchVersion } from "../contract/etags.ts";
import { readPage } from "../contract/lists.ts";
import { pageSchema } from "../contract/paging.ts";
import { problemResponses } from "../contract/problems.ts";
import { groupParams } from "../groups/schemas.ts";
import type { App } from "../server/app-types.ts";
import { type HttpDependencies, moderationOf } from "../server/dependencies.ts";
import { byItemKey, newTopicSchema, topicFilter, topicParams, withdrawalSchema } from "./schemas.ts";

const tags = ["Topics"];

/** Topics of groups. */
export function topicRoutes(app: App, dependencies: HttpDependencies): void {
  writingRoutes(app, dependencies);

  app.route({
    method: "GET",
    url: "/groups/:groupId/topics",
    schema: {
      operationId: "listTopics",
      summary: "List the topics of a group",
      description:
        "Topics, the newest first. People see published topics and their own. People who decide in the group see all. Topics " +
        "of an earlier group with the same id are not listed.",
      tags,
      params: groupParams,
      querystring: topicFilter,
      response: { 200: pageSchema(topicSchema).describe("A page of topics."), ...problemResponses("not_found") },
    },
    handler: async (request) => {
      const { cursor, limit, status } = request.query;
      const moderation = moderationOf(dependencies, request.caller);
      const read = (after: ItemKey | undefined, most: number) =>
        listTopics(moderation, request.params.groupId, status, { after, limit: most });
      const { items, nextCursor } = await readPage({ ...byItemKey, read }, { cursor, limit });
      return { items: items.map((item) => topicSchema.parse(item)), nextCursor };
    },
  });

  app.route({
    method: "GET",
    url: "/topics/:id",
    schema: {
      operationId: "getTopic",
      summary: "Get a topic",
      description: "One topic, with what was decided about it.",
      tags,
      params: topicParams,
      response: { 200: topicSchema.describe("The topic."), ...problemResponses("not_found") },
    },
    handler: async (request, reply) => {
      const topic = await getTopic(moderationOf(dependencies, request.caller), request.params.id);
      reply.header("etag", etag(topic.version));
      return topicSchema.parse(topic);
    },
  });
}

function writingRoutes(app: App, dependencies: HttpDependencies): void {
  app.route({
    method: "POST",
    url: "/groups/:groupId/topics",
    schema: {
      operationId: "submitTopic",
      summary: "Submit a topic to a group",
      description:
        "Administrators and authorized senders publish at once; so do members of a group of type 1 without post approval. " +
        "Other members' topics wait for those who decide in the group. Who does not belong to it submits nothing. Publishing " +
        "puts the topic into the change feed; sending it is the business of who follows that.",
      tags,
      params: groupParams,
      body: newTopicSchema,
      response: {
        201: topicSchema.describe("The topic; `status` tells whether it waits."),
        ...problemResponses("not_found"),
      },
    },
    handler: async (request, reply) => {
      const moderation = moderationOf(dependencies, request.caller);
      const topic = await submitTopic(moderation, request.params.groupId, request.body);
      reply.code(201).header("location", `/v1/topics/${topic.id}`);
      return topicSchema.parse(topic);
    },
  });

  app.route({
    method: "POST",
    url: "/topics/:id/withdraw",
    schema: {
      operationId: "withdrawTopic",
      summary: "Withdraw a topic that waits",
      description: "Its author withdraws it, or who administers the group; an API key does so for them.",
      tags,
      params: topicParams,
      headers: ifMatchHeaders,
      body: withdrawalSchema,
      response: {
        200: topicSchema.describe("The topic, withdrawn."),
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
      const topic = await withdrawTopic(moderationOf(dependencies, request.caller), request.params.id, withdrawal);
      return topicSchema.parse(topic);
    },
  });
}
