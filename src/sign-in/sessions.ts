import sql from "sql-template-tag";
import { z } from "zod";
import { recordAudit } from "../organizations/audit-log.ts";
import { type Database, type Transaction, withOrganization } from "../store/database.ts";
import { prepared } from "../store/sql.ts";
import { askUnguarded } from "./ask-unguarded.ts";
import { generateSecret, hashSecret, secretPattern } from "./secrets.ts";

const hour = 3_600_000;
/** How long a session lasts without a request, in milliseconds. */
export const sessionIdle = 8 * hour;
/** How long it lasts at all. */
export const sessionWhole = 7 * 24 * hour;
/** The time of use is written at most this often, in milliseconds. */
const useInterval = 60_000;

/** The sources of time, ids and random bytes. */
export interface SignInContext {
  readonly clock: () => Date;
  readonly newId: () => string;
  readonly randomBytes: (size: number) => Uint8Array;
}

/** The session of a person. */
export interface Session {
  readonly organizationId: number;
  readonly sessionId: string;
  readonly userId: number;
}

/**
 * Begins a session, and deletes the organization's sessions that have ended.
 * @returns the cookie's value; only its hash is stored
 */
export async function beginSession(
  transaction: Transaction,
  organizationId: number,
  userId: number,
  { clock, newId, randomBytes }: SignInContext,
): Promise<string> {
  const now = clock();
  const secret = generateSecret(randomBytes);
  const records = await transaction.records();
  const idleSince = new Date(now.getTime() - sessionIdle);
  await records.session.deleteMany({
    where: { organizationId, OR: [{ expiresAt: { lte: now } }, { lastUsedAt: { lte: idleSince } }] },
  });
  await records.session.create({
    data: {
      organizationId,
      id: newId(),
      userId,
      tokenHash: Uint8Array.from(hashSecret(secret)),
      createdAt: now,
      lastUsedAt: now,
      expiresAt: new Date(now.getTime() + sessionWhole),
    },
  });
  return secret;
}

const storedSession = z.object({
  organization_id: z.int(),
  id: z.string(),
  user_id: z.int(),
  last_used_at: z.date(),
  expires_at: z.date(),
});

/** Looks up the session of a cookie's value; undefined if it is unknown, was ended, or is too old. */
export type FindSession = (secret: string) => Promise<Session | undefined>;

/**
 * Makes the function that looks up sessions. Nothing is cached between requests, so an ended session stops working at
 * once. The time of use is written beside the request, and never makes it wait or fail.
 */
export function createSessionLookup(database: Database, clock: () => Date): FindSession {
  return async (secret) => {
    if (!secretPattern.test(secret)) return undefined;
    const statement = prepared(sql`select * from find_session(${hashSecret(secret)})`);
    const [stored] = await askUnguarded(database, storedSession, statement);
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
    await withOrganization(database, organizationId, (transaction) =>
      transaction.query(
        prepared(sql`
          update sessions set last_used_at = greatest(last_used_at, ${at})
          where organization_id = ${organizationId} and id = ${sessionId}`),
      ),
    );
  } catch {
    // The next request writes it.
  }
}

/** Ends a session. A session that has ended already is not an error. */
export async function endSession(
  database: Database,
  { organizationId, sessionId, userId }: Session,
  at: Date,
): Promise<void> {
  await withOrganization(database, organizationId, async (transaction) => {
    const records = await transaction.records();
    const { count } = await records.session.deleteMany({ where: { organizationId, id: sessionId } });
    if (count !== 1) return;
    const subject = String(userId);
    await recordAudit(transaction, organizationId, { at, action: "sign_out", actor: `user:${userId}`, subject });
  });
}

/** Ends all sessions of a person, and withdraws the links that nobody has used yet. */
export async function endSessionsOf(database: Database, organizationId: number, userId: number): Promise<void> {
  await withOrganization(database, organizationId, async (transaction) => {
    const records = await transaction.records();
    await records.signInLink.deleteMany({ where: { organizationId, userId } });
    await records.session.deleteMany({ where: { organizationId, userId } });
  });
}
