import { z } from "zod";
import { MusterError } from "../../errors.ts";
import { listPending, type PendingItem } from "../../moderation/pending.ts";
import type { ItemKey } from "../../moderation/topics.ts";
import { line } from "../../reconcile/attempts/response-text.ts";
import { type ListForm, sendAll } from "../contract/lists.ts";
import { mediaTypeOf } from "../contract/negotiation.ts";
import { problemResponses } from "../contract/problems.ts";
import { sendDocument } from "../contract/replies.ts";
import { decideFor } from "../pending/routes.ts";
import { decidedItemSchema, deciderMembers, pendingFilterMembers, pendingParams } from "../pending/schemas.ts";
import type { App } from "../server/app-types.ts";
import { type HttpDependencies, moderationOf } from "../server/dependencies.ts";
import { createJsonParser, readText } from "../server/json.ts";
import type { Metrics } from "../server/metrics.ts";
import { byItemKey } from "../topics/schemas.ts";
import { keyQuery } from "./key-query.ts";
import { refuseUnsupported } from "./unsupported-parameters.ts";

const tags = ["Version 2"];

const text = z.string();
const fields = [
  "id",
  "type",
  "groupID",
  "groupName",
  "summary",
  "userID",
  "requestedBy",
  "createdAt",
  "age",
  "actions",
  "text",
] as const;
const feedItemSchema = z.object(
  Object.fromEntries(fields.map((field) => [field, text])) as Record<(typeof fields)[number], typeof text>,
);
type FeedItem = z.infer<typeof feedItemSchema>;
const feedPendingSchema = z.object({ pending: z.array(feedItemSchema) }).meta({
  id: "PendingV2",
  examples: [
    {
      pending: [
        {
          id: "0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2b",
          type: "membership",
          groupID: "CHESS",
          groupName: "Chess Club",
          summary: "Jane Doe asks to join Chess Club",
          userID: "17",
          requestedBy: "Jane Doe",
          createdAt: "2026-11-22T07:12:40.123000Z",
          age: "3600",
          actions: "approve;reject",
          text: "",
        },
      ],
    },
  ],
});

const feedItem = (item: PendingItem): FeedItem => ({
  id: item.id,
  type: item.type,
  groupID: item.groupId ?? "",
  groupName: item.groupName ?? "",
  summary: item.summary,
  userID: item.requestedBy.userId ?? "",
  requestedBy: item.requestedBy.name,
  createdAt: item.createdAt,
  age: String(item.age),
  actions: item.actions.join(";"),
  text: item.text ?? "",
});

async function* listCsv(pages: AsyncIterable<readonly PendingItem[]>): AsyncGenerator<string, void, undefined> {
  yield line(fields);
  for await (const items of pages) {
    yield items
      .map(feedItem)
      .map((item) => line(fields.map((field) => item[field])))
      .join("");
  }
}

const form: ListForm<PendingItem> = { list: "pending", item: "item", tell: feedItem, csv: listCsv };

/** The queue of what waits, for existing jobs. */
export function pendingV2Routes(app: App, dependencies: HttpDependencies, metrics: Metrics): void {
  app.route({
    method: "GET",
    url: "/pending",
    config: { usualFormat: "xml" },
    schema: {
      operationId: "listPendingV2",
      summary: "List what waits for a decision, as existing jobs do",
      description:
        "Everything that waits, the oldest first. In XML, or in JSON or CSV to who asks for that. Parameters that it does not " +
        "know are ignored.",
      tags,
      querystring: z.looseObject({
        ...keyQuery,
        ...pendingFilterMembers,
        groupID: z.string().min(1).max(100).normalize("NFC").optional().describe("Only items of this group."),
      }),
      response: {
        200: {
          description: "All that waits.",
          content: {
            "application/xml": { schema: feedPendingSchema },
            "application/json": { schema: feedPendingSchema },
            "text/csv": { schema: text },
          },
        },
      },
    },
    handler: async (request, reply) => {
      const { type, groupID: groupId } = request.query;
      const moderation = moderationOf(dependencies, request.caller);
      const read = async (after: ItemKey | undefined, limit: number) =>
        (await listPending(moderation, { type, groupId }, { after, limit })).items;
      return sendAll(request, reply, { ...byItemKey, read }, form);
    },
  });

  void app.register((scope, _options, ready) => {
    // Forms and JSON are read; whatever else comes along with a POST is not.
    scope.removeAllContentTypeParsers();
    const parseJson = createJsonParser(scope as App);
    scope.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: largestForm }, (request, payload, done) => {
      const { "content-type": contentType } = request.headers;
      const mediaType = mediaTypeOf(contentType);
      if (mediaType === "application/json") return parseJson(request, payload as Buffer, done);
      if (mediaType !== "application/x-www-form-urlencoded") return done(null, undefined);
      try {
        done(null, Object.fromEntries(new URLSearchParams(readText(payload as Buffer, contentType))));
      } catch (error) {
        done(error as Error);
      }
    });
    for (const outcome of ["approve", "reject"] as const) decisionRoute(scope as App, dependencies, metrics, outcome);
    ready();
  });
}

/** Largest form of a decision, in bytes. */
const largestForm = 64 * 1024;

function decisionRoute(
  app: App,
  dependencies: HttpDependencies,
  metrics: Metrics,
  outcome: "approve" | "reject",
): void {
  app.route({
    method: "POST",
    url: `/pending/:id/${outcome}`,
    config: { usualFormat: "xml" },
    schema: {
      operationId: `${outcome}PendingV2`,
      summary:
        outcome === "approve" ? "Approve what waits, as existing jobs do" : "Reject what waits, as existing jobs do",
      description:
        "As under /v1, whichever version there is. Send `decidedBy` and `reason` in the address, as a form or as JSON. A decision is " +
        "taken once: the second one is answered 409 with who decided, and what.",
      tags,
      params: pendingParams,
      querystring: z.looseObject({ ...keyQuery, ...deciderMembers }),
      response: {
        200: {
          description: "The item, decided.",
          content: {
            "application/xml": { schema: decidedItemSchema },
            "application/json": { schema: decidedItemSchema },
          },
        },
        ...problemResponses("not_found", "conflict", "plan_changed", "gone"),
      },
    },
    // Values of a form or of JSON count like parameters of the address.
    preValidation: async (request) => {
      const { body } = request as { readonly body: unknown };
      if (body === undefined) return;
      if (typeof body !== "object" || body === null || Array.isArray(body)) {
        throw new MusterError("request_invalid", 'The body is not a JSON object, such as {"decidedBy": "Kim Park"}.');
      }
      refuseUnsupported(body);
      Object.assign(request.query as object, body);
    },
    handler: async (request, reply) => {
      const { decidedBy, reason } = request.query;
      const wanted = { outcome, isExact: false, decidedBy, reason };
      const decided = await decideFor(dependencies, metrics, request.caller, request.params.id, wanted);
      return sendDocument(request, reply, "item", decidedItemSchema, decided as z.input<typeof decidedItemSchema>);
    },
  });
}
