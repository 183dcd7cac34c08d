import { CommandError, exitStatus } from "../exit-status.ts";
import { type Answer, type Api, isPassing, NotReached, problemOf } from "../service/api.ts";
import { sleep, waitBefore } from "../service/retry.ts";
import { duration, printable } from "../text.ts";
import type { SourceFile } from "./source-file.ts";

/** Where a file goes, and how. */
export interface Delivery {
  /** With its query. */
  readonly path: string;
  readonly file: SourceFile;
  /** The same for every attempt: the service does what has this key once. */
  readonly idempotencyKey: string;
  /** How often it is tried again. */
  readonly retries: number;
}

/** What sending works with. */
export interface SendTools {
  readonly api: Api;
  readonly signal: AbortSignal;
  readonly random: () => number;
  /** Told of the bytes that have gone in this attempt. */
  readonly onSent: (bytes: number) => void;
  /** Told why it is tried again, and when. */
  readonly onRetry: (message: string) => void;
}

/** The answer, and whether it is that of an attempt before. */
export interface Delivered {
  readonly answer: Answer;
  readonly isReplay: boolean;
  /** An attempt before was sent whole, and what became of it was not heard. */
  readonly mayHaveArrivedBefore: boolean;
}

/** An import may wait an hour for those before it, and take long itself; in milliseconds. */
const patience = 2 * 60 * 60_000;

/**
 * Sends a file until there is an answer that says what became of it. Every attempt has the same Idempotency-Key: one that
 * arrived although its answer did not is not applied a second time, and the next attempt gets its answer.
 * @throws CommandError (unreachable) when the last attempt failed
 */
export async function sendFile(delivery: Delivery, tools: SendTools): Promise<Delivered> {
  let mayHaveArrived = false;
  for (let failed = 0; ; ) {
    const outcome = await attempt(delivery, tools);
    if (!("reason" in outcome)) {
      return {
        answer: outcome,
        isReplay: outcome.headers["idempotent-replay"] === "true",
        mayHaveArrivedBefore: mayHaveArrived,
      };
    }
    // While an attempt that arrived is being worked on, asking again is waiting, and no failure.
    if (!outcome.isUnderWay) failed += 1;
    mayHaveArrived ||= outcome.mayHaveArrived;
    if (failed > delivery.retries) {
      const end = mayHaveArrived
        ? " The file may have arrived all the same: look at /v1/imports before sending it again."
        : "";
      throw new CommandError(exitStatus.unreachable, `Muster cannot be reached: ${outcome.reason}.${end}`);
    }
    const wait = waitBefore(Math.max(failed, 1), outcome.retryAfter, tools.random(), Date.now());
    const count = outcome.isUnderWay ? "" : ` (${failed} of ${delivery.retries})`;
    tools.onRetry(`${capitalized(outcome.reason)}. Trying again in ${duration(wait)}${count}.`);
    await sleep(wait, tools.signal);
  }
}

interface Failure {
  readonly reason: string;
  readonly retryAfter: string | undefined;
  /** An attempt before has arrived and is being worked on. */
  readonly isUnderWay: boolean;
  /** All of the file was sent, and what became of it is not known. */
  readonly mayHaveArrived: boolean;
}

async function attempt(delivery: Delivery, tools: SendTools): Promise<Answer | Failure> {
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
      patience,
      signal: tools.signal,
    });
    const { code, detail, field } = answer.status < 400 ? ({ code: null, detail: "" } as const) : problemOf(answer);
    const isUnderWay = code === "conflict" && field === "Idempotency-Key";
    if (!isUnderWay && !isPassing(answer.status)) return answer;
    const reason = isUnderWay
      ? "The file has arrived before and is being processed"
      : printable(detail).replace(/\.$/, "");
    return { reason, retryAfter: answer.headers["retry-after"], isUnderWay, mayHaveArrived: isUnderWay };
  } catch (error) {
    if (!(error instanceof NotReached)) throw error;
    return {
      reason: error.message,
      retryAfter: undefined,
      isUnderWay: false,
      mayHaveArrived: error.wasConnected && sent === file.bytes,
    };
  }
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

/** RFC 8187: what encodeURIComponent leaves, and a header does not. */
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

const capitalized = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
