import { CommandError, exitStatus } from "../exit-status.ts";
import { explainFailure, isTemporary, problemOf } from "../service/answers.ts";
import type { Answer, Api } from "../service/api.ts";
import { explainNotReached, NotReached } from "../service/not-reached.ts";
import { sleep, waitBefore } from "../service/retry.ts";
import { duration } from "../text.ts";
import type { SourceFile } from "./source-file.ts";

/** A file, and where it goes. */
export interface Delivery {
  /** With its query. */
  readonly path: string;
  readonly file: SourceFile;
  /** Every attempt has the same one: the service processes a key once. */
  readonly idempotencyKey: string;
  readonly retries: number;
}

/** Dependencies of sending. */
export interface SendTools {
  readonly api: Api;
  readonly signal: AbortSignal;
  readonly random: () => number;
  /** Called with the bytes that this attempt has sent. */
  readonly onSent: (bytes: number) => void;
  /** Called with the reason and the time of the next attempt, for people. */
  readonly onRetry: (message: string) => void;
}

/** The answer to a file. */
export interface Delivered {
  readonly answer: Answer;
  /** It is the answer to an earlier attempt. */
  readonly isReplay: boolean;
  /** An earlier attempt was sent whole, and its answer did not arrive. */
  readonly mayHaveArrivedBefore: boolean;
}

/** An import may wait an hour for earlier ones, and then takes its own time; in milliseconds. */
const timeout = 2 * 60 * 60_000;

/**
 * Sends a file until an answer says what became of it. The service applies a file once even if its answer was lost: all
 * attempts have one Idempotency-Key, and a later attempt gets the answer to the first.
 * @throws CommandError (unreachable) when the last attempt failed
 */
export async function sendFile(delivery: Delivery, tools: SendTools): Promise<Delivered> {
  let mayHaveArrived = false;
  for (let failed = 0; ; ) {
    const outcome = await attempt(delivery, tools);
    if (outcome.kind === "answered") {
      const { answer } = outcome;
      const isReplay = answer.headers["idempotent-replay"] === "true";
      return { answer, isReplay, mayHaveArrivedBefore: mayHaveArrived };
    }
    mayHaveArrived ||= outcome.mayHaveArrived;
    // While the service processes an earlier attempt, asking again is waiting, and not a failure.
    if (outcome.kind === "failed") {
      failed += 1;
      if (failed > delivery.retries || outcome.isPermanent) {
        const doubt = mayHaveArrived ? " The file may have arrived all the same: GET /v1/imports lists it then." : "";
        throw new CommandError(exitStatus.unreachable, `${outcome.explanation}${doubt}`);
      }
    }
    const wait = waitBefore(Math.max(failed, 1), outcome.retryAfter, tools.random(), Date.now());
    const number = outcome.kind === "failed" ? ` (${failed} of ${delivery.retries})` : "";
    tools.onRetry(`${outcome.problem} Retrying in ${duration(wait)}${number}.`);
    await sleep(wait, tools.signal);
  }
}

type Outcome =
  | { readonly kind: "answered"; readonly answer: Answer }
  | (Setback & { readonly kind: "underWay" })
  | (Setback & { readonly kind: "failed"; readonly isPermanent: boolean; readonly explanation: string });

/** An attempt that brought no answer for this file. */
interface Setback {
  /** One sentence. */
  readonly problem: string;
  readonly retryAfter: string | undefined;
  /** The whole file was sent, and its fate is unknown. */
  readonly mayHaveArrived: boolean;
}

async function attempt(delivery: Delivery, tools: SendTools): Promise<Outcome> {
  const { file } = delivery;
  let sent = 0;
  const onSent = (bytes: number) => {
    sent = bytes;
    tools.onSent(bytes);
  };
  try {
    const answer = await tools.api.send({
      method: "POST",
      path: delivery.path,
      headers: headersOf(delivery),
      body: counted(file.read(), onSent),
      timeout,
      signal: tools.signal,
    });
    return outcomeOf(answer, sent === file.bytes);
  } catch (error) {
    if (!(error instanceof NotReached)) throw error;
    return {
      kind: "failed",
      problem: error.message,
      explanation: explainNotReached(error),
      isPermanent: error.isPermanent,
      retryAfter: undefined,
      mayHaveArrived: error.wasConnected && !error.isPermanent && sent === file.bytes,
    };
  }
}

function outcomeOf(answer: Answer, isWhole: boolean): Outcome {
  const problem = problemOf(answer);
  const retryAfter = answer.headers["retry-after"];
  if (problem?.code === "conflict" && problem.field === "Idempotency-Key") {
    const text = "The file arrived with an earlier attempt, and the service is processing it.";
    return { kind: "underWay", problem: text, retryAfter, mayHaveArrived: true };
  }
  if (!isTemporary(answer)) return { kind: "answered", answer };
  const explanation = explainFailure(answer);
  // A proxy may have passed the file on before it gave up.
  const mayHaveArrived = problem === undefined && isWhole && [502, 504].includes(answer.status);
  return { kind: "failed", problem: explanation, explanation, isPermanent: false, retryAfter, mayHaveArrived };
}

function headersOf({ file, idempotencyKey }: Delivery): Record<string, string> {
  return {
    "content-type": file.contentType,
    "content-length": String(file.bytes),
    "idempotency-key": idempotencyKey,
    ...(file.isGzip ? { "content-encoding": "gzip" } : {}),
    ...(file.name === null ? {} : { "content-disposition": `attachment; filename*=UTF-8''${encode(file.name)}` }),
  };
}

/** RFC 8187 escapes more than encodeURIComponent does. */
const encode = (name: string) =>
  encodeURIComponent(name).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);

async function* counted(
  body: AsyncIterable<Uint8Array>,
  onSent: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  onSent(bytes);
  for await (const chunk of body) {
    yield chunk;
    bytes += chunk.length;
    onSent(bytes);
  }
}
