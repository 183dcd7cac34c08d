import { setImmediate as nextTurn } from "node:timers/promises";
import { MusterError } from "../errors.ts";

/** Bytes that a reader gets at once. Readers take a few milliseconds for them, whatever they contain. */
export const turnBytes = 16 * 1024;

/** Milliseconds of the processor that reading a file may take. A gigabyte of ordinary rows takes two minutes. */
const mostWork = 600_000;

/** Milliseconds of the processor that this thread has used. */
const used = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
};

/**
 * Hands the bytes of a file on in small pieces, and yields to the event loop before each: other requests wait for one
 * piece at most.
 * @param work milliseconds of the processor that have been used
 * @throws MusterError body_too_large if the consumer needs too much of the processor; whatever `chunks` throws
 */
export async function* inTurns(chunks: AsyncIterable<Uint8Array>, work = used): AsyncGenerator<Uint8Array> {
  let worked = 0;
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += turnBytes) {
      await nextTurn();
      const before = work();
      yield chunk.subarray(start, start + turnBytes);
      worked += work() - before;
      if (worked > mostWork) throw tooMuchWork();
    }
  }
}

const tooMuchWork = () =>
  new MusterError(
    "body_too_large",
    "The file takes more than 10 minutes of the processor to read. Send it in parts. Nothing was changed.",
  );

/** Hands a text on in the same way. No character is cut in two. A short text is handed on at once, even an empty one. */
export async function* textInTurns(text: string): AsyncGenerator<string> {
  let start = 0;
  for (let end = cutBefore(text, turnBytes); end < text.length; end = cutBefore(text, start + turnBytes)) {
    yield text.slice(start, end);
    start = end;
    await nextTurn();
  }
  yield start === 0 ? text : text.slice(start);
}

/** The last place up to `end` that is not within a character. */
const cutBefore = (text: string, end: number): number =>
  end < text.length && /[\ud800-\udbff]/.test(text[end - 1]!) ? end - 1 : end;
