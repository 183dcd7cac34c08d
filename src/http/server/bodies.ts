import type { IncomingMessage } from "node:http";
import { PassThrough, type Readable } from "node:stream";
import { MusterError } from "../../errors.ts";
import type { HttpLimits } from "../contract/limits.ts";

/** How slow a streamed body may come. */
export type BodyPace = Pick<HttpLimits, "bodyPause" | "bodyRate">;

/**
 * A body that fails when it has not arrived whole in time. The connection is left alone, for the answer.
 * @param milliseconds from now
 */
export function withDeadline(body: Readable, milliseconds: number): Readable {
  const timed = new PassThrough();
  const fail = (error: Error) => {
    body.unpipe(timed);
    timed.destroy(error);
  };
  const timer = setTimeout(() => fail(tooSlow(`whole within ${seconds(milliseconds)}`)), milliseconds);
  timer.unref();
  body.once("error", fail);
  // A consumer that stopped reading reports an error of its own.
  timed.on("error", () => undefined);
  timed.once("close", () => clearTimeout(timer));
  return body.pipe(timed);
}

/**
 * The chunks of a streamed body, as they come. Unlike the stream's own iterator this one leaves the connection alone
 * when the reader stops early, so that the reader's reason can be sent.
 * @throws MusterError body_incomplete when the connection breaks off, nothing comes for as long as a pause may last, or
 *   less comes than the least rate; the time that the reader takes does not count
 */
export async function* readBody(body: Readable, pace: BodyPace): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = body.iterator({ destroyOnReturn: false });
  let received = 0;
  let waited = 0;
  let isWaiting = false;
  try {
    for (;;) {
      isWaiting = true;
      const begin = performance.now();
      const { done, value } = await nextChunk(chunks, pace, received, waited);
      waited += performance.now() - begin;
      isWaiting = false;
      if (done) return;
      received += value.length;
      yield value;
    }
  } finally {
    // While the iterator waits for a chunk, ending it would wait, too.
    if (!isWaiting) await chunks.return?.();
  }
}

async function nextChunk(
  chunks: AsyncIterator<Buffer>,
  { bodyPause, bodyRate }: BodyPace,
  received: number,
  waited: number,
): Promise<IteratorResult<Buffer, undefined>> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const allowed = bodyPause + (received / bodyRate) * 1000 - waited;
  const timer = setTimeout(
    () => {
      const reason =
        allowed < bodyPause
          ? `Less than ${bodyRate} bytes a second came, ${received} bytes so far.`
          : `Nothing came for ${seconds(bodyPause)} after ${received} bytes.`;
      reject(incomplete(reason));
    },
    Math.max(0, Math.min(bodyPause, allowed)),
  );
  try {
    return await Promise.race([chunks.next(), late]);
  } catch (error) {
    if (error instanceof MusterError) throw error;
    throw incomplete(`The connection broke off after ${received} bytes.`);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Lets go of what is left of a body after the answer: it is read and thrown away, so that a client that sends before it
 * reads gets its answer, but not for ever.
 */
export function discardRest(message: IncomingMessage, milliseconds: number): void {
  if (message.complete || message.destroyed) return;
  const timer = setTimeout(() => message.destroy(), milliseconds);
  timer.unref();
  message.once("close", () => clearTimeout(timer));
  message.unpipe();
  message.resume();
}

function incomplete(what: string): MusterError {
  return new MusterError("body_incomplete", `${what} Nothing was applied; send the file again.`);
}

function tooSlow(how: string): MusterError {
  return new MusterError("request_timeout", `The body did not arrive ${how}. Nothing was done; send it again.`);
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1000} s`;
}
