import sql from "sql-template-tag";
import { z } from "zod";
import { foldCase } from "../directory/text.ts";
import { readUserId } from "../directory/users.ts";
import { readViewer } from "../directory/visible-groups.ts";
import { MusterError } from "../errors.ts";
import { recordAudit } from "../organizations/audit-log.ts";
import { type Database, type Transaction, withOrganization } from "../store/database.ts";
import { prepared, selectRow } from "../store/sql.ts";
import { askUnguarded } from "./ask-unguarded.ts";
import { generateSecret, hashSecret, secretPattern } from "./secrets.ts";
import { beginSession, type SignInContext } from "./sessions.ts";

/** How long a link works, in milliseconds. */
export const linkLifetime = 15 * 60_000;

/** The person of a link, by one of two identifiers. */
export interface LinkTarget {
  readonly userId?: string | undefined;
  readonly username?: string | undefined;
}

/** A new link. */
export interface SignInLink {
  /** The part of the link that cannot be shown again. */
  readonly secret: string;
  readonly userId: number;
  readonly expiresAt: Date;
}

/** The caller that makes a link. */
export interface LinkMaker {
  readonly organizationId: number;
  readonly actor: string;
  /** The link may be for a network administrator. */
  readonly forAdministrators: boolean;
}

/**
 * Makes a link that signs a person in once. It replaces a link that the person has not used yet.
 * @throws MusterError not_found when there is no such user; forbidden for a network administrator
 */
export function createSignInLink(
  database: Database,
  { organizationId, actor, forAdministrators }: LinkMaker,
  target: LinkTarget,
  context: SignInContext,
): Promise<SignInLink> {
  return withOrganization(database, organizationId, async (transaction) => {
    const userId = await findTarget(transaction, organizationId, target);
    const { isNetworkAdministrator } = await readViewer(transaction, organizationId, userId);
    if (isNetworkAdministrator && !forAdministrators) {
      throw new MusterError(
        "forbidden",
        "Only an API key may make a link for a network administrator. Use a key with the service admin.",
      );
    }
    const { signInLink } = await transaction.records();
    await signInLink.deleteMany({
      where: { organizationId, OR: [{ userId }, { expiresAt: { lte: context.clock() } }] },
    });
    return { ...(await storeLink(transaction, { organizationId, actor }, userId, linkLifetime, context)), userId };
  });
}

/**
 * Stores a new link.
 * @param userId null: the link sets up the first administrator
 * @param lifetime in milliseconds
 */
export async function storeLink(
  transaction: Transaction,
  { organizationId, actor }: Pick<LinkMaker, "organizationId" | "actor">,
  userId: number | null,
  lifetime: number,
  { clock, newId, randomBytes }: SignInContext,
): Promise<{ readonly secret: string; readonly expiresAt: Date }> {
  const secret = generateSecret(randomBytes);
  const now = clock();
  const expiresAt = new Date(now.getTime() + lifetime);
  const { signInLink } = await transaction.records();
  const tokenHash = Uint8Array.from(hashSecret(secret));
  await signInLink.create({
    data: { organizationId, id: newId(), userId, tokenHash, actor, createdAt: now, expiresAt },
  });
  await recordAudit(transaction, organizationId, {
    at: now,
    action: "sign_in.link_created",
    actor,
    subject: userId === null ? null : String(userId),
  });
  return { secret, expiresAt };
}

const noUser = () => new MusterError("not_found", "There is no such user.");

async function findTarget(transaction: Transaction, organizationId: number, target: LinkTarget): Promise<number> {
  if (target.userId !== undefined) return readUserId(target.userId);
  const username = foldCase((target.username ?? "").trim().normalize("NFC"));
  const user = await selectRow(
    transaction,
    z.object({ id: z.int() }),
    prepared(sql`select id from users where organization_id = ${organizationId} and username_normalized = ${username}`),
  );
  if (user === undefined) throw noUser();
  return user.id;
}

const storedLink = z.object({
  organization_id: z.int(),
  id: z.string(),
  /** Null: the link sets up the first administrator. */
  user_id: z.int().nullable(),
  expires_at: z.date(),
});

/** A link as it is stored. */
export type StoredLink = z.infer<typeof storedLink>;

/** The link of a secret; undefined if it is unknown, was used, or is too old. */
export async function findLink(database: Database, secret: string, now: Date): Promise<StoredLink | undefined> {
  if (!secretPattern.test(secret)) return undefined;
  const statement = prepared(
    sql`select organization_id, id, user_id, expires_at from find_sign_in_link(${hashSecret(secret)})`,
  );
  const [link] = await askUnguarded(database, storedLink, statement);
  return link !== undefined && link.expires_at > now ? link : undefined;
}

/**
 * Looks at a link without using it.
 * @returns the person whom it signs in, null for the first administrator, who does not exist yet; undefined if it is unknown,
 * was used, or is too old
 */
export async function lookAtLink(
  database: Database,
  secret: string,
  now: Date,
): Promise<{ readonly organizationId: number; readonly userId: number | null } | undefined> {
  const link = await findLink(database, secret, now);
  return link && { organizationId: link.organization_id, userId: link.user_id };
}

/**
 * Uses a link up, and begins a session. If two use it at the same time, one is signed in.
 * @returns the session cookie's value; undefined when the link is unknown, was used, or is too old
 */
export async function signInByLink(
  database: Database,
  secret: string,
  context: SignInContext,
): Promise<string | undefined> {
  const link = await findLink(database, secret, context.clock());
  if (link === undefined || link.user_id === null) return undefined;
  const { organization_id: organizationId, id, user_id: userId } = link;
  return withOrganization(database, organizationId, async (transaction) => {
    const { signInLink } = await transaction.records();
    const { count } = await signInLink.deleteMany({
      where: { organizationId, id, expiresAt: { gt: context.clock() } },
    });
    if (count !== 1) return undefined;
    await recordAudit(transaction, organizationId, {
      at: context.clock(),
      action: "sign_in.succeeded",
      actor: `user:${userId}`,
      subject: String(userId),
      details: { by: "link" },
    });
    return beginSession(transaction, organizationId, userId, context);
  });
}
