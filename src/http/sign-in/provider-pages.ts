import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { MusterError } from "../../errors.ts";
import { findIdentityProvider, type SignInAttempt } from "../../sign-in/provider-client.ts";
import { beginProviderSignIn, endProviderSignIn } from "../../sign-in/sign-in-by-provider.ts";
import { keepSession, mayKeepSession, ownOrigin } from "../callers/session-cookie.ts";
import type { App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";
import { notSafe, type Page, sendPage } from "./page.ts";

const hidden = { schema: { hide: true } } as const;

/** The cookie of a sign-in that is under way. Its path keeps it from all other requests. */
const attemptCookie = "muster_sign_in";
/** The cookie that tells a later sign-out that the person came from a provider: the organization's number. */
const providerCookie = "muster_provider";
const path = "/sign-in";
/** Time to sign in at the provider, in seconds. */
const attemptAge = 600;

const attemptSchema = z.object({
  organizationId: z.int(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
});

const noProvider: Page = {
  title: "Sign in with a link",
  text: ["No identity provider is set up here. Ask an administrator for a sign-in link."],
};

/** The way to an OpenID provider and back (OpenID Connect Core, section 3.1). */
export function providerPages(app: App, dependencies: HttpDependencies): void {
  const { publicUrl } = dependencies;
  const callbackOf = (request: FastifyRequest) => `${ownOrigin(request, publicUrl)}${path}/callback`;

  app.get("/sign-in", hidden, async (request, reply) => {
    if (!mayKeepSession(request, publicUrl)) return sendPage(reply, 403, notSafe);
    const { organization } = request.query as { readonly organization?: string };
    const begun = await orProblem(() =>
      beginProviderSignIn(dependencies, organizationNumber(organization), callbackOf(request)),
    );
    if (begun instanceof MusterError) return sendProblemPage(reply, begun);
    if (begun === undefined) return sendPage(reply, 404, noProvider);
    // The provider sends the person back from another site, so this cookie cannot be strict.
    reply.setCookie(attemptCookie, JSON.stringify(begun.attempt), {
      ...cookieOptions(request, publicUrl),
      maxAge: attemptAge,
    });
    return reply.redirect(begun.url, 303);
  });

  app.get("/sign-in/callback", hidden, async (request, reply) => {
    const attempt = readAttempt(request);
    reply.clearCookie(attemptCookie, cookieOptions(request, publicUrl));
    if (attempt === undefined) {
      return sendProblemPage(reply, new MusterError("unauthenticated", "The sign-in took too long. Start again."));
    }
    const session = await orProblem(() =>
      endProviderSignIn(dependencies, attempt, request.query as { code?: string; state?: string }, callbackOf(request)),
    );
    if (session instanceof MusterError) return sendProblemPage(reply, session);
    keepSession(request, reply, publicUrl, session);
    reply.setCookie(providerCookie, String(attempt.organizationId), cookieOptions(request, publicUrl));
    // Browsers send the session's strict cookie only on the way from a page of the service itself.
    return sendPage(reply, 200, { title: "You are signed in", text: [], refreshTo: "/" });
  });

  app.get("/sign-in/end", hidden, async (request, reply) => {
    const organizationId = organizationNumber(request.cookies[providerCookie]);
    reply.clearCookie(providerCookie, cookieOptions(request, publicUrl));
    const url =
      organizationId === undefined
        ? undefined
        : await endOfProvider(dependencies, organizationId, `${ownOrigin(request, publicUrl)}/`);
    return reply.redirect(url ?? "/", 303);
  });
}

const cookieOptions = (request: FastifyRequest, publicUrl: string | undefined) => ({
  path,
  httpOnly: true,
  sameSite: "lax" as const,
  secure: ownOrigin(request, publicUrl).startsWith("https:"),
});

function organizationNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : undefined;
}

function readAttempt(request: FastifyRequest): SignInAttempt | undefined {
  try {
    return attemptSchema.parse(JSON.parse(request.cookies[attemptCookie] ?? ""));
  } catch {
    return undefined;
  }
}

/** The address of the provider's own sign-out; undefined: it has none, or is away. */
async function endOfProvider(
  { database, providerClient }: HttpDependencies,
  organizationId: number,
  returnTo: string,
): Promise<string | undefined> {
  try {
    const provider = await findIdentityProvider(database, organizationId);
    return provider && (await providerClient.endSessionUrl(provider, returnTo));
  } catch {
    return undefined;
  }
}

/** People get a page about what they can do; faults of the service go the usual way. */
async function orProblem<Result>(act: () => Promise<Result>): Promise<Result | MusterError> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof MusterError && error.code !== "internal") return error;
    throw error;
  }
}

const statuses: Readonly<Record<string, number>> = { unauthenticated: 401, forbidden: 403 };

function sendProblemPage(reply: FastifyReply, { code, message }: MusterError): FastifyReply {
  return sendPage(reply, statuses[code] ?? 503, {
    title: "You are not signed in",
    text: [message],
    link: { label: "Try again", address: "/sign-in" },
  });
}
