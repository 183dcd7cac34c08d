import type { FastifyRequest } from "fastify";
import { MusterError } from "../errors.ts";
import { type Authenticate, createAuthentication, type Service } from "../organizations/api-keys.ts";
import { mayUse, servicesFor } from "./access.ts";
import type { App } from "./app-types.ts";
import type { Caller, HttpDependencies } from "./dependencies.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The services that open the route; `registerAuthentication` takes them from the access table. */
    services?: readonly Service[];
  }
}

const longestKey = 400;

/**
 * Makes every address of the scope need an API key, as `Authorization: Bearer KEY` or as user name or password of HTTP
 * Basic, that has one of the services which the access table names. The key is checked before any of the body is read.
 * @param options.keyInQuery whether the key may stand in the address, as `api_key`, too
 */
export function registerAuthentication(
  app: App,
  dependencies: HttpDependencies,
  options: { readonly keyInQuery?: boolean } = {},
): void {
  const authenticate = createAuthentication(dependencies.database, dependencies.clock);
  app.decorateRequest("caller", null as unknown as Caller);

  app.addHook("onRoute", (route) => {
    const method = route.method === "HEAD" ? "GET" : String(route.method);
    const services = servicesFor(method, route.url);
    if (services === undefined) throw new Error(`${method} ${route.url} does not stand in the access table.`);
    route.config = { ...route.config, services };
  });

  app.addHook("onRequest", async (request) => {
    request.caller = await findCaller(authenticate, keysOf(request, options));
    const { services } = request.routeOptions.config;
    if (services !== undefined && !mayUse(request.caller.services, services)) {
      const wanted = [...services, ...(services.includes("admin") ? [] : ["admin" as const])].join(" or ");
      throw new MusterError(
        "forbidden",
        `The key needs the service ${wanted}; it has: ${request.caller.services.join(", ")}.`,
      );
    }
  });
}

async function findCaller(authenticate: Authenticate, keys: readonly string[]): Promise<Caller> {
  for (const key of keys) {
    const holder = await authenticate(key);
    if (holder !== undefined) {
      const { organizationId, apiKeyId, name, services, source } = holder;
      return { organizationId, apiKeyId, actor: `api-key:${name}`, userId: null, services, source };
    }
  }
  throw new MusterError(
    "unauthenticated",
    "The API key is unknown, revoked or expired. Ask an administrator for a valid one.",
  );
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
  return [...(keys as string[]).slice(0, 1), ...(header === undefined ? [] : keysInHeader(header))];
}

function keysInHeader(header: string): string[] {
  const [, scheme, credentials] = /^(Bearer|Basic) +([A-Za-z0-9._~+/=-]+) *$/i.exec(header) ?? [];
  if (scheme === undefined || credentials === undefined) return [];
  if (scheme.toLowerCase() === "bearer") return credentials.length <= longestKey ? [credentials] : [];
  const pair = Buffer.from(credentials, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  const parts = colon === -1 ? [pair] : [pair.slice(colon + 1), pair.slice(0, colon)];
  return parts.filter((part) => part !== "" && part.length <= longestKey);
}
