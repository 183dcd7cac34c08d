import { timingSafeEqual } from "node:crypto";
import { MusterError } from "../errors.ts";
import { recordAudit } from "../organizations/audit-log.ts";
import { type Database, withOrganization } from "../store/database.ts";
import type { KeysOf } from "./issuer-keys.ts";
import { findIdentityProvider, type ProviderClient, type SignInAttempt } from "./provider-client.ts";
import { generateSecret } from "./secrets.ts";
import { beginSession, type SignInContext } from "./sessions.ts";
import { findTokenPerson } from "./token-person.ts";
import { checkToken } from "./tokens.ts";

/** The dependencies of a sign-in at a provider. */
export interface ProviderSignInContext extends SignInContext {
  readonly database: Database;
  readonly keysOf: KeysOf;
  readonly providerClient: ProviderClient;
}

/**
 * Begins a sign-in at the provider of an organization.
 * @param organizationId undefined: the only organization that has a provider
 * @returns undefined: there is no such provider
 * @throws MusterError issuer_unavailable
 */
export async function beginProviderSignIn(
  { database, providerClient, randomBytes }: ProviderSignInContext,
  organizationId: number | undefined,
  redirectUri: string,
): Promise<{ readonly attempt: SignInAttempt; readonly url: string } | undefined> {
  const provider = await findIdentityProvider(database, organizationId);
  if (provider === undefined) return undefined;
  const attempt: SignInAttempt = {
    organizationId: provider.organizationId,
    state: generateSecret(randomBytes),
    nonce: generateSecret(randomBytes),
    verifier: generateSecret(randomBytes),
  };
  return { attempt, url: await providerClient.authorizationUrl(provider, attempt, redirectUri) };
}

/**
 * Ends a sign-in: exchanges the code, checks the ID token, and begins a session for its person.
 * @param answer the parameters with which the provider sent the person back
 * @returns the session cookie's value
 * @throws MusterError unauthenticated, forbidden (the person is unknown), issuer_unavailable
 */
export async function endProviderSignIn(
  context: ProviderSignInContext,
  attempt: SignInAttempt,
  answer: { readonly code?: string | undefined; readonly state?: string | undefined },
  redirectUri: string,
): Promise<string> {
  const { database, keysOf, providerClient, clock } = context;
  if (answer.code === undefined || !isEqual(answer.state ?? "", attempt.state)) throw restart();
  const provider = await findIdentityProvider(database, attempt.organizationId);
  if (provider === undefined) throw restart();
  const token = await providerClient.exchange(provider, attempt, answer.code, redirectUri);
  const checked = await checkToken(database, keysOf, clock, token);
  if (checked.organizationId !== attempt.organizationId || checked.claims.nonce !== attempt.nonce) throw restart();
  const userId = await findTokenPerson(database, checked);
  return withOrganization(database, attempt.organizationId, async (transaction) => {
    await recordAudit(transaction, attempt.organizationId, {
      at: clock(),
      action: "sign_in.succeeded",
      actor: `user:${userId}`,
      subject: String(userId),
      details: { by: "identity_provider" },
    });
    return beginSession(transaction, attempt.organizationId, userId, context);
  });
}

const isEqual = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));

const restart = () =>
  new MusterError("unauthenticated", "The sign-in took too long, or was not begun here. Start again.");
