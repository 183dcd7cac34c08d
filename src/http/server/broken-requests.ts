import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { MusterError } from "../../errors.ts";
import { problemDetails } from "../contract/problems.ts";

/** True if an earlier whole request on the same connection still waits for its answer. */
export interface Answering {
  /** Called for every valid request. */
  begin(request: IncomingMessage, response: ServerResponse): void;
  /** The answer that comes next on a connection; undefined when no answer is due, or its request is incomplete. */
  next(socket: Socket): ServerResponse | undefined;
}

/** Keeps the last answer of each connection in view. */
export function watchAnswers(): Answering {
  const last = new WeakMap<Socket, ServerResponse>();
  return {
    begin: (request, response) => void last.set(request.socket, response),
    next(socket) {
      const response = last.get(socket);
      return response?.req.complete && !response.writableFinished ? response : undefined;
    },
  };
}

/**
 * Answers what is no HTTP request at all, or one that Node.js gave up on: Fastify never sees it. Whatever came whole before
 * it on the connection is answered first.
 * @param newId makes the request's id
 */
export function refuseBrokenRequest(newId: () => string, answering: Answering) {
  const waiting = new WeakSet<Socket>();
  const refuse = (error: Error & { code?: string }, socket: Socket): void => {
    // A client that does not speak TLS cannot be answered in TLS.
    if (error.code === "ECONNRESET" || error.code?.startsWith("ERR_SSL_") || !socket.writable) {
      socket.destroy();
      return;
    }
    const before = answering.next(socket);
    if (before) {
      // Each further chunk is an error of its own.
      if (waiting.has(socket)) return;
      waiting.add(socket);
      before.once("finish", () => {
        if (socket.writable) refuse(error, socket);
      });
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
  return refuse;
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

/**
 * Refuses a request with two Host headers: a proxy in front may go by the one, and the service by the other (RFC 9112, 3.2).
 * @throws MusterError request_invalid
 */
export function refuseTwoHosts({ rawHeaders }: IncomingMessage): void {
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
  if (hosts.length < 2) return;
  throw new MusterError("request_invalid", "The request has more than one Host header. Send one.", { field: "Host" });
}
