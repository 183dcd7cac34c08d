import type { FastifyReply, FastifyRequest } from "fastify";
import { isLoopback } from "../../organizations/issuer.ts";
import { sessionWhole } from "../../sign-in/sessions.ts";

/** Over HTTPS: browsers take a cookie of such a name from the host itself alone, and only with Secure. */
const secureName = "__Host-muster";
/** Over plain HTTP, on this machine. */
const plainName = "muster_session";

/**
 * Tells whether the browser uses HTTPS, by `publicUrl` or by the proxy's headers. A client that forges the headers gets
 * a cookie that it cannot use.
 */
function isSecure(request: FastifyRequest, publicUrl: string | undefined): boolean {
  if (publicUrl !== undefined) return publicUrl.startsWith("https:");
  return request.protocol === "https" || request.headers["x-forwarded-proto"] === "https";
}

/** The service's own origin, as browsers write it in Origin. */
export function ownOrigin(request: FastifyRequest, publicUrl: string | undefined): string {
  const own = publicUrl ?? `${isSecure(request, publicUrl) ? "https" : "http"}://${request.host}`;
  return URL.parse(own)?.origin ?? own;
}

/** True if a session may begin here: over HTTPS, or on this machine, so that nobody on the way reads the cookie. */
export function mayKeepSession(request: FastifyRequest, publicUrl: string | undefined): boolean {
  return isSecure(request, publicUrl) || isLoopback(URL.parse(ownOrigin(request, publicUrl))?.hostname ?? "");
}

const nameOf = (request: FastifyRequest, publicUrl: string | undefined) =>
  isSecure(request, publicUrl) ? secureName : plainName;

/** The session's secret that the request carries. */
export function sessionCookie(request: FastifyRequest, publicUrl: string | undefined): string | undefined {
  return request.cookies[nameOf(request, publicUrl)];
}

const attributes = (secure: boolean) => ({ path: "/", httpOnly: true, sameSite: "strict" as const, secure });

/** Has the browser keep a session's secret. */
export function keepSession(
  request: FastifyRequest,
  reply: FastifyReply,
  publicUrl: string | undefined,
  secret: string,
): void {
  reply.setCookie(nameOf(request, publicUrl), secret, {
    ...attributes(isSecure(request, publicUrl)),
    maxAge: sessionWhole / 1000,
  });
}

/** Has the browser forget it. */
export function forgetSession(request: FastifyRequest, reply: FastifyReply, publicUrl: string | undefined): void {
  reply.clearCookie(nameOf(request, publicUrl), attributes(isSecure(request, publicUrl)));
}
