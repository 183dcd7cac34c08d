import { createHash, type Hash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import sql, { empty, type Sql } from "sql-template-tag";
import { MusterError } from "../../errors.ts";
import { answersKept } from "../../organizations/retention.ts";
import { type CommitNote, type Database, withOrganization } from "../../store/database.ts";
import { isPresent } from "../../store/presence.ts";
import { literal, prepared } from "../../store/sql.ts";
import type { Executor } from "../../store/statement.ts";

/** How long a request counts as alive after its last sign of life, in milliseconds, if its process is present. */
const claimLease = 15_000;
/** Between two signs of life. */
const claimRenewal = 5_000;

/** A request that is done once however often it is sent. */
export interface Claim {
  readonly key: string;
  /** Tells this request from whichever takes over its key. */
  readonly id: string;
  /** The hash of the body; a streamed body is added as it is read. */
  readonly body: Hash;
  /** Shows that the request is still being done. */
  readonly renewal: NodeJS.Timeout;
}

/** The row of a key that another request has claimed or used. */
export interface StoredAnswer {
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

/** Takes the key for this request, also from one that has ended without doing anything; or returns what there is under it. */
export function claim(
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
      prepared(sql`insert into idempotency_keys as stored (organization_id, caller_id, key, request_digest, created_at, claim, claimed_until, process)
       values (${organizationId}, ${callerId}, ${key}, '', ${now}, ${id}, ${leaseEnd}, nullif(${database.process}::integer, 0))
       on conflict (organization_id, caller_id, key) do update
       set claim = excluded.claim, claimed_until = excluded.claimed_until, created_at = excluded.created_at,
         process = excluded.process
       where stored.status is null and not stored.is_done and not ${isAlive(sql`stored`)}`),
    );
    if (rowCount === 1) return undefined;
    const { rows } = await transaction.query<StoredAnswer>(
      prepared(sql`select request_digest, status, body, content_type, is_done, import_id,
         ${isAlive(sql`idempotency_keys`)} as is_alive
       from idempotency_keys where organization_id = ${organizationId} and caller_id = ${callerId} and key = ${key}`),
    );
    // Gone between the two statements: the first request failed just now, and this one may be repeated.
    return rows[0] ?? nothingYet;
  });
}

/** SQL: the request of a row is under way, as far as is known: its claim lasts, and its process is present. */
const isAlive = (row: Sql) =>
  sql`(coalesce(${row}.claimed_until > clock_timestamp(), false) and (${row}.process is null or ${isPresent(sql`${row}.process`)}))`;

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
export function keepAlive(database: Database, request: FastifyRequest, key: string, id: string): NodeJS.Timeout {
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
export function noteFor(request: FastifyRequest, claimed: Claim): CommitNote {
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

/** The digest by which a repeat is recognized: of method, address, query and body. */
export function digestOf(request: FastifyRequest, body: Hash): Buffer {
  return createHash("sha256").update(`${request.method}\n${request.url}\n`).update(body.copy().digest()).digest();
}

/**
 * Returns the work that is left under the key once there is an answer. An answer of success is kept. A refused request may
 * be sent again. So may a failed one, unless it was done nevertheless, as when the connection broke at the commit.
 */
export function settlement(
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

/**
 * Forgets the requests that were under way when a process ended and did nothing, so that they may be sent again at once.
 * @param owner a connection of the user that owns the tables, when no process works on the database
 */
export async function forgetUnfinishedRequests(owner: Executor): Promise<void> {
  await owner.query(sql`delete from idempotency_keys where status is null and not is_done`);
}
