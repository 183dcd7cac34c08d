import type { FastifyContextConfig } from "fastify";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The route answers with a secret, which is never kept: it takes no Idempotency-Key. */
    answersSecret?: boolean;
    /** The route recognises repeats itself: it takes no Idempotency-Key. */
    recognisesRepeats?: boolean;
  }
}

/** Tells if a route takes an Idempotency-Key. */
export const takesIdempotencyKey = (method: string, config: FastifyContextConfig | undefined): boolean =>
  method === "POST" && !config?.answersSecret && !config?.recognisesRepeats;
