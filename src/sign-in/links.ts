import { foldCase } from "../directory/text.ts";
import { readUserId } from "../directory/users.ts";
import { readViewer } from "../directory/visible-groups.ts";
import { MusterError } from "../errors.ts";
import { recordAudit } from "../organizations/audit-log.ts";
import { type Database, type Executor, withOrganization } from "../store/database.ts";
import { askUnguarded } from "./ask-unguarded.ts";
import { generateSecret, hashSecret, secretPattern } from "./secrets.ts";
import { beginSession, type SignInContext } from "./sessions.ts";

/** How long a link works, in milliseconds. */
export const linkLifetime = 15 * 60_000;

/** Whom a link is for: one of the two. */
export interface LinkTarget {
  readonly userId?: string | undefined;
  readonly username?: string | undefined;
}

/** A new link. */
export interface SignInLink {
  /** What stands in it; it cannot be shown again. */
  readonly secret: string;
  readonly userId: number;
  readonly expiresAt: Date;
}

/** Who makes a link. */
export interface LinkMaker {
  readonly organizationId: number;
  readonly actor: string;
  /** Whether it may be for network administrators, too. */
  readonly forAdministrators: boolean;
}

/**
 * Makes a link that signs somebody in once. It takes the place of one that the person has not used yet.
 * @throws MusterError not_found when there is no such user; forbidden for a network administrator
 */
export function createSignInLink(
  database: Database,
  { organizationId, actor, forAdministrators }: LinkMaker,
  target: LinkTarget,
  { clock, newId, randomBytes }: SignInContext,
): Promise<SignInLink> {
  return withOrganization(database, organizationId, async (client) => {
    const userId = await findTarget(client, organizationId, target);
    const { isNetworkAdministrator } = await readViewer(client, organizationId, userId);
    if (isNetworkAdministrator && !forAdministrators) {
      throw new MusterError(
        "forbidden",
        "Links for network administrators are made with an API key: whoever has one is that person.",
      );
    }
    const secret = generateSecret(randomBytes);
    const now = clock();
    const expiresAt = new Date(now.getTime() + linkLifetime);
    await client.query("delete from sign_in_links where organization_id = $1 and (user_id = $2 or expires_at <= $3)", [
      ...[organizationId, userId, now],
    ]);
    await client.query(
      `insert into sign_in_links (organization_id, id, user_id, token_hash, actor, created_at, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [organizationId, newId(), userId, hashSecret(secret), actor, now, expiresAt],
    );
    await recordAudit(client, organizationId, {
      ...{ at: now, action: "sign_in.link_created", actor, subject: String(userId) },
    });
    return { secret, userId, expiresAt };
  });
}

const noUser = () => new MusterError("not_found", "There is no such user.");

async function findTarget(executor: Executor, organizationId: number, target: LinkTarget): Promise<number> {
  if (target.userId !== undefined) return readUserId(target.userId);
  const { rows } = await executor.query<{ id: number }>(
    "select id from users where organization_id = $1 and username_normalized = $2",
    [organizationId, foldCase((target.username ?? "").trim().normalize("NFC"))],
  );
  if (!rows[0]) throw noUser();
  return rows[0].id;
}

interface StoredLink {
  readonly organization_id: number;
  readonly id: string;
  readonly user_id: number;
  readonly expires_at: Date;
}

async function findLink(database: Database, secret: string, now: Date): Promise<StoredLink | undefined> {
  if (!secretPattern.test(secret)) return undefined;
  const statement = "select organization_id, id, user_id, expires_at from find_sign_in_link($1)";
  const [link] = await askUnguarded<StoredLink & Record<string, unknown>>(database, statement, [hashSecret(secret)]);
  return link !== undefined && link.expires_at > now ? link : undefined;
}

/**
 * Looks at a link without using it.
 * @returns whom it signs in; undefined when it is unknown, was used, or is too old
 */
export async function lookAtLink(
  database: Database,
  secret: string,
  now: Date,
): Promise<{ readonly organizationId: number; readonly userId: number } | undefined> {
  const link = await findLink(database, secret, now);
  return link && { organizationId: link.organization_id, userId: link.user_id };
}

/**
 * Uses a link up, and begins a session. Of two who do so at the same time one is signed in.
 * @returns the session cookie's value; undefined when the link is unknown, was used, or is too old
 */
export async function signInByLink(
  database: Database,
  secret: string,
  context: SignInContext,
): Promise<string | undefined> {
  const link = await findLink(database, secret, context.clock());
  if (link === undefined) return undefined;
  const { organization_id: organizationId, id, user_id: userId } = link;
  return withOrganization(database, organizationId, async (client) => {
    const { rowCount } = await client.query(
      "delete from sign_in_links where organization_id = $1 and id = $2 and expires_at > $3",
      [organizationId, id, context.clock()],
    );
    if (rowCount !== 1) return undefined;
    await recordAudit(client, organizationId, {
      ...{ at: context.clock(), action: "sign_in.succeeded", actor: `user:${userId}`, subject: String(userId) },
      details: { by: "link" },
    });
    return beginSession(client, organizationId, userId, context);
  });
}
