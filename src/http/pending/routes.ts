import { type DecidedItem, type DecisionRequest, decide } from "../../moderation/decide.ts";
import { listPending } from "../../moderation/pending.ts";
import { explain } from "../contract/errors.ts";
import { cutPage, decodeCursor } from "../contract/paging.ts";
import { problemDetails, problemResponses } from "../contract/problems.ts";
import type { AnyRequest, App } from "../server/app-types.ts";
import { type Caller, type HttpDependencies, moderationOf } from "../server/dependencies.ts";
import type { Metrics } from "../server/metrics.ts";
import { byItemKey } from "../topics/schemas.ts";
import {
  decidedItemSchema,
  decidedItemsSchema,
  mostDecisions,
  pendingDecisionSchema,
  pendingDecisionsSchema,
  pendingFilter,
  pendingPageSchema,
  pendingParams,
} from "./schemas.ts";

const tags = ["Pending"];

/** The queue of whatever waits for a decision. */
export function pendingRoutes(app: App, dependencies: HttpDependencies, metrics: Metrics): void {
  app.route({
    method: "GET",
    url: "/pending",
    schema: {
      operationId: "listPending",
      summary: "List what waits for a decision",
      description:
        "Topics, requests to join groups, and held imports, the oldest first. People see what they may decide about and what " +
        "they asked for themselves; held imports are for network administrators. API keys see all.",
      tags,
      querystring: pendingFilter,
      response: { 200: pendingPageSchema.describe("A page of the queue.") },
    },
    handler: async (request) => {
      const { cursor, limit, ...filter } = request.query;
      const after = decodeCursor(cursor, byItemKey.keyShape);
      const moderation = moderationOf(dependencies, request.caller);
      const { items: rows, counts } = await listPending(moderation, filter, { after, limit });
      const { items, nextCursor } = cutPage(rows, limit, byItemKey.keyOf);
      return pendingPageSchema.parse({ items, nextCursor, counts });
    },
  });

  for (const outcome of ["approve", "reject"] as const) decisionRoute(app, dependencies, metrics, outcome);
  decisionsRoute(app, dependencies, metrics);
}

const texts = {
  approve: {
    operationId: "approvePending",
    summary: "Approve what waits",
    description:
      "Publishes a topic, makes who asked a member, or applies a held import: exactly the plan of that hash. A decision is " +
      "taken once: the second one is answered 409 with who decided, and what. A topic whose `publishBefore` has passed " +
      "expires instead (409). A key that may import approves no import.",
  },
  reject: {
    operationId: "rejectPending",
    summary: "Reject what waits",
    description:
      "Rejects a topic, which takes a reason, or a request to join a group; discards what waits of a held import. A decision " +
      "is taken once: the second one is answered 409 with who decided, and what.",
  },
} as const;

const refusals = ["not_found", "conflict", "version_mismatch", "plan_changed", "gone"] as const;

function decisionRoute(
  app: App,
  dependencies: HttpDependencies,
  metrics: Metrics,
  outcome: DecisionRequest["outcome"],
): void {
  app.route({
    method: "POST",
    url: `/pending/:id/${outcome}`,
    schema: {
      ...texts[outcome],
      tags,
      params: pendingParams,
      body: pendingDecisionSchema,
      response: { 200: decidedItemSchema.describe("The item, decided."), ...problemResponses(...refusals) },
    },
    handler: async (request) => {
      const wanted = { outcome, isExact: true, ...request.body };
      return decidedItemSchema.parse(await decideFor(dependencies, metrics, request.caller, request.params.id, wanted));
    },
  });
}

/** Decides for the caller of a request. */
export async function decideFor(
  dependencies: HttpDependencies,
  metrics: Metrics,
  caller: Caller,
  id: string,
  wanted: DecisionRequest,
): Promise<DecidedItem> {
  const decided = await decide({ ...moderationOf(dependencies, caller), imports: dependencies }, id, wanted);
  const resource = decided.import;
  if (resource?.status === "applied") metrics.importDone(resource.kind, resource.status, resource.counts);
  return decided;
}

function decisionsRoute(app: App, dependencies: HttpDependencies, metrics: Metrics): void {
  app.route({
    method: "POST",
    url: "/pending/decisions",
    schema: {
      operationId: "decidePending",
      summary: "Decide about many items",
      description:
        `Up to ${mostDecisions} decisions, one after the other, each answered by itself: one that is refused is no obstacle to ` +
        "the others. Held imports among them take their time.",
      tags,
      body: pendingDecisionsSchema,
      response: { 200: decidedItemsSchema.describe("What became of each, in the order of the request.") },
    },
    handler: async (request) => {
      const items = [];
      for (const { id, action, ...wanted } of request.body.items) {
        items.push({
          id,
          ...(await answerOne(dependencies, metrics, request, id, { outcome: action, isExact: true, ...wanted })),
        });
      }
      return decidedItemsSchema.parse({ items });
    },
  });
}

async function answerOne(
  dependencies: HttpDependencies,
  metrics: Metrics,
  request: AnyRequest,
  id: string,
  wanted: DecisionRequest,
) {
  try {
    return { status: 200, decided: await decideFor(dependencies, metrics, request.caller, id, wanted), problem: null };
  } catch (error) {
    const { code, detail, place } = explain(error, { takes: "application/json", bodyLimit: 0 });
    if (code === "internal") request.log.error({ err: error }, "a decision failed through a fault of the service");
    const problem = problemDetails(code, detail, request.id, place);
    return { status: problem.status, decided: null, problem };
  }
}
