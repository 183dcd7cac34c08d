import { createHash } from "node:crypto";
import sql from "sql-template-tag";
import { z } from "zod";
import { MusterError } from "../errors.ts";
import { isSafeToFetch } from "../organizations/issuer.ts";
import type { Database } from "../store/database.ts";
import { prepared } from "../store/sql.ts";
import { askUnguarded } from "./ask-unguarded.ts";
import { readLimited } from "./read-limited.ts";

/** The provider of an organization. The audience of its tokens is also the client's id. */
export interface IdentityProvider {
  readonly organizationId: number;
  readonly issuer: string;
  readonly clientId: string;
}

const storedProvider = z.object({ organization_id: z.int(), issuer: z.string(), audience: z.string() });

/**
 * Finds the provider at which people sign in.
 * @param organizationId undefined: the only organization that has a provider
 */
export async function findIdentityProvider(
  database: Database,
  organizationId: number | undefined,
): Promise<IdentityProvider | undefined> {
  const statement = prepared(sql`select * from find_identity_providers(${organizationId ?? null}::integer)`);
  const [found, another] = await askUnguarded(database, storedProvider, statement);
  if (found === undefined || another !== undefined) return undefined;
  return { organizationId: found.organization_id, issuer: found.issuer, clientId: found.audience };
}

const endpointsSchema = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  end_session_endpoint: z.url().optional(),
});

const tokensSchema = z.object({ id_token: z.string().max(100_000) });

/** The part of a sign-in that the browser keeps until the provider sends the person back. */
export interface SignInAttempt {
  readonly organizationId: number;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** A client of OpenID providers: authorization code with PKCE (RFC 7636), as a public client. */
export interface ProviderClient {
  /**
   * The address at which the person signs in.
   * @throws MusterError issuer_unavailable
   */
  authorizationUrl(provider: IdentityProvider, attempt: SignInAttempt, redirectUri: string): Promise<string>;
  /**
   * Exchanges a code for an ID token, which nobody has checked yet.
   * @throws MusterError issuer_unavailable; unauthenticated if the provider refuses the code
   */
  exchange(provider: IdentityProvider, attempt: SignInAttempt, code: string, redirectUri: string): Promise<string>;
  /** The address at which the person signs out at the provider; undefined: the provider offers none. */
  endSessionUrl(provider: IdentityProvider, returnTo: string): Promise<string | undefined>;
}

/** Makes the client. `patience` is the limit for one answer, in milliseconds. */
export function createProviderClient(options: {
  readonly fetch: typeof fetch;
  readonly patience: number;
}): ProviderClient {
  const request = async (url: string, init: RequestInit): Promise<Response> => {
    try {
      const signal = AbortSignal.timeout(options.patience);
      return await options.fetch(url, { ...init, signal, redirect: "error" });
    } catch {
      throw unavailable();
    }
  };
  const endpointsOf = async (issuer: string) => {
    const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const response = await request(url, { headers: { accept: "application/json" } });
    const parsed = endpointsSchema.safeParse(await readJson(response));
    const isUsable =
      parsed.success && parsed.data.issuer === issuer && isSafeToFetch(new URL(parsed.data.token_endpoint));
    if (!isUsable) throw unavailable();
    return parsed.data;
  };
  return {
    async authorizationUrl({ issuer, clientId }, { state, nonce, verifier }, redirectUri) {
      const { authorization_endpoint } = await endpointsOf(issuer);
      const url = new URL(authorization_endpoint);
      const challenge = createHash("sha256").update(verifier).digest("base64url");
      const parameters = {
        response_type: "code",
        client_id: clientId,
        redirect_uri: redirectUri,
        scope: "openid profile email",
        state,
        nonce,
        code_challenge: challenge,
        code_challenge_method: "S256",
      };
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
      return url.href;
    },
    async exchange({ issuer, clientId }, { verifier }, code, redirectUri) {
      const { token_endpoint } = await endpointsOf(issuer);
      const body = new URLSearchParams({
        grant_type: "authorization_code",
        code,
        redirect_uri: redirectUri,
        client_id: clientId,
        code_verifier: verifier,
      });
      const response = await request(token_endpoint, { method: "POST", body, headers: { accept: "application/json" } });
      if (response.status >= 500) throw unavailable();
      const parsed = tokensSchema.safeParse(await readJson(response));
      if (response.ok && parsed.success) return parsed.data.id_token;
      throw new MusterError("unauthenticated", "The provider refused the sign-in. Start again.");
    },
    async endSessionUrl({ issuer, clientId }, returnTo) {
      const { end_session_endpoint } = await endpointsOf(issuer);
      if (end_session_endpoint === undefined) return undefined;
      const url = new URL(end_session_endpoint);
      url.searchParams.set("client_id", clientId);
      url.searchParams.set("post_logout_redirect_uri", returnTo);
      return url.href;
    },
  };
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return JSON.parse(await readLimited(response));
  } catch {
    return undefined;
  }
}

const unavailable = () =>
  new MusterError(
    "issuer_unavailable",
    "The organization's OpenID provider does not answer as it should. Try again in a moment.",
    { retryAfter: 10 },
  );
