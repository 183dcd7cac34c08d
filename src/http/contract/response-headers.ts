type Json = Record<string, unknown>;

interface Parameter {
  readonly name: string;
  readonly in: string;
}

interface Operation {
  readonly operationId?: string;
  parameters?: Parameter[];
  readonly responses: Record<string, { headers?: Json; readonly content?: Json }>;
}

/** The part of an OpenAPI document that the headers are added to. */
export interface HeadedContract {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { headers?: Json };
}

const text = (description: string) => ({ description, schema: { type: "string" } });

const headers = {
  "Request-Id": text("The id of the request, which the log and problems contain."),
  RateLimit: text('How many requests are left, and for how many seconds, e.g. `"minute";r=599;t=60`.'),
  "RateLimit-Policy": text('How many requests a minute are allowed, e.g. `"minute";q=600;w=60`.'),
  "Retry-After": text("After how many seconds to try again; absent when trying again does not help."),
  "WWW-Authenticate": text("The ways to authenticate."),
  Vary: text("`accept`: the content type of the answer depends on the header `Accept` of the request."),
  "Content-Disposition": text("The name of the file, as `attachment; filename*=UTF-8''NAME`."),
  ETag: text("The version, for `If-Match` and `If-None-Match`."),
  "Idempotent-Replay": text(
    "`true` when the answer repeats the answer to an earlier request with this `Idempotency-Key`.",
  ),
  "Preference-Applied": text("`respond-async` when the request preferred not to wait for the import (RFC 7240)."),
  "Changes-Until": text("The next `since`: the answer is complete up to this time."),
  "Changes-Cursor": text("The `cursor` for /v1/changes: what changed since the export began."),
} as const;
type Name = keyof typeof headers;

const ofOperations: Readonly<Record<string, Name>> = {
  listUsersV2: "Changes-Until",
  listLocationsV2: "Changes-Until",
  exportUsers: "Changes-Cursor",
  listChanges: "ETag",
  getImportResponse: "Content-Disposition",
  getTopic: "ETag",
  getMembershipRequest: "ETag",
};

/** Declares the headers of all answers, and `If-None-Match` for every resource whose changes take `If-Match`. */
export function declareHeaders(contract: HeadedContract): void {
  contract.components.headers = headers;
  for (const [path, operations] of Object.entries(contract.paths)) {
    const hasVersions = takesIfMatch(operations);
    const hasVersionedItems = Object.entries(contract.paths).some(
      ([other, of]) => other.startsWith(`${path}/{`) && other.lastIndexOf("/") === path.length && takesIfMatch(of),
    );
    for (const [method, operation] of Object.entries(operations)) {
      const hasTag = hasVersions || ofOperations[operation.operationId ?? ""] === "ETag";
      if (hasTag && method === "get" && !takes(operation, "if-none-match")) declareCondition(operation);
      for (const [status, response] of Object.entries(operation.responses)) {
        const names = namesOf(
          path,
          status,
          operation,
          status === "201" ? hasVersions || hasVersionedItems : hasVersions,
        );
        const references = names.map((name) => [name, { $ref: `#/components/headers/${name}` }]);
        response.headers = { ...response.headers, ...Object.fromEntries(references) };
      }
    }
  }
}

function takesIfMatch(operations: Readonly<Record<string, Operation>>): boolean {
  return Object.values(operations).some((operation) => takes(operation, "if-match"));
}

function declareCondition(operation: Operation): void {
  const condition = {
    name: "if-none-match",
    in: "header",
    required: false,
    description: "The `ETag` of what you have: if it is still the same, the answer is 304 without a body.",
    schema: { type: "string", maxLength: 1000 },
  };
  operation.parameters = [...(operation.parameters ?? []), condition];
  operation.responses["304"] = { description: "It is still what `If-None-Match` names." } as object;
}

function namesOf(path: string, status: string, operation: Operation, hasVersions: boolean): Name[] {
  const isProblem = Number(status) >= 400;
  const isSuccess = /^(?:200|201|304)$/.test(status);
  const names: Name[] = ["Request-Id"];
  if (/^\/(?:v1|api)\//.test(path) && status !== "401") names.push("RateLimit", "RateLimit-Policy");
  if (["409", "429", "503"].includes(status)) names.push("Retry-After");
  if (isProblem || varies(operation, status)) names.push("Vary");
  if (status === "401") names.push("WWW-Authenticate");
  if (hasVersions && isSuccess) names.push("ETag");
  if (isSuccess && takes(operation, "idempotency-key")) names.push("Idempotent-Replay");
  if (isSuccess || status === "202") {
    if (takes(operation, "prefer")) names.push("Preference-Applied");
  }
  const own = ofOperations[operation.operationId ?? ""];
  return own !== undefined && isSuccess ? [...names, own] : names;
}

/** True if the answer is a choice of several content types, or the client may hold one of another type. */
function varies({ responses }: Operation, status: string): boolean {
  const { content = {} } = responses[status === "304" ? "200" : status] ?? {};
  return Object.keys(content).length > 1;
}

function takes({ parameters = [] }: Operation, name: string): boolean {
  return parameters.some((parameter) => parameter.in === "header" && parameter.name.toLowerCase() === name);
}

/**
 * Reads a contract, with patterns that Python's `re` knows too: without property escapes. A pattern that needs these is left
 * out; the description says what is allowed.
 * @param contract the JSON of the contract
 */
export function withPortablePatterns(contract: string): unknown {
  const text = contract
    .replaceAll(String.raw`\\p{Cc}`, String.raw`\\u0000-\\u001f\\u007f-\\u009f`)
    .replaceAll(String.raw`\\p{Cs}`, String.raw`\\ud800-\\udfff`);
  return JSON.parse(text, (name, value) =>
    name === "pattern" && typeof value === "string" && /\\[pP]\{/.test(value) ? undefined : value,
  );
}
