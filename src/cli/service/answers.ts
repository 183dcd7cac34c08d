import { CommandError, exitStatus } from "../exit-status.ts";
import { printable } from "../text.ts";
import type { Answer, Api, Call } from "./api.ts";
import { explainNotReached, NotReached } from "./not-reached.ts";
import { explainStranger } from "./strangers.ts";

/** A problem of Muster (RFC 9457). */
export interface Problem {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly field?: string;
  readonly line?: number;
  readonly column?: number;
  readonly importId?: string;
  readonly requestId?: string;
}

/** The problem that Muster answers with; undefined when the answer is a success, or not from Muster. */
export function problemOf({ status, text }: Answer): Problem | undefined {
  if (status < 400) return undefined;
  const problem = parseObject(text);
  const isProblem = typeof problem?.code === "string" && typeof problem.detail === "string";
  return isProblem ? (problem as unknown as Problem) : undefined;
}

/**
 * The document of a successful answer.
 * @param properties some that it has; another program may answer with a JSON object, too
 * @throws CommandError for any other answer
 */
export function documentOf<Document>(answer: Answer, properties: readonly (keyof Document & string)[]): Document {
  const document = answer.status < 300 ? parseObject(answer.text) : undefined;
  const isWhole = document !== undefined && properties.every((property) => Object.hasOwn(document, property));
  if (isWhole) return document as Document;
  throw failureOf(answer);
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Another attempt later may succeed. */
export const isTemporary = ({ status }: Answer): boolean => [429, 502, 503, 504, 507].includes(status);

/** One sentence or more about an answer that is not a success, for people. */
export const explainFailure = (answer: Answer): string =>
  printable(problemOf(answer)?.detail ?? explainStranger(answer));

/** The command's end for an answer that is not a success: `refused` when Muster says no, otherwise `unreachable`. */
export function failureOf(answer: Answer): CommandError {
  const isRefusal = problemOf(answer) !== undefined && answer.status < 500 && answer.status !== 429;
  return new CommandError(isRefusal ? exitStatus.refused : exitStatus.unreachable, explainFailure(answer));
}

/** Sentences of the caller, who knows what was asked for. */
export interface Wording {
  /** Instead of "There is no such …", which does not name the thing. */
  readonly missing?: string;
  /** Added when there is no answer and the request may have arrived all the same. */
  readonly doubt?: string;
}

/**
 * Sends a request once: a second attempt could do the thing twice.
 * @returns a success
 * @throws CommandError when there is no answer, or it is not a success
 */
export async function askOnce(api: Api, call: Call, { missing, doubt }: Wording = {}): Promise<Answer> {
  try {
    const answer = await api.send(call);
    if (answer.status < 300) return answer;
    const isMissing = problemOf(answer)?.detail.startsWith("There is no such") === true;
    throw isMissing && missing !== undefined ? new CommandError(exitStatus.refused, missing) : failureOf(answer);
  } catch (error) {
    if (!(error instanceof NotReached)) throw error;
    const text = explainNotReached(error);
    throw new CommandError(
      exitStatus.unreachable,
      error.wasConnected && doubt !== undefined ? `${text} ${doubt}` : text,
    );
  }
}
