import { crc32 } from "node:zlib";
import { z } from "zod";
import type { FeedRequest } from "../../changes/feed-request.ts";
import { followFeed } from "../../changes/follow.ts";
import { MusterError } from "../../errors.ts";
import { requireImportOf } from "../../reconcile/attempts/own-imports.ts";
import { ifNoneMatchHeaders, isKnown } from "../contract/etags.ts";
import { chooseFormat } from "../contract/negotiation.ts";
import { problemResponses } from "../contract/problems.ts";
import type { AnyReply, App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";
import { fromChangesCursor, toChangesCursor } from "./cursor.ts";
import { type FeedFormat, feedFormats, feedFrames, feedMediaTypes, writePage } from "./page.ts";
import { changesQuery, feedSchema } from "./schemas.ts";

/** The change feed. */
export function changeRoutes(app: App, { database, changeSignal }: HttpDependencies): void {
  app.route({
    method: "GET",
    url: "/changes",
    config: { waits: true },
    schema: {
      operationId: "listChanges",
      summary: "Follow changes",
      description:
        "Returns changes in the order of their commits, deletions included. A client that sends `cursor` back misses " +
        "nothing and gets nothing twice. Sending `until` back as `since` works too: the windows `(since, until]` " +
        "tile. A page can be empty although `hasMore` is true, when a filter finds little: go on with its cursor.",
      tags: ["Changes"],
      querystring: changesQuery,
      headers: ifNoneMatchHeaders,
      response: {
        200: {
          description: "A page of changes.",
          content: {
            "application/json": { schema: feedSchema },
            "application/xml": { schema: feedSchema },
            "application/x-ndjson": { schema: feedSchema },
          },
        },
        304: z.undefined().describe("The same as the page that `If-None-Match` names: nothing new."),
        ...problemResponses("resync_required", "source_unknown", "not_found"),
      },
    },
    handler: async (request, reply) => {
      const { cursor, since, importId, wait } = request.query;
      if (cursor !== undefined && since !== undefined) {
        throw new MusterError("request_invalid", "Send cursor or since, not both.", {
          field: "since",
          errors: [{ field: "since", message: "cannot be sent together with cursor" }],
        });
      }
      const { organizationId, source } = request.caller;
      if (importId !== undefined) await requireImportOf(database, organizationId, importId, source);
      const format = chooseFormat(request.headers, feedFormats) as FeedFormat;
      const wanted = feedRequest(request.query, format);
      const patience = wait > 0 ? { wait: wait * 1000, gone: whenGone(reply) } : undefined;
      const page = await followFeed(database, changeSignal, organizationId, wanted, patience);
      const body = writePage(page, format);
      // Of one address, an answer that ends at the same place differs only by what it holds: a sum is enough.
      const tag = `"${toChangesCursor(page.position)}-${crc32(body).toString(16)}"`;
      reply.header("etag", tag).header("vary", "accept");
      if (isKnown(request.headers["if-none-match"], tag)) return reply.code(304).send();
      return reply.header("content-type", feedMediaTypes[format]).send(body as never);
    },
  });
}

/** Builds the request to the feed from the parameters of the address. */
function feedRequest(query: z.output<typeof changesQuery>, format: FeedFormat): FeedRequest {
  const { cursor, since, until, latest, limit } = query;
  return {
    after: fromChangesCursor(cursor),
    since,
    until,
    limit,
    latest: latest === "true",
    filter: {
      types: query.type,
      groupId: query.groupId,
      origins: query.origin,
      excludeSources: query.excludeSource,
      excludeActors: query.excludeActor,
      importId: query.importId,
    },
    frame: feedFrames[format],
  };
}

/** Aborted when the client goes away before it was answered. */
function whenGone(reply: AnyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  return gone.signal;
}
