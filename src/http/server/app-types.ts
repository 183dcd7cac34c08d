import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { Caller } from "./dependencies.ts";

/** The application as routes see it: Fastify whose schemas are zod's. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** Any request and any reply, for helpers that don't care about the route. */
export type AnyRequest = FastifyRequest;
export type AnyReply = FastifyReply;

declare module "fastify" {
  interface FastifyRequest {
    /** The caller; set on every address under /v1 before the handler runs. */
    caller: Caller;
  }
}
