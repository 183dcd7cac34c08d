import { timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { MusterError } from "../../errors.ts";
import { hashKey } from "../../organizations/api-keys.ts";
import type { Admission } from "../callers/admission.ts";
import { keysInHeader } from "../callers/authentication.ts";
import { operatorAddresses } from "../contract/access.ts";
import { notFound } from "../contract/errors.ts";
import type { App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";

/**
 * Makes every address of the scope need the operator's key, as `Authorization: Bearer KEY` or as user name or password
 * of HTTP Basic. No organization's key opens one. Where no operator's key is set, the addresses are not there.
 * @param admission keeps out who tries keys
 */
export function registerOperatorAuthentication(app: App, { operator }: HttpDependencies, admission: Admission): void {
  app.addHook("onRoute", (route) => {
    const name = `${route.method === "HEAD" ? "GET" : String(route.method)} ${route.url}`;
    if (!operatorAddresses.includes(name)) throw new Error(`${name} is not in the table of the operator.`);
    route.schema = { ...route.schema, security: [{ operator: [] }, { operatorBasic: [] }] };
  });

  app.addHook("onRequest", async (request) => {
    if (operator === undefined) throw notFound();
    admission.requireFewFailures(request);
    const keys = keysOf(request);
    // Hashes have one length, so that the comparison tells nothing about the key, its length neither.
    if (keys.some((key) => timingSafeEqual(hashKey(key), operator.keyHash))) return admission.noteValid(request);
    throw new MusterError("unauthenticated", "That is not the operator's key. It is the one in MUSTER_OPERATOR_KEY.");
  });
}

function keysOf({ headers: { authorization } }: FastifyRequest): readonly string[] {
  if (authorization !== undefined) return keysInHeader(authorization);
  throw new MusterError(
    "unauthenticated",
    "Send the operator's key: Authorization: Bearer KEY, or HTTP Basic with the key as user name.",
  );
}
