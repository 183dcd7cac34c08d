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

/** The folder of the console's scripts and styles, which browsers may keep. */
export const consoleAssets = "/assets/";

const apiPolicy = "default-src 'none'; frame-ancestors 'none'";

/** Browser features that pages of the service may use: none. */
const permissions = ["camera", "display-capture", "geolocation", "microphone", "payment", "usb"]
  .map((feature) => `${feature}=()`)
  .join(", ");

/** A year, in seconds. */
const httpsOnly = "max-age=31536000";

/**
 * Headers of every answer: no guessing of content types, no framing, nothing for pages from elsewhere, no caching of what
 * is about people. Over HTTPS (of its own, or of a trusted proxy that says so) browsers are told to stay with it.
 */
export function setSecurityHeaders(request: FastifyRequest, reply: FastifyReply): void {
  const isDocumentation = /^\/docs(\/|\?|$)/.test(request.url);
  reply
    .header("request-id", request.id)
    .header("x-content-type-options", "nosniff")
    .header("x-frame-options", "DENY")
    .header("referrer-policy", "no-referrer")
    .header("cross-origin-resource-policy", "same-origin")
    .header("cross-origin-opener-policy", "same-origin")
    .header("cross-origin-embedder-policy", "require-corp")
    .header("permissions-policy", permissions)
    .header("content-security-policy", isDocumentation ? documentationPolicy : apiPolicy);
  if (request.protocol === "https") reply.header("strict-transport-security", httpsOnly);
  if (!isDocumentation && !request.url.startsWith(consoleAssets)) reply.header("cache-control", "no-store");
}
