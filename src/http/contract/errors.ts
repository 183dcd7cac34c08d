import type { FastifyError } from "fastify";
import { MusterError, type ProblemCode, type ProblemPlace } from "../../errors.ts";
import { asOfDriver, databaseUnavailable, isFull, isUnavailable, storageFull } from "../../store/unavailable.ts";
import { isUniqueViolation } from "../../store/unique-violation.ts";

/** The parts of a request that explain an error to its sender. */
export interface ErrorContext {
  /** The content types that the route takes, for a person. */
  readonly takes: string;
  /** Largest body of the route, in bytes. */
  readonly bodyLimit: number;
}

const mostErrors = 20;
const longestName = 100;

/**
 * Says what an error is for its sender. Whatever isn't known becomes `internal`, which tells nothing.
 * The parts of Fastify's and PostgreSQL's messages that quote the request are never passed on.
 */
export function explain(error: unknown, context: ErrorContext): MusterError {
  if (error instanceof MusterError) return error;
  const { code, statusCode, validation } = (error ?? {}) as Partial<FastifyError>;
  if (validation) return explainValidation(error as FastifyError);
  if (code === "ECONNRESET" && (error as Error).message === "aborted") {
    return problem("body_incomplete", "The connection broke off before the whole request had arrived.");
  }
  return explainFastify(code, context) ?? explainDatabase(error) ?? explainStatus(error, statusCode) ?? internal;
}

const internal = new MusterError(
  "internal",
  "The service could not do it, and the fault is its own. Try again; if it stays, give the requestId to who runs the service.",
);

const problem = (code: ProblemCode, detail: string, place: ProblemPlace = {}) => new MusterError(code, detail, place);

function explainFastify(code: string | undefined, { takes, bodyLimit }: ErrorContext): MusterError | undefined {
  switch (code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return problem(
        "body_too_large",
        `The body is larger than the ${bodyLimit / 1024 ** 2} MiB that this address takes. Send less at a time.`,
      );
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return problem("media_type_unsupported", `Send the body as ${takes}, and name it in Content-Type.`);
    case "FST_ERR_CTP_INVALID_JSON_BODY":
      return problem("request_invalid", "The body is no valid JSON.");
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return problem("body_incomplete", "The body does not have the length that Content-Length announces.");
    case "FST_ERR_BAD_URL":
    case "FST_ERR_INVALID_URL":
      return problem("request_invalid", "The address has a % that is not followed by a character's UTF-8 code.");
    case "FST_ERR_MAX_PARAM_LENGTH":
      return problem("request_invalid", "A part of the address is too long.");
    default:
      return undefined;
  }
}

/** PostgreSQL's conditions (its manual, appendix A), and what the driver says when there is no PostgreSQL. */
function explainDatabase(error: unknown): MusterError | undefined {
  if (isFull(error)) return storageFull();
  if (isUnavailable(error)) return databaseUnavailable();
  const { code } = asOfDriver(error);
  if (code === undefined) return undefined;
  if (/^22[0-9A-Z]{3}$/.test(code)) {
    return problem("request_invalid", "The request holds a value that cannot be stored, such as a NUL character.");
  }
  if (isUniqueViolation(error)) {
    return problem("conflict", "There is something of the same name or id already. Nothing was changed.");
  }
  if (code === "23503") {
    return problem("conflict", "Something that the request is about was deleted meanwhile. Nothing was changed.");
  }
  if (code === "40001" || code === "40P01") {
    return problem("organization_busy", "Another change came in between. Nothing was changed; try again.", {
      retryAfter: 1,
    });
  }
  return undefined;
}

/** Errors of libraries that carry a status of their own: a client's mistake stays one. */
function explainStatus(error: unknown, statusCode: number | undefined): MusterError | undefined {
  if (error instanceof SyntaxError && statusCode === 400)
    return problem("request_invalid", "The body is no valid JSON.");
  if (statusCode === undefined || statusCode < 400 || statusCode >= 500) return undefined;
  if (statusCode === 403 || statusCode === 404) return notFound();
  return problem("request_invalid", "The request cannot be understood.");
}

/** The answer to an address that does not exist. */
export function notFound(): MusterError {
  return problem("not_found", "There is nothing at this address. /docs lists the addresses that there are.");
}

interface ValidationIssue {
  readonly instancePath: string;
  readonly message?: string;
  readonly params: { readonly keys?: readonly string[] };
}

/** Names the invalid part of a request for a person. */
const places: Readonly<Record<string, string>> = {
  querystring: "query parameters",
  params: "address",
  headers: "headers",
  body: "body",
};

function explainValidation(error: FastifyError): MusterError {
  const issues = (error.validation ?? []) as unknown as readonly ValidationIssue[];
  const place = places[error.validationContext ?? ""] ?? "request";
  const errors = issues.flatMap((issue) => describeIssue(issue, place)).slice(0, mostErrors);
  const [first] = errors;
  if (first?.message === missingBody) return problem("body_missing", "The request has no body. Send a JSON object.");
  const rest = errors.length > 1 ? ` (and ${errors.length - 1} more, see errors)` : "";
  const detail = first
    ? `The ${place} cannot be taken: ${first.field}: ${first.message}${rest}.`
    : `The ${place} cannot be taken.`;
  return problem("request_invalid", detail, first ? { field: first.field, errors } : {});
}

const missingBody = "is missing: send a JSON object";

function describeIssue(issue: ValidationIssue, place: string): { field: string; message: string }[] {
  const path = issue.instancePath.split("/").filter((part) => part !== "");
  if (issue.params.keys) {
    const message = place === "query parameters" ? "is no parameter of this address" : "is not known here";
    return issue.params.keys.map((key) => ({ field: shorten([...path, key].join(".")), message }));
  }
  if (path.length === 0 && place === places.body && /received (?:null|undefined)$/.test(issue.message ?? "")) {
    return [{ field: place, message: missingBody }];
  }
  return [{ field: shorten(path.join(".")) || place, message: inPlainWords(issue.message ?? "is not valid") }];
}

/** Rewrites a message of the validator for a person. */
const plainWords: Readonly<Record<string, string>> = {
  "Invalid UUID": "is no id, such as 0198c4a5-7d3e-7a21-9c55-0f6f6d3c1b2a",
  "Invalid input: expected number, received NaN": "is no number",
};

const inPlainWords = (message: string) => plainWords[message] ?? message;

function shorten(name: string): string {
  return name.length <= longestName ? name : `${name.slice(0, longestName)}…`;
}
