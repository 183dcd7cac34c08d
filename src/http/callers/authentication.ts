import type { FastifyRequest } from "fastify";
import { MusterError } from "../../errors.ts";
import { type Authenticate, createAuthentication } from "../../organizations/authenticate-key.ts";
import { type AccessRule, accessRule, mayUse } from "../contract/access.ts";
import type { App } from "../server/app-types.ts";
import type { Authentication, Caller, HttpDependencies } from "../server/dependencies.ts";
import { requireAllowedAddress } from "./addresses.ts";
import type { Admission } from "./admission.ts";
import { requirePerson } from "./people-access.ts";
import { requireOwnPage } from "./same-origin.ts";
import { bySession } from "./session-caller.ts";
import { byToken } from "./token-caller.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The rule of the route; `registerAuthentication` takes it from the access table. */
    access?: AccessRule;
  }
  interface FastifyRequest {
    /**
     * Makes sure that the caller may still do this: a body may take hours to arrive, and a key may be revoked
     * or a role taken away meanwhile.
     * @throws MusterError as at the beginning of the request
     */
    requireStill: () => Promise<void>;
  }
}

const longestKey = 400;

/**
 * Makes every address of the scope need somebody whom the access table names: an API key, as `Authorization: Bearer KEY` or
 * as user name or password of HTTP Basic, or a person who signed in. They are checked before any of the body is read.
 * @param admission counts the requests
 * @param options.keyInQuery true if the address may contain the key, as `api_key`; such a scope is for keys alone
 */
export function registerAuthentication(
  app: App,
  dependencies: HttpDependencies,
  admission: Admission,
  options: { readonly keyInQuery?: boolean } = {},
): void {
  const byKey = byApiKey(
    createAuthentication(dependencies.database, dependencies.clock, dependencies.knownKeys),
    options,
  );
  // The first that the request uses counts; the last one knows what to say to those who use none.
  const ways: readonly Authentication[] = options.keyInQuery
    ? [byKey]
    : [byToken(dependencies), bySession(dependencies), byKey];
  app.decorateRequest("caller", null as unknown as Caller);
  const requireAccess = async (request: FastifyRequest, caller: Caller) => {
    const { access } = request.routeOptions.config;
    if (access === undefined) return;
    if (caller.userId === null) requireService(caller, access);
    else await requirePerson(dependencies.database, request, access.people);
  };
  app.decorateRequest("requireStill", async function (this: FastifyRequest) {
    this.caller = await authenticate(ways, this);
    await requireAccess(this, this.caller);
  });

  app.addHook("onRoute", (route) => {
    const method = route.method === "HEAD" ? "GET" : String(route.method);
    const rule = accessRule(method, route.url);
    if (rule === undefined) throw new Error(`${method} ${route.url} is not in the access table.`);
    route.config = { ...route.config, access: rule };
  });

  app.addHook("onRequest", async (request, reply) => {
    admission.requireFewFailures(request);
    request.caller = await authenticate(ways, request);
    admission.admit(request, reply, request.caller);
    // Only now, so that it counts as a request of the person's.
    if (request.caller.sessionId !== null) requireOwnPage(request, dependencies.publicUrl);
    await requireAccess(request, request.caller);
  });
}

async function authenticate(ways: readonly Authentication[], request: FastifyRequest): Promise<Caller> {
  for (const way of ways) {
    const caller = await way(request);
    if (caller !== undefined) return caller;
  }
  throw new MusterError("unauthenticated", "Send an API key: Authorization: Bearer KEY.");
}

function requireService(caller: Caller, { services }: AccessRule): void {
  if (mayUse(caller.services, services)) return;
  if (services.length === 0) {
    throw new MusterError("forbidden", "This address is for people who signed in, not for API keys.");
  }
  const wanted = [...services, ...(services.includes("admin") ? [] : ["admin" as const])].join(" or ");
  throw new MusterError("forbidden", `The key needs the service ${wanted}; it has: ${caller.services.join(", ")}.`);
}

function byApiKey(findHolder: Authenticate, options: { readonly keyInQuery?: boolean }): Authentication {
  return async (request) => {
    for (const key of keysOf(request, options)) {
      const holder = await findHolder(key);
      if (holder !== undefined) {
        requireAllowedAddress(holder.allowedAddresses, request);
        const { organizationId, apiKeyId, name, services, source } = holder;
        return {
          organizationId,
          callerId: apiKeyId,
          actor: `api-key:${name}`,
          services,
          source,
          userId: null,
          isNetworkAdministrator: false,
          sessionId: null,
        };
      }
    }
    throw new MusterError(
      "unauthenticated",
      "The API key is unknown, revoked or expired. Ask an administrator for a valid one.",
    );
  };
}

/** The keys that a request can mean, the likelier first. */
function keysOf(request: FastifyRequest, { keyInQuery = false }: { readonly keyInQuery?: boolean }): string[] {
  const header = request.headers.authorization;
  const { api_key: inQuery } = keyInQuery ? (request.query as { readonly api_key?: unknown }) : {};
  if (header === undefined && inQuery === undefined) {
    const places = keyInQuery ? "?api_key=KEY, " : "";
    throw new MusterError(
      "unauthenticated",
      `Send an API key: ${places}Authorization: Bearer KEY, or HTTP Basic with the key as user name.`,
    );
  }
  const keys = [inQuery].flat().filter((key) => typeof key === "string" && key !== "" && key.length <= longestKey);
  // A + that was not written as %2B arrives as a space, which no key contains.
  const [key] = keys as string[];
  return [
    ...(key === undefined ? [] : [key.replaceAll(" ", "+")]),
    ...(header === undefined ? [] : keysInHeader(header)),
  ];
}

/** The keys that an Authorization header can mean: of Basic the password, then the user name. */
export function keysInHeader(header: string): string[] {
  const [, scheme, credentials] = /^(Bearer|Basic) +([A-Za-z0-9._~+/=-]+) *$/i.exec(header) ?? [];
  if (scheme === undefined || credentials === undefined) return [];
  if (scheme.toLowerCase() === "bearer") return credentials.length <= longestKey ? [credentials] : [];
  const pair = Buffer.from(credentials, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  const parts = colon === -1 ? [pair] : [pair.slice(colon + 1), pair.slice(0, colon)];
  return parts.filter((part) => part !== "" && part.length <= longestKey);
}
