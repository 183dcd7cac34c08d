import { z } from "zod";
import { MusterError } from "../../errors.ts";
import { isKnown } from "../contract/etags.ts";
import type { App } from "./app-types.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The handler checks If-Match; `registerConditions` reads this from the schema of the headers. */
    checksIfMatch?: boolean;
  }
}

const reads: readonly string[] = ["GET", "HEAD", "OPTIONS"];

/**
 * Makes all routes of a scope honour conditions (RFC 9110, section 13). A read whose `ETag` the client has is answered
 * 304. A write that cannot check `If-Match` is refused, since it would change what the condition protects.
 */
export function registerConditions(app: App): void {
  app.addHook("onRoute", (route) => {
    const headers = route.schema?.headers;
    const checksIfMatch = headers instanceof z.ZodObject && "if-match" in headers.shape;
    route.config = { ...route.config, checksIfMatch };
  });
  app.addHook("preValidation", async ({ headers, method, routeOptions }) => {
    const condition = headers["if-match"]?.trim();
    if (condition === undefined || condition === "*" || reads.includes(method)) return;
    if (routeOptions.config.checksIfMatch) return;
    throw new MusterError(
      "version_mismatch",
      "This address has no ETag that If-Match could name. Nothing was changed. Send the request without If-Match.",
    );
  });
  app.addHook("onSend", async (request, reply, payload) => {
    const tag = reply.getHeader("etag");
    const isRead = request.method === "GET" || request.method === "HEAD";
    if (!isRead || reply.statusCode !== 200 || typeof tag !== "string") return payload;
    if (!isKnown(request.headers["if-none-match"], tag)) return payload;
    reply.code(304).removeHeader("content-type").removeHeader("content-length");
    return null;
  });
}
