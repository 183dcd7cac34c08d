import { createHash, type Hash } from "node:crypto";
import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import sql, { empty } from "sql-template-tag";
import { MusterError } from "../../errors.ts";
import { type CommitNote, type Database, type Executor, withOrganization } from "../../store/database.ts";
import { literal, prepared } from "../../store/sql.ts";
import { takesIdempotencyKey } from "../contract/idempotency-key.ts";
import type { App } from "../server/app-types.ts";
import { readBody } from "../server/bodies.ts";
import type { HttpDependencies } from "../server/dependencies.ts";

/** How long an answer is kept, in milliseconds. */
export const answersKept = 24 * 60 * 60 * 1000;

/** How long a request that is being done counts as alive after its last sign of life, in milliseconds. */
const claimLease = 15_000;
/** Between two signs of life. */
const claimRenewal = 5_000;

/** A request that is done once however often it is sent. */
interface Claim {
  readonly key: string;
  /** Tells this request from whichever takes over its key. */
  readonly id: string;
  /** Of what the request's body consists; a streamed body is added as it is read. */
  readonly body: Hash;
  /** Shows that the request is still being done. */
  readonly renewal: NodeJS.Timeout;
}

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

interface StoredAnswer {
  readonly request_digest: Buffer;
  /** null: there is no answer. */
  readonly status: number | null;
  readonly body: string | null;
  readonly content_type: string | null;
  /** True if the request's change, or a part of it, was committed. */
  readonly is_done: boolean;
  readonly import_id: string | null;
  /** True if the request is still under way, as far as is known. */
  readonly is_alive: boolean;
}

/** The headers that are part of an answer. */
const keptHeaders = ["location", "etag"] as const;

/**
 * Makes every POST of the scope take `Idempotency-Key`, but for those that answer a secret. The same key (of one caller) with the same method, address,
 * query and body gets the first answer again, marked `Idempotent-Replay: true`; with anything else it is refused. A
 * streamed body is compared by its SHA-256, for which it is read to its end.
 *
 * Only answers of success are kept, for a day: what was refused changed nothing and may be sent again under its key.
 *
 * What the request changes notes under the key, in its own transaction, that it is done. A request that shows no sign of life
 * any more is taken over by the next one with its key if it has not done so, and then cannot do so any more
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

/** Takes the key for this request, also from one that has ended without doing anything; or returns what there is under it. */
function claim(
  database: Database,
  request: FastifyRequest,
  key: string,
  id: string,
  now: Date,
): Promise<StoredAnswer | undefined> {
  const { organizationId, callerId } = request.caller;
  return withOrganization(database, organizationId, async (transaction) => {
    await transaction.query(
      prepared(
        sql`delete from idempotency_keys where organization_id = ${organizationId} and caller_id = ${callerId} and created_at < ${new Date(now.getTime() - answersKept)}`,
      ),
    );
    // Leases go by the database's clock, which all processes share.
    const { rowCount } = await transaction.query(
      prepared(sql`insert into idempotency_keys as stored (organization_id, caller_id, key, request_digest, created_at, claim, claimed_until)
       values (${organizationId}, ${callerId}, ${key}, '', ${now}, ${id}, ${leaseEnd})
       on conflict (organization_id, caller_id, key) do update
       set claim = excluded.claim, claimed_until = excluded.claimed_until, created_at = excluded.created_at
       where stored.status is null and not stored.is_done and not coalesce(stored.claimed_until > clock_timestamp(), false)`),
    );
    if (rowCount === 1) return undefined;
    const { rows } = await transaction.query<StoredAnswer>(
      prepared(sql`select request_digest, status, body, content_type, is_done, import_id,
         coalesce(claimed_until > clock_timestamp(), false) as is_alive
       from idempotency_keys where organization_id = ${organizationId} and caller_id = ${callerId} and key = ${key}`),
    );
    // Gone between the two statements: the first request failed just now, and this one may be repeated.
    return rows[0] ?? nothingYet;
  });
}

const leaseEnd = sql`clock_timestamp() + ${literal(claimLease)} * interval '1 millisecond'`;
const nothingYet: StoredAnswer = {
  request_digest: Buffer.of(),
  status: null,
  body: null,
  content_type: null,
  is_done: false,
  import_id: null,
  is_alive: true,
};

/** The row of a request's key, as long as the request has claimed it. */
const ofClaim = ({ caller }: FastifyRequest, key: string, id: string) => sql`
  organization_id = ${caller.organizationId} and caller_id = ${caller.callerId} and key = ${key} and claim = ${id}`;

/** Shows from now on that the request is being done. */
function keepAlive(database: Database, request: FastifyRequest, key: string, id: string): NodeJS.Timeout {
  const renew = () =>
    withOrganization(database, request.caller.organizationId, (transaction) =>
      transaction.query(
        prepared(sql`
          update idempotency_keys set claimed_until = ${leaseEnd}
          where ${ofClaim(request, key, id)} and status is null`),
      ),
    );
  // A failed renewal is retried. If that is too late, another request may have taken over; the note finds out.
  return setInterval(() => void renew().catch(() => undefined), claimRenewal).unref();
}

/** Notes under the key, in the transaction of what the request changes, that this is done. */
function noteFor(request: FastifyRequest, claimed: Claim): CommitNote {
  return async (transaction, importId) => {
    const { rowCount } = await transaction.query(
      prepared(sql`
        update idempotency_keys
        set is_done = true, request_digest = ${digestOf(request, claimed.body)}, import_id = ${importId ?? null}
        where ${ofClaim(request, claimed.key, claimed.id)}`),
    );
    if (rowCount === 1) return;
    throw new MusterError(
      "conflict",
      "This request seemed to have ended, and another one with its Idempotency-Key took over. Nothing was changed by this one: send it again to get the answer.",
      { field: "Idempotency-Key", retryAfter: 5 },
    );
  };
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
  return createHash("sha256").update(`${request.method}\n${request.url}\n`).update(body.copy().digest()).digest();
}

/**
 * What is left to do under the key once there is an answer: one of success is kept. What was refused may be sent again; so
 * may what failed, unless it has been done all the same, as when the connection broke at the commit.
 */
function settlement(
  database: Database,
  request: FastifyRequest,
  reply: FastifyReply,
  claimed: Claim,
  payload: unknown,
): () => Promise<void> {
  const { statusCode } = reply;
  const headers = keptHeaders.flatMap((name) => (reply.hasHeader(name) ? [[name, reply.getHeader(name)]] : []));
  const envelope = JSON.stringify({ headers: Object.fromEntries(headers), payload: payload ?? "" });
  const contentType = String(reply.getHeader("content-type") ?? "");
  const digest = digestOf(request, claimed.body);
  const place = ofClaim(request, claimed.key, claimed.id);
  return () =>
    withOrganization(database, request.caller.organizationId, async (transaction) => {
      if (statusCode >= 200 && statusCode < 300) {
        await transaction.query(
          prepared(sql`
            update idempotency_keys
            set request_digest = ${digest}, status = ${statusCode}, body = ${envelope}, content_type = ${contentType}
            where ${place}`),
        );
        return;
      }
      const isUndone = statusCode < 500 ? empty : sql`and not is_done`;
      await transaction.query(prepared(sql`delete from idempotency_keys where ${place} ${isUndone}`));
      await transaction.query(prepared(sql`update idempotency_keys set claimed_until = null where ${place}`));
    });
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
 * Forgets the requests that were under way when a process ended and did nothing, so that they may be sent again at once.
 * @param owner a connection of the user that owns the tables, when no process works on the database
 */
export async function forgetUnfinishedRequests(owner: Executor): Promise<void> {
  await owner.query(sql`delete from idempotency_keys where status is null and not is_done`);
}
