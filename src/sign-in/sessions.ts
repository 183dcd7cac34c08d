import { recordAudit } from "../organizations/audit-log.ts";
import type { Database, Executor } from "../store/database.ts";
import { withOrganization } from "../store/database.ts";
import { askUnguarded } from "./ask-unguarded.ts";
import { generateSecret, hashSecret, secretPattern } from "./secrets.ts";

const hour = 3_600_000;
/** How long a session lasts without a request, in milliseconds. */
export const sessionIdle = 8 * hour;
/** How long it lasts at all. */
export const sessionWhole = 7 * 24 * hour;
/** How often the time of use is written. */
const useInterval = 60_000;

/** What secrets and times are made with. */
export interface SignInContext {
  readonly clock: () => Date;
  readonly newId: () => string;
  readonly randomBytes: (size: number) => Uint8Array;
}

/** Somebody's session. */
export interface Session {
  readonly organizationId: number;
  readonly sessionId: string;
  readonly userId: number;
}

/**
 * Begins a session, and forgets those of the organization that have ended.
 * @param executor inside a transaction of the organization
 * @returns the cookie's value; only its hash is stored
 */
export async function beginSession(
  executor: Executor,
  organizationId: number,
  userId: number,
  { clock, newId, randomBytes }: SignInContext,
): Promise<string> {
  const now = clock();
  const secret = generateSecret(randomBytes);
  await executor.query("delete from sessions where organization_id = $1 and (expires_at <= $2 or last_used_at <= $3)", [
    ...[organizationId, now, new Date(now.getTime() - sessionIdle)],
  ]);
  await executor.query(
    `insert into sessions (organization_id, id, user_id, token_hash, created_at, last_used_at, expires_at)
     values ($1, $2, $3, $4, $5, $5, $6)`,
    [organizationId, newId(), userId, hashSecret(secret), now, new Date(now.getTime() + sessionWhole)],
  );
  return secret;
}

interface StoredSession {
  readonly organization_id: number;
  readonly id: string;
  readonly user_id: number;
  readonly last_used_at: Date;
  readonly expires_at: Date;
}

/** Looks up whose session a cookie's value is: undefined of one that is unknown, was ended, or is too old. */
export type FindSession = (secret: string) => Promise<Session | undefined>;

/**
 * Makes the function that looks up sessions. Nothing is kept between requests, so that a session that was ended is dead
 * at once. The time of use is written beside the request, at most once a minute, and never makes it wait or fail.
 */
export function createSessionLookup(database: Database, clock: () => Date): FindSession {
  return async (secret) => {
    if (!secretPattern.test(secret)) return undefined;
    const [stored] = await askUnguarded<StoredSession>(database, "select * from find_session($1)", [
      hashSecret(secret),
    ]);
    const now = clock();
    if (stored === undefined || stored.expires_at <= now) return undefined;
    const unused = now.getTime() - stored.last_used_at.getTime();
    if (unused >= sessionIdle) return undefined;
    const { organization_id: organizationId, id: sessionId, user_id: userId } = stored;
    if (unused >= useInterval) void noteUse(database, organizationId, sessionId, now);
    return { organizationId, sessionId, userId };
  };
}

async function noteUse(database: Database, organizationId: number, sessionId: string, at: Date): Promise<void> {
  try {
    await withOrganization(database, organizationId, (client) =>
      client.query(
        "update sessions set last_used_at = greatest(last_used_at, $3) where organization_id = $1 and id = $2",
        [organizationId, sessionId, at],
      ),
    );
  } catch {
    // The next request writes it.
  }
}

/** Ends a session; one that has ended already is no error. */
export async function endSession(
  database: Database,
  { organizationId, sessionId, userId }: Session,
  at: Date,
): Promise<void> {
  await withOrganization(database, organizationId, async (client) => {
    const { rowCount } = await client.query("delete from sessions where organization_id = $1 and id = $2", [
      ...[organizationId, sessionId],
    ]);
    if (rowCount !== 1) return;
    const subject = String(userId);
    await recordAudit(client, organizationId, { at, action: "sign_out", actor: `user:${userId}`, subject });
  });
}

/** Ends all sessions of a person, and takes back the links that nobody has used yet. */
export async function endSessionsOf(database: Database, organizationId: number, userId: number): Promise<void> {
  await withOrganization(database, organizationId, async (client) => {
    for (const table of ["sign_in_links", "sessions"]) {
      await client.query(`delete from ${table} where organization_id = $1 and user_id = $2`, [organizationId, userId]);
    }
  });
}
