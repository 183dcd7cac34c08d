import type { FastifyRequest } from "fastify";
import { MusterError } from "../../errors.ts";
import { notFound } from "../contract/errors.ts";
import type { App } from "./app-types.ts";

/** Answers a request that no route takes. */
export type AnswerUnknown = (request: FastifyRequest, reply: { header(name: string, value: string): unknown }) => never;

/**
 * Watches the routes as they are registered; call it before the first one.
 * @returns what answers a request that no route takes: 405 with `Allow` when another method would do, else 404
 */
export function watchRoutes(app: App): AnswerUnknown {
  const routes: { readonly pattern: RegExp; readonly method: string }[] = [];
  app.addHook("onRoute", ({ url, method }) => {
    for (const one of [method].flat()) routes.push({ pattern: toPattern(url), method: one });
  });
  return (request, reply) => {
    const path = request.url.split("?", 1)[0] ?? "";
    const methods = new Set(routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method));
    // A route that takes the method has looked for something, and it wasn't there.
    if (methods.size === 0 || methods.has(request.method)) throw notFound();
    const allowed = [...methods].sort().join(", ");
    reply.header("allow", allowed);
    throw new MusterError("method_not_allowed", `This address takes ${allowed}.`);
  };
}

function toPattern(url: string): RegExp {
  const parts = url.split("/").map((part) => {
    if (part === "*") return ".*";
    if (part.startsWith(":")) return "[^/]+";
    return part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("/")}$`);
}
