import { MusterError } from "../../errors.ts";
import { clientOf } from "../../organizations/addresses.ts";
import { hashKey } from "../../organizations/api-keys.ts";
import { createRateLimiter, type RateState } from "../../organizations/rate-limiter.ts";
import type { HttpLimits } from "../contract/limits.ts";
import type { AnyReply, AnyRequest, App } from "../server/app-types.ts";
import type { Caller } from "../server/dependencies.ts";
import { addressOf } from "./addresses.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The route lets requests wait: those that do (`wait` in the query) are not counted as under way. */
    waits?: boolean;
  }
  interface FastifyRequest {
    /** Lets go of the upload that the request counts as; null: it does not. */
    releaseUpload: (() => void) | null;
  }
}

/** The limits of admission: how often, and how many at a time. */
export interface Admission {
  /**
   * Before a key, a token or a session is looked up: refuses those whose were refused too often of late. What was valid
   * from the same address before, and has not been refused since, is let through, so that one job with a wrong key does
   * not shut out others that share its address.
   * @throws MusterError too_many_requests
   */
  readonly requireFewFailures: (request: AnyRequest) => void;
  /** After that, when it was valid. */
  readonly noteValid: (request: AnyRequest) => void;
  /**
   * Counts a request of somebody who is known, tells how many are left (RateLimit), and counts it as under way.
   * @throws MusterError too_many_requests
   */
  readonly admit: (request: AnyRequest, reply: AnyReply, caller: Caller) => void;
}

/** Clients that are remembered, a few dozen bytes each. */
const mostClients = 50_000;
/** Keys, tokens and sessions that were valid before, each with its address, some 50 bytes each. */
const mostKnown = 10_000;

/** Counts the requests of an application; call it before routes are registered. */
export function registerAdmission(app: App, limits: HttpLimits, clock: () => Date): Admission {
  const { requestsPerMinute, failuresPerMinute } = limits;
  const requests = createRateLimiter({ perMinute: requestsPerMinute, mostClients, clock });
  const failures = createRateLimiter({ perMinute: failuresPerMinute, mostClients, clock });
  const count = (reply: AnyReply, client: string) => {
    if (requestsPerMinute === 0) return;
    const state = requests.take(client);
    tellLimit(reply, requestsPerMinute, state);
    if (!state.isAllowed) throw tooMany(`More than ${requestsPerMinute} requests a minute`, state.retryAfter);
  };

  app.decorateRequest("releaseUpload", null);
  app.addHook("onRequest", async (request, reply) => {
    const isGuarded = request.routeOptions.config?.access !== undefined;
    if (!isGuarded || credentialsOf(request) === undefined) count(reply, `address ${clientOf(addressOf(request))}`);
  });
  app.addHook("onSend", async (request, reply, payload) => {
    request.releaseUpload?.();
    if (isRefusal(request, reply)) noteRefused(request);
    return payload;
  });

  const known = createMemory();
  const underWay = createCounter();
  const placed = (request: AnyRequest) => `${clientOf(addressOf(request))} ${credentialsOf(request) ?? ""}`;
  let lastNoted: string | undefined;
  const noteValid = (request: AnyRequest) => {
    const shown = placed(request);
    // One job after the other sends many requests: it is the newest already.
    if (shown === lastNoted) return;
    lastNoted = shown;
    known.add(shown);
  };
  const noteRefused = (request: AnyRequest) => {
    if (failuresPerMinute > 0) failures.take(clientOf(addressOf(request)));
    lastNoted = undefined;
    known.delete(placed(request));
  };
  return {
    noteValid,
    requireFewFailures: (request) => {
      if (failuresPerMinute === 0 || credentialsOf(request) === undefined) return;
      const state = failures.look(clientOf(addressOf(request)));
      if (state.isAllowed || known.has(placed(request))) return;
      throw tooMany(`More than ${failuresPerMinute} requests a minute without a valid key`, state.retryAfter);
    },
    admit: (request, reply, caller) => {
      noteValid(request);
      const client = `${caller.organizationId} ${caller.callerId}`;
      count(reply, client);
      const { config } = request.routeOptions;
      if (config.waits && Number((request.query as { wait?: string }).wait) > 0) return;
      const releaseRequest = underWay.take(client, limits.requestsAtOnce);
      if (releaseRequest === undefined) throw tooMany(`${limits.requestsAtOnce} requests of this key are under way`, 1);
      reply.raw.once("finish", releaseRequest).once("close", releaseRequest);
      if (config.streamedBody === undefined) return;
      // An import goes on when its sender has gone: it counts until it is done.
      const releaseUpload = underWay.take(`upload ${client}`, limits.uploadsAtOnce);
      if (releaseUpload === undefined) throw tooMany(`${limits.uploadsAtOnce} uploads of this key are under way`, 10);
      request.releaseUpload = releaseUpload;
    },
  };
}

/**
 * Tells whether a request was refused at the door: its credentials are invalid, used from a wrong address, or belong to
 * nobody. A known caller who lacks a permission is not refused here; the request counts as theirs.
 */
const isRefusal = (request: AnyRequest, { statusCode }: AnyReply): boolean =>
  statusCode === 401 || (statusCode === 403 && request.routeOptions.config?.access !== undefined && !request.caller);

/** The credentials of a request, unchecked; undefined: it has none. */
function credentialsOf({ headers, query }: AnyRequest): string | undefined {
  const { api_key: inQuery } = (query ?? {}) as { readonly api_key?: unknown };
  const shown = [inQuery, headers.authorization, headers.cookie];
  return shown.every((part) => part === undefined) ? undefined : JSON.stringify(shown);
}

/** The header fields of the IETF's draft-ietf-httpapi-ratelimit-headers, as of its version 10. */
function tellLimit(reply: AnyReply, perMinute: number, { remaining, reset }: RateState): void {
  reply
    .header("ratelimit-policy", `"minute";q=${perMinute};w=60`)
    .header("ratelimit", `"minute";r=${remaining};t=${reset}`);
}

function tooMany(what: string, retryAfter: number): MusterError {
  return new MusterError("too_many_requests", `${what}. Nothing was done; try again in ${retryAfter} s.`, {
    retryAfter,
  });
}

/** Counts what is under way by name; a name with nothing under way is forgotten. */
function createCounter() {
  const counts = new Map<string, number>();
  return {
    /** @returns lets go of it, once; undefined when there are `most` already */
    take: (name: string, most: number): (() => void) | undefined => {
      const count = counts.get(name) ?? 0;
      if (count >= most) return undefined;
      counts.set(name, count + 1);
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        const left = (counts.get(name) ?? 1) - 1;
        if (left > 0) counts.set(name, left);
        else counts.delete(name);
      };
    },
  };
}

/** Remembers the hashes of what was valid last. */
function createMemory() {
  const hashes = new Set<string>();
  const hashOf = (text: string) => hashKey(text).toString("base64");
  return {
    has: (text: string) => hashes.has(hashOf(text)),
    add: (text: string) => {
      const hash = hashOf(text);
      hashes.delete(hash);
      hashes.add(hash);
      const [oldest] = hashes;
      if (hashes.size > mostKnown && oldest !== undefined) hashes.delete(oldest);
    },
    delete: (text: string) => hashes.delete(hashOf(text)),
  };
}
