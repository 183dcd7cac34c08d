import type { FastifyRequest } from "fastify";
import { MusterError } from "../../errors.ts";
import { mediaTypeOf } from "../contract/negotiation.ts";
import { ownOrigin } from "./session-cookie.ts";

const harmless: readonly string[] = ["GET", "HEAD", "OPTIONS"];
const jsonTypes: readonly string[] = ["application/json", "application/merge-patch+json"];

/** A header that no form can send, for requests whose body is not JSON. Its value does not matter. */
const requestHeader = "muster-request";

/**
 * Tells whether a request comes from a page of this service. Browsers say so in Sec-Fetch-Site, which pages cannot
 * change; older browsers use Origin. Requests without either header do not count as such.
 */
export function isSameOrigin(request: FastifyRequest, publicUrl: string | undefined): boolean {
  const site = request.headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin";
  return request.headers.origin !== undefined && request.headers.origin === ownOrigin(request, publicUrl);
}

/**
 * Refuses a request by cookie that another site may have had the browser send (CSRF). What changes something has to come
 * from a page of this service, and to be one that a form cannot send: JSON, or with the header `Muster-Request`.
 * @throws MusterError forbidden
 */
export function requireOwnPage(request: FastifyRequest, publicUrl: string | undefined): void {
  if (harmless.includes(request.method)) return;
  if (!isSameOrigin(request, publicUrl)) {
    throw new MusterError(
      "forbidden",
      "The request does not come from a page of this service, so that its cookie does not count. Send a token or an API key instead.",
    );
  }
  if (request.headers[requestHeader] !== undefined) return;
  if (!jsonTypes.includes(mediaTypeOf(request.headers["content-type"]))) {
    throw new MusterError(
      "forbidden",
      "With a cookie, send JSON as application/json, or set the header Muster-Request: 1.",
    );
  }
}
