import { z } from "zod";
import { createGroup, type NewGroup } from "../directory/groups.ts";
import { countNetworkAdministrators } from "../directory/save-groups.ts";
import { createUser } from "../directory/users.ts";
import { MusterError } from "../errors.ts";
import { recordAudit } from "../organizations/audit-log.ts";
import { type ChangeContext, operator } from "../organizations/organizations.ts";
import { type Database, withOrganization } from "../store/database.ts";
import { findLink, type StoredLink, storeLink } from "./links.ts";
import { hashSecret } from "./secrets.ts";
import { beginSession, type SignInContext } from "./sessions.ts";

/** How long the link works, in milliseconds: the first start may be in the evening. */
const lifetime = 24 * 60 * 60_000;

/** The group whose members administer the organization. */
const administrators: NewGroup = {
  groupId: "ADMINISTRATORS",
  name: "Administrators",
  category: 16,
  type: 2,
  privacy: 3,
  postApproval: false,
  description: "The people who administer the organization.",
  style: "static",
  default: false,
  protected: true,
  guardPercent: null,
  parentGroupId: null,
};

/** The answers of the first administrator. */
export const firstAdministratorSchema = z.strictObject({
  firstName: z.string().trim().min(1, "Enter your first name.").max(100),
  lastName: z.string().trim().max(100),
  email: z.string().trim().min(1, "Enter your e-mail.").max(300),
});

export type FirstAdministrator = z.infer<typeof firstAdministratorSchema>;

/**
 * Makes a link that sets up the first administrator of an organization. It replaces an earlier one.
 * @throws MusterError conflict if the organization has a network administrator
 */
export function createFirstAdministratorLink(
  database: Database,
  organizationId: number,
  actor: string,
  context: SignInContext,
): Promise<{ readonly secret: string; readonly expiresAt: Date }> {
  return withOrganization(database, organizationId, async (transaction) => {
    if ((await countNetworkAdministrators(transaction, organizationId)) > 0) throw hasAdministrator();
    const { signInLink } = await transaction.records();
    await signInLink.deleteMany({ where: { organizationId, userId: null } });
    return storeLink(transaction, { organizationId, actor }, null, lifetime, context);
  });
}

const hasAdministrator = () =>
  new MusterError(
    "conflict",
    "The organization has a network administrator already. Make a link for that person instead.",
  );

/**
 * Adds the first administrator, and begins a session. If two use the link at the same time, one is signed in. Answers that
 * are refused leave the link as it was.
 * @returns the session cookie's value; undefined when the link is unknown, was used, or is too old
 * @throws MusterError request_invalid, conflict, organization_busy
 */
export async function signUpFirstAdministrator(
  context: Omit<ChangeContext, "organizationId" | "actor"> & SignInContext,
  secret: string,
  answers: FirstAdministrator,
): Promise<string | undefined> {
  const { database } = context;
  const link = await findLink(database, secret, context.clock());
  if (link === undefined || link.user_id !== null) return undefined;
  const { organization_id: organizationId } = link;
  if (!(await useUp(database, link))) return undefined;
  try {
    const userId = await addAdministrator({ ...context, organizationId, actor: operator }, answers);
    return await withOrganization(database, organizationId, async (transaction) => {
      await recordAudit(transaction, organizationId, {
        at: context.clock(),
        action: "sign_in.succeeded",
        actor: `user:${userId}`,
        subject: String(userId),
        details: { by: "link" },
      });
      return beginSession(transaction, organizationId, userId, context);
    });
  } catch (error) {
    await restore(database, link, secret, context);
    throw error;
  }
}

async function addAdministrator(context: ChangeContext, answers: FirstAdministrator): Promise<number> {
  const { database, organizationId } = context;
  const known = await withOrganization(database, organizationId, (transaction) =>
    countNetworkAdministrators(transaction, organizationId),
  );
  if (known > 0) throw hasAdministrator();
  try {
    await createGroup(context, administrators);
  } catch (error) {
    // An earlier try created it.
    if (!(error instanceof MusterError && error.code === "conflict")) throw error;
  }
  const { firstName, lastName, email } = answers;
  const memberships = [{ groupId: "ADMINISTRATORS", role: 2 }];
  const { id } = await createUser(context, { firstName, lastName, emails: [email], memberships });
  return Number(id);
}

function useUp(database: Database, { organization_id: organizationId, id }: StoredLink): Promise<boolean> {
  return withOrganization(database, organizationId, async (transaction) => {
    const { signInLink } = await transaction.records();
    return (await signInLink.deleteMany({ where: { organizationId, id } })).count === 1;
  });
}

async function restore(
  database: Database,
  { organization_id: organizationId, id, expires_at: expiresAt }: StoredLink,
  secret: string,
  { clock }: SignInContext,
): Promise<void> {
  await withOrganization(database, organizationId, async (transaction) => {
    const { signInLink } = await transaction.records();
    const tokenHash = Uint8Array.from(hashSecret(secret));
    const data = { organizationId, id, userId: null, tokenHash, actor: operator, createdAt: clock(), expiresAt };
    await signInLink.create({ data });
  });
}
