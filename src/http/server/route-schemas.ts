import type { RouteOptions } from "fastify";
import { z } from "zod";
import type { ProblemCode } from "../../errors.ts";
import { takesIdempotencyKey } from "../contract/idempotency-key.ts";
import { problemResponses } from "../contract/problems.ts";
import type { App } from "./app-types.ts";

const writes: readonly string[] = ["POST", "PUT", "PATCH", "DELETE"];

interface RouteSchema {
  querystring?: unknown;
  params?: unknown;
  body?: unknown;
  response?: Record<string, unknown>;
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: readonly string[];
}

/**
 * Completes the schemas of a scope's routes, and refuses to start with one that is not as it has to be: documented, and
 * strict about what it takes. A route without a querystring schema takes no parameters. The problems that every route
 * can answer with are added to those it names.
 * @param options.ignoresParameters whether query parameters that a route doesn't know are ignored
 * @param options.isOperators whether the operator's key opens the routes: it may do all of them, or they are not there
 */
export function completeSchemas(
  app: App,
  options: { readonly ignoresParameters?: boolean; readonly isOperators?: boolean } = {},
): void {
  const strictParts = (["querystring", "params", "body"] as const).filter(
    (part) => part !== "querystring" || !options.ignoresParameters,
  );
  app.addHook("onRoute", (route) => {
    const schema = (route.schema ?? {}) as RouteSchema;
    const name = `${String(route.method)} ${route.url}`;
    for (const part of ["operationId", "summary", "description", "tags", "response"] as const) {
      if (schema[part] === undefined) throw new Error(`${name} has no ${part} in its schema.`);
    }
    schema.querystring ??= z.strictObject({});
    for (const part of strictParts) {
      if (schema[part] !== undefined && !isStrict(schema[part])) {
        throw new Error(`${name} takes unknown members: make its ${part} a z.strictObject.`);
      }
    }
    schema.response = withGeneralProblems(schema.response ?? {}, generalProblems(route, schema, options));
    route.schema = schema as NonNullable<typeof route.schema>;
  });
}

function isStrict(schema: unknown): boolean {
  return schema instanceof z.ZodObject && schema.def.catchall instanceof z.ZodNever;
}

function generalProblems(
  { method, config }: RouteOptions,
  { body }: RouteSchema,
  { isOperators = false }: { readonly isOperators?: boolean },
): ProblemCode[] {
  const always: ProblemCode[] = [
    "request_invalid",
    "unauthenticated",
    isOperators ? "not_found" : "forbidden",
    "too_many_requests",
  ];
  const withBody: ProblemCode[] = ["request_timeout", "body_too_large", "media_type_unsupported"];
  const written: ProblemCode[] = ["organization_busy", "version_mismatch", "clock_implausible", "storage_full"];
  return [
    ...always,
    ...(body === undefined ? [] : withBody),
    ...(takesIdempotencyKey(String(method), config)
      ? (["conflict", "idempotency_key_reused", "answer_lost"] as const)
      : []),
    "internal",
    ...(writes.includes(String(method)) ? written : []),
    "database_unavailable",
    "issuer_unavailable",
    "shutting_down",
  ];
}

interface Described {
  readonly description?: string;
  readonly content?: unknown;
}

/** A status that the route describes already gets the general problems' lines after its own. */
function withGeneralProblems(own: Record<string, unknown>, codes: readonly ProblemCode[]): Record<string, unknown> {
  const general = problemResponses(...codes) as Record<string, Described>;
  const responses: Record<string, unknown> = { ...own };
  for (const [status, response] of Object.entries(general)) {
    const described = own[status] as Described | undefined;
    const lines = [...(described?.description?.split("\n\n") ?? []), ...(response.description?.split("\n\n") ?? [])];
    responses[status] = { ...response, description: [...new Set(lines)].join("\n\n") };
  }
  return responses;
}
