import type { FastifyReply, FastifyRequest } from "fastify";

/** A sink for log lines. */
export interface LogStream {
  write(line: string): void;
}

/**
 * The logger's options. What is logged is listed here and in `logRequest`, and nothing else: no body, no key, no query
 * string, no name and no address of a person. Errors are logged without the values that their messages quote.
 * @param level the least level that is written
 */
export function loggerOptions(level: string, stream: LogStream) {
  return {
    level,
    stream,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: {
      err: describeError,
      error: describeError,
      // Fastify's own lines would carry the address, which may hold secrets.
      req: () => ({}),
      res: ({ statusCode }: { statusCode?: number }) => ({ statusCode: statusCode ?? 0 }),
    },
  };
}

/** The one line that a finished request leaves. */
export function logRequest(request: FastifyRequest, reply: FastifyReply): void {
  const line = {
    method: request.method,
    route: routePattern(request),
    status: outcomeOf(reply),
    milliseconds: Math.round(reply.elapsedTime * 10) / 10,
    organizationId: request.caller?.organizationId,
    callerId: request.caller?.callerId,
  };
  request.log.info(line, "request");
}

/** The status of the answer; "aborted" when the client went away before there was one. */
export function outcomeOf(reply: FastifyReply): number | "aborted" {
  return reply.raw.headersSent ? reply.statusCode : "aborted";
}

/** The pattern of the route, e.g. `/v1/users/:id`; never the address itself. */
export function routePattern(request: FastifyRequest): string {
  return request.is404 ? "unknown" : (request.routeOptions.url ?? "unknown");
}

type DescribedError = {
  readonly type: string;
  readonly code?: string;
  readonly message: string;
  /** The place in PostgreSQL that raised it. */
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  /** Without its first line, which repeats the message. */
  readonly stack: string;
  readonly cause?: DescribedError;
};

/** An error without anything that a sender wrote. */
export function describeError(error: unknown): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error, message: "", stack: "" };
  const { code, table, column, constraint } = error as Error & Record<string, unknown>;
  const text = (value: unknown, name: string) => (typeof value === "string" ? { [name]: value } : {});
  return {
    type: error.name,
    ...text(code, "code"),
    message: withoutValues(error.message),
    ...text(table, "table"),
    ...text(column, "column"),
    ...text(constraint, "constraint"),
    stack: framesOf(error),
    ...(error.cause instanceof Error && error.cause !== error ? { cause: describeError(error.cause) } : {}),
  };
}

/** Messages quote what they complain about: quoted text, addresses, and numbers of people are left out. */
function withoutValues(message: string): string {
  return message
    .slice(0, 2000)
    .replace(/"[^"]*"?|'[^']*'?|`[^`]*`?/g, '"…"')
    .replace(/\S*@\S*/g, "…")
    .replace(/\+?[0-9][0-9 ().-]{5,}/g, "…")
    .slice(0, 500);
}

function framesOf(error: Error): string {
  return (error.stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 20)
    .map((line) => line.trim())
    .join("\n");
}
