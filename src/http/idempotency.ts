import { createHash, type Hash } from "node:crypto";
import { Readable } from "node:stream";
import type { FastifyContextConfig, FastifyReply, FastifyRequest } from "fastify";
import { MusterError } from "../errors.ts";
import { type Database, type Executor, withOrganization } from "../store/database.ts";
import type { App } from "./app-types.ts";
import { readBody } from "./bodies.ts";
import type { HttpDependencies } from "./dependencies.ts";

/** How long an answer is kept, in milliseconds. */
export const answersKept = 24 * 60 * 60 * 1000;

/** A request that is done once however often it is sent. */
interface Claim {
  readonly key: string;
  /** Of what the request's body consists; a streamed body is added as it is read. */
  readonly body: Hash;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Set on a POST with an Idempotency-Key that is being done for the first time. */
    idempotency: Claim | null;
  }
  interface FastifyContextConfig {
    /** The answer holds a secret, which is not to be kept: the route takes no Idempotency-Key. */
    answersSecret?: boolean;
    /** The route knows the same bytes again by itself: it takes no Idempotency-Key. */
    recognisesRepeats?: boolean;
  }
}

/** Whether a route takes an Idempotency-Key. */
export const takesIdempotencyKey = (method: string, config: FastifyContextConfig | undefined): boolean =>
  method === "POST" && !config?.answersSecret && !config?.recognisesRepeats;

interface StoredAnswer {
  readonly request_digest: Buffer;
  /** null: the first request is still being done. */
  readonly status: number | null;
  readonly body: string | null;
  readonly content_type: string | null;
}

/** The headers that are part of an answer. */
const keptHeaders = ["location", "etag"] as const;

/**
 * Makes every POST of the scope take `Idempotency-Key`, but for those that answer a secret. The same key (of one caller) with the same method, address,
 * query and body gets the first answer again, marked `Idempotent-Replay: true`; with anything else it is refused. A
 * streamed body is compared by its SHA-256, for which it is read to its end.
 *
 * Only answers of success are kept, for a day: what was refused changed nothing and may be sent again under its key.
 */
export function registerIdempotency(app: App, dependencies: HttpDependencies): void {
  const { database, clock } = dependencies;
  app.decorateRequest("idempotency", null);

  app.addHook("preHandler", async (request, reply) => {
    const isTaken = takesIdempotencyKey(request.method, request.routeOptions.config);
    const key = isTaken ? readKey(request) : undefined;
    if (key === undefined) return;
    const body = createHash("sha256");
    const answer = await claim(database, request, key, clock());
    if (answer === undefined) {
      if (!(request.body instanceof Readable)) body.update(JSON.stringify(request.body) ?? "");
      request.idempotency = { key, body };
      return;
    }
    if (answer.status === null) {
      throw new MusterError(
        "conflict",
        "A request with this Idempotency-Key is being done right now. Send it again in a moment to get its answer.",
        { field: "Idempotency-Key", retryAfter: 5 },
      );
    }
    await hashBody(request, body, dependencies);
    if (!answer.request_digest.equals(digestOf(request, body))) {
      throw new MusterError(
        "idempotency_key_reused",
        "This Idempotency-Key was used for a different request within the last day. Give every request a key of its own.",
        { field: "Idempotency-Key" },
      );
    }
    return replay(reply, answer);
  });

  app.addHook("onSend", async (request, reply, payload) => {
    const claimed = request.idempotency;
    if (claimed === null) return payload;
    request.idempotency = null;
    try {
      await settle(database, request, reply, claimed, payload);
    } catch (error) {
      request.log.error({ err: error }, "the answer could not be kept for its Idempotency-Key");
    }
    return payload;
  });
}

function readKey(request: FastifyRequest): string | undefined {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key === "string" && /^[\x21-\x7e]{1,200}$/.test(key)) return key;
  throw new MusterError("request_invalid", "Idempotency-Key takes 1 to 200 printable characters without a space.", {
    field: "Idempotency-Key",
    errors: [{ field: "Idempotency-Key", message: "takes 1 to 200 printable characters without a space" }],
  });
}

/** Takes the key for this request, or returns what there is under it. */
function claim(database: Database, request: FastifyRequest, key: string, now: Date): Promise<StoredAnswer | undefined> {
  const { organizationId, callerId } = request.caller;
  return withOrganization(database, organizationId, async (client) => {
    await client.query(
      "delete from idempotency_keys where organization_id = $1 and caller_id = $2 and created_at < $3",
      [organizationId, callerId, new Date(now.getTime() - answersKept)],
    );
    const { rowCount } = await client.query(
      `insert into idempotency_keys (organization_id, caller_id, key, request_digest, created_at)
       values ($1, $2, $3, '', $4) on conflict do nothing`,
      [organizationId, callerId, key, now],
    );
    if (rowCount === 1) return undefined;
    const { rows } = await client.query<StoredAnswer>(
      `select request_digest, status, body, content_type from idempotency_keys
       where organization_id = $1 and caller_id = $2 and key = $3`,
      [organizationId, callerId, key],
    );
    // Gone between the two statements: the first request failed just now, and this one may be repeated.
    return rows[0] ?? { request_digest: Buffer.of(), status: null, body: null, content_type: null };
  });
}

async function hashBody(request: FastifyRequest, hash: Hash, dependencies: HttpDependencies): Promise<void> {
  if (!(request.body instanceof Readable)) {
    hash.update(JSON.stringify(request.body) ?? "");
    return;
  }
  let bytes = 0;
  for await (const chunk of readBody(request.body, dependencies.limits)) {
    bytes += chunk.length;
    if (bytes > dependencies.limits.importBytes) break;
    hash.update(chunk);
  }
}

function digestOf(request: FastifyRequest, body: Hash): Buffer {
  return createHash("sha256").update(`${request.method}\n${request.url}\n`).update(body.digest()).digest();
}

async function settle(
  database: Database,
  request: FastifyRequest,
  reply: FastifyReply,
  claimed: Claim,
  payload: unknown,
): Promise<void> {
  const { organizationId, callerId } = request.caller;
  const place = [organizationId, callerId, claimed.key];
  const isKept = reply.statusCode >= 200 && reply.statusCode < 300;
  const headers = keptHeaders.flatMap((name) => (reply.hasHeader(name) ? [[name, reply.getHeader(name)]] : []));
  const envelope = JSON.stringify({ headers: Object.fromEntries(headers), payload: payload ?? "" });
  const digest = digestOf(request, claimed.body);
  await withOrganization(database, organizationId, (client) =>
    isKept
      ? client.query(
          `update idempotency_keys set request_digest = $4, status = $5, body = $6, content_type = $7
           where organization_id = $1 and caller_id = $2 and key = $3`,
          [...place, digest, reply.statusCode, envelope, String(reply.getHeader("content-type") ?? "")],
        )
      : client.query("delete from idempotency_keys where organization_id = $1 and caller_id = $2 and key = $3", place),
  );
}

function replay(reply: FastifyReply, answer: StoredAnswer): FastifyReply {
  const { headers, payload } = JSON.parse(answer.body ?? "{}") as { headers: Record<string, string>; payload: string };
  reply
    .code(answer.status ?? 200)
    .headers(headers)
    .header("idempotent-replay", "true");
  if (answer.content_type !== null && answer.content_type !== "") reply.header("content-type", answer.content_type);
  return reply.send(payload);
}

/**
 * Forgets the requests that were under way when a process ended, so that they may be sent again.
 * @param owner a connection of the user that owns the tables, when no process works on the database
 */
export async function forgetUnfinishedRequests(owner: Executor): Promise<void> {
  await owner.query("delete from idempotency_keys where status is null");
}
