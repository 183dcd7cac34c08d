import type { FastifyReply, FastifyRequest } from "fastify";

/** The documentation's own scripts, styles and images, and the API that it documents; nothing from elsewhere. */
const documentationPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const apiPolicy = "default-src 'none'; frame-ancestors 'none'";

/** Headers of every answer: no guessing of content types, no framing, no caching of what is about people. */
export function setSecurityHeaders(request: FastifyRequest, reply: FastifyReply): void {
  const isDocumentation = /^\/docs(\/|\?|$)/.test(request.url);
  reply
    .header("request-id", request.id)
    .header("x-content-type-options", "nosniff")
    .header("x-frame-options", "DENY")
    .header("referrer-policy", "no-referrer")
    .header("cross-origin-resource-policy", "same-origin")
    .header("content-security-policy", isDocumentation ? documentationPolicy : apiPolicy);
  if (!isDocumentation) reply.header("cache-control", "no-store");
}
