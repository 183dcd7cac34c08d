import type { IncomingMessage } from "node:http";
import { PassThrough, type Readable } from "node:stream";
import { MusterError } from "../errors.ts";

/** Longest pause within a streamed body, in milliseconds. */
export const bodyPause = 60_000;
/** Time for the whole of a JSON body, in milliseconds. */
export const bodyWhole = 30_000;
/** Time for what may still come of a body after its answer was given, in milliseconds. */
export const bodyRest = 30_000;

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
  // Whoever has stopped reading has had an error of its own to tell.
  timed.on("error", () => undefined);
  timed.once("close", () => clearTimeout(timer));
  return body.pipe(timed);
}

/**
 * The chunks of a streamed body, as they come. Unlike the stream's own iterator this one leaves the connection alone
 * when the reader stops early, so that the reader's reason can be sent.
 * @throws MusterError body_incomplete when the connection breaks off, or nothing comes for `pause` milliseconds
 */
export async function* readBody(body: Readable, pause: number): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = body.iterator({ destroyOnReturn: false });
  let received = 0;
  let isWaiting = false;
  try {
    for (;;) {
      isWaiting = true;
      const { done, value } = await nextChunk(chunks, pause, () => received);
      isWaiting = false;
      if (done) return;
      received += value.length;
      yield value;
    }
  } finally {
    // An iterator that waits for a chunk would keep whoever ends it waiting, too.
    if (!isWaiting) await chunks.return?.();
  }
}

async function nextChunk(
  chunks: AsyncIterator<Buffer>,
  pause: number,
  received: () => number,
): Promise<IteratorResult<Buffer, undefined>> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(incomplete(`Nothing came for ${seconds(pause)} after ${received()} bytes.`));
  }, pause);
  try {
    return await Promise.race([chunks.next(), late]);
  } catch (error) {
    if (error instanceof MusterError) throw error;
    throw incomplete(`The connection broke off after ${received()} bytes.`);
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
