import { z } from "zod";
import { type ProblemCode, type ProblemPlace, problems } from "../../errors.ts";

/** Problem details (RFC 9457) with this service's extensions. */
export const problemSchema = z
  .object({
    type: z.string().describe("Identifies the kind of problem: `/problems/` and the code."),
    title: z.string().describe("Short, the same for every problem of the kind."),
    status: z.int(),
    detail: z.string().describe("What happened and what to do, for a person."),
    code: z.string().describe("The kind of problem, for programs. The list is closed and stable."),
    line: z.int().optional().describe("Line of the document, from 1."),
    column: z.int().optional().describe("Column of that line, in characters, from 1."),
    field: z.string().optional().describe("The field, as the sender wrote it."),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .describe("Each invalid part of the request."),
    importId: z.string().optional().describe("The import that was refused; it can be read at `/v1/imports/{id}`."),
    planHash: z.string().optional().describe("Hash of the plan as it is now."),
    requestId: z.string().describe("Also appears in the service's log."),
  })
  .meta({ id: "Problem" });

/** Problem details as data. */
export type Problem = z.infer<typeof problemSchema>;

/** Makes the problem details of an error. Undefined members are left out; the order of members is fixed. */
export function problemDetails(
  code: ProblemCode,
  detail: string,
  requestId: string,
  place: ProblemPlace & { readonly importId?: string } = {},
): Problem {
  const { status, title } = problems[code];
  return {
    type: `/problems/${code}`,
    title,
    status,
    detail,
    code,
    ...(place.line === undefined ? {} : { line: place.line }),
    ...(place.column === undefined ? {} : { column: place.column }),
    ...(place.field === undefined ? {} : { field: place.field }),
    ...(place.errors === undefined ? {} : { errors: place.errors.map(({ field, message }) => ({ field, message })) }),
    ...(place.planHash === undefined ? {} : { planHash: place.planHash }),
    ...(place.importId === undefined ? {} : { importId: place.importId }),
    requestId,
  };
}

interface ProblemResponse {
  description: string;
  content: Record<string, { schema: typeof problemSchema }>;
}

/**
 * The `response` entries of a route for the problems that it can answer beside those that every route has
 * (see `generalProblems`): `response: { 200: userSchema, ...problemResponses("not_found", "version_mismatch") }`.
 * Typed as nothing on purpose: handlers throw problems, they don't send them.
 */
export function problemResponses(...codes: readonly ProblemCode[]): Record<never, never> {
  const responses: Record<number, ProblemResponse> = {};
  for (const code of codes) {
    const { status, title } = problems[code];
    const line = `\`${code}\`: ${title}.`;
    responses[status] = {
      description: responses[status] ? `${responses[status].description}\n\n${line}` : line,
      content: {
        "application/problem+json": { schema: problemSchema },
        "application/problem+xml": { schema: problemSchema },
      },
    };
  }
  return responses;
}
