import { createHash, type Hash } from "node:crypto";
import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { MusterError } from "../../errors.ts";
import { takesIdempotencyKey } from "../contract/idempotency-key.ts";
import type { App } from "../server/app-types.ts";
import { readBody } from "../server/bodies.ts";
import type { HttpDependencies } from "../server/dependencies.ts";

import {
  type Claim,
  claim,
  digestOf,
  keepAlive,
  noteFor,
  type StoredAnswer,
  settlement,
} from "./idempotency-claims.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Set on a POST with an Idempotency-Key that is being done for the first time. */
    idempotency: Claim | null;
    /** Set on a repeat whose first request has made this import, and whose answer was not kept. */
    doneImportId: string | null;
  }
  interface FastifyContextConfig {
    /** The route answers with an import, and can do so again by `doneImportId`. */
    answersImport?: boolean;
  }
}

/**
 * Makes every POST of the scope take `Idempotency-Key`, but for those that answer a secret. The same key (of one caller) with the same method, address,
 * query and body gets the first answer again, marked `Idempotent-Replay: true`; with anything else it is refused. A
 * streamed body is compared by its SHA-256, for which it is read to its end.
 *
 * Only answers of success are kept, for a day: what was refused changed nothing and may be sent again under its key.
 *
 * The transaction of the request's change also marks the key as done. If a process dies before that, the next request
 * with the key takes over, and the first one can no longer commit
 * (docs/decisions/020-lost-connections.md).
 */
export function registerIdempotency(app: App, dependencies: HttpDependencies): void {
  const { database } = dependencies;
  app.decorateRequest("idempotency", null);
  app.decorateRequest("doneImportId", null);

  // Not async: what comes after this hook has to run within the note.
  app.addHook("preHandler", (request, reply, done) => {
    begin(dependencies, request, reply).then((outcome) => {
      if (outcome === "answered") return;
      const { idempotency } = request;
      if (idempotency === null) done();
      else database.notes.run(noteFor(request, idempotency), done);
    }, done);
  });

  app.addHook("onSend", async (request, reply, payload) => {
    const claimed = request.idempotency;
    if (claimed === null) return payload;
    request.idempotency = null;
    clearInterval(claimed.renewal);
    const settling = settlement(database, request, reply, claimed, payload);
    try {
      await settling();
    } catch (error) {
      request.log.error({ err: error }, "the answer could not be kept for its Idempotency-Key: it is tried again");
      database.later(settling);
    }
    return payload;
  });
}

/** Takes the request's key, if it has one; or answers what there is under it. */
async function begin(
  dependencies: HttpDependencies,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<"answered" | "goes on"> {
  const { database, clock, newId } = dependencies;
  const { config } = request.routeOptions;
  const key = takesIdempotencyKey(request.method, config) ? readKey(request) : undefined;
  if (key === undefined) return "goes on";
  const body = createHash("sha256");
  const id = newId();
  const answer = await claim(database, request, key, id, clock());
  if (answer === undefined) {
    if (!(request.body instanceof Readable)) body.update(JSON.stringify(request.body) ?? "");
    request.idempotency = { key, id, body, renewal: keepAlive(database, request, key, id) };
    return "goes on";
  }
  if (answer.status === null && (!answer.is_done || answer.is_alive)) {
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
  if (answer.status !== null) {
    replay(reply, answer);
    return "answered";
  }
  if (answer.import_id === null || !config.answersImport) {
    throw new MusterError(
      "answer_lost",
      "This request was done, as a whole or in part, before the service or the database broke off, and its answer is lost. It is not done again: look at what is stored.",
      { field: "Idempotency-Key" },
    );
  }
  request.doneImportId = answer.import_id;
  reply.header("idempotent-replay", "true");
  return "goes on";
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

function replay(reply: FastifyReply, answer: StoredAnswer): FastifyReply {
  const { headers, payload } = JSON.parse(answer.body ?? "{}") as { headers: Record<string, string>; payload: string };
  reply
    .code(answer.status ?? 200)
    .headers(headers)
    .header("idempotent-replay", "true");
  if (answer.content_type !== null && answer.content_type !== "") reply.header("content-type", answer.content_type);
  return reply.send(payload);
}
