import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { MusterError } from "../errors.ts";
import { problemDetails } from "./problems.ts";

/**
 * Answers what is no HTTP request at all, or one that Node.js gave up on: Fastify never sees it.
 * @param newId makes the request's id
 */
export function refuseBrokenRequest(newId: () => string) {
  return (error: Error & { code?: string }, socket: Socket): void => {
    // Whoever speaks no TLS cannot be answered in TLS.
    if (error.code === "ECONNRESET" || error.code?.startsWith("ERR_SSL_") || !socket.writable) {
      socket.destroy();
      return;
    }
    const { code, detail } = explainBroken(error.code);
    const details = problemDetails(code, detail, newId());
    const body = JSON.stringify(details);
    const head = [
      `HTTP/1.1 ${details.status} ${STATUS_CODES[details.status]}`,
      "Content-Type: application/problem+json; charset=utf-8",
      `Content-Length: ${Buffer.byteLength(body)}`,
      `Request-Id: ${details.requestId}`,
      "X-Content-Type-Options: nosniff",
      "Cache-Control: no-store",
      "Connection: close",
    ];
    socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
  };
}

function explainBroken(code: string | undefined): MusterError {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return new MusterError(
        "headers_too_large",
        "The headers and the address are larger than the 16 KiB that are taken.",
      );
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new MusterError("request_timeout", "The headers did not arrive in time. Send the request again.");
    default:
      return new MusterError("request_invalid", "This is no HTTP/1.1 request that can be understood.");
  }
}
