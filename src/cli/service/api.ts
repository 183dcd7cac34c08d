import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
} from "node:http";
import { Agent as HttpsAgent, request as secureRequest } from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CommandError, exitStatus } from "../exit-status.ts";
import { printable } from "../text.ts";
import type { Connection } from "./connection.ts";

/** A request. */
export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With its query, e.g. `/v1/users?limit=1000`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: AsyncIterable<Uint8Array>;
  /** How long the service may be silent once it has the request, in milliseconds. */
  readonly patience: number;
  readonly signal: AbortSignal;
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** The service. */
export interface Api {
  /** @throws NotReached when there is no whole answer */
  send(call: Call): Promise<Answer>;
  close(): void;
}

/** The network failed, or the connection broke off. */
export class NotReached extends Error {
  /** Whether there was a connection: then a request may have arrived. */
  readonly wasConnected: boolean;
  constructor(reason: string, wasConnected: boolean) {
    super(reason);
    this.wasConnected = wasConnected;
  }
}

/** How long connecting, and each piece of a body, may take, in milliseconds. */
const stallPatience = 60_000;
/** Dead peers are noticed by probes that begin after this silence, in milliseconds. */
const probeAfter = 30_000;
/** More of an answer is not read: no page of the service is as large. */
const largestAnswer = 64 * 1024 * 1024;

/** Speaks to the service with its key; nothing follows redirects, which would take the key elsewhere. */
export function openApi({ url, key }: Connection, version: string): Api {
  const isSecure = url.protocol === "https:";
  const agent = isSecure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  return {
    send: ({ method, path, headers = {}, body, patience, signal }) => {
      const sent = (isSecure ? secureRequest : request)(
        new URL(`${url.pathname === "/" ? "" : url.pathname}${path}`, url),
        {
          method,
          agent,
          headers: {
            authorization: `Bearer ${key}`,
            "user-agent": `muster/${version}`,
            accept: "application/json",
            ...headers,
          },
          signal,
        },
      );
      return converse(sent, body, patience);
    },
    close: () => agent.destroy(),
  };
}

async function converse(
  sent: ClientRequest,
  body: AsyncIterable<Uint8Array> | undefined,
  patience: number,
): Promise<Answer> {
  sent.setTimeout(stallPatience, () => sent.destroy(new Error("the service is silent")));
  let wasConnected = false;
  const connected = () => {
    wasConnected = true;
  };
  sent.once("socket", (socket) => {
    socket.setKeepAlive(true, probeAfter);
    if (socket.connecting) socket.once("connect", connected);
    else connected();
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once("response", resolve);
    sent.once("error", reject);
  });
  answered.catch(() => {});
  let ownFault: unknown;
  try {
    if (body === undefined) sent.end();
    else {
      // What fails while sending may be the answer that came early; what fails while reading the file is our own.
      const guarded = Readable.from(
        noting(body, (error) => (ownFault = error)),
        { objectMode: true, highWaterMark: 1 },
      );
      await Promise.race([pipeline(guarded, sent), answered]).catch(() => {});
    }
    if (ownFault !== undefined) throw ownFault;
    sent.setTimeout(patience);
    const message = await answered;
    return { status: message.statusCode!, headers: message.headers, text: await readText(message) };
  } catch (error) {
    sent.destroy();
    if (ownFault !== undefined) throw ownFault;
    throw asNotReached(error, wasConnected);
  }
}

async function* noting(body: AsyncIterable<Uint8Array>, onError: (error: unknown) => void): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    onError(error);
    throw error;
  }
}

async function readText(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > largestAnswer) throw new Error("the answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there",
  ECONNRESET: "the connection broke off",
  EPIPE: "the connection broke off",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "the host's name cannot be looked up",
  ETIMEDOUT: "there is no answer",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
};

function asNotReached(error: unknown, wasConnected: boolean): unknown {
  const { name, code, message } = error as NodeJS.ErrnoException;
  if (name === "AbortError") return error;
  // Of several addresses of a host each has failed.
  const inner = error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : undefined;
  return new NotReached(
    reasons[code ?? inner?.code ?? ""] ?? (message || code || "the connection failed"),
    wasConnected,
  );
}

/** What a problem (RFC 9457) says; of an answer that is none, its status. */
export interface Problem {
  readonly code: string | null;
  readonly title: string;
  readonly detail: string;
  readonly field?: string;
  readonly line?: number;
  readonly column?: number;
  readonly importId?: string;
  readonly requestId?: string;
}

/** Reads the problem of an answer that is not a success. */
export function problemOf({ status, text }: Answer): Problem {
  const problem = parseObject(text);
  if (typeof problem?.code === "string" && typeof problem.detail === "string") return problem as unknown as Problem;
  return { code: null, title: `Status ${status}`, detail: `The answer has status ${status} and is none of Muster's.` };
}

/**
 * The JSON object of a success.
 * @throws CommandError when it is none: something else than Muster answers there
 */
export function documentOf<Document>(answer: Answer): Document {
  const document = parseObject(answer.text);
  if (document !== undefined && answer.status < 300) return document as Document;
  throw new CommandError(exitStatus.unreachable, "What answers at this address is not Muster. Look at MUSTER_URL.");
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether trying again later makes sense. */
export const isPassing = (status: number): boolean => [429, 502, 503, 504].includes(status);

/** The command's end for an answer that is a refusal. */
export function refusal(answer: Answer): CommandError {
  const { detail } = problemOf(answer);
  const status = answer.status >= 500 || answer.status === 429 ? exitStatus.unreachable : exitStatus.refused;
  return new CommandError(status, printable(detail));
}
