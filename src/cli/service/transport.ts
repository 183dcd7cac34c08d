import type { IncomingHttpHeaders } from "node:http";

/** A request on its way to the service. */
export interface Exchange {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array> | undefined;
  /** The longest silence of the service after it has the request, in milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** An answer, read to its end. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Carries requests to the service. Redirects are not followed: they would take the key to another host. */
export interface Transport {
  /**
   * Sends a request and reads the whole answer.
   * @throws NotReached when there is no whole answer; whatever the body throws
   */
  exchange(exchange: Exchange): Promise<RawAnswer>;
  close(): void;
}

/** The most time for connecting, and for each piece of a body, in milliseconds. */
export const stallTimeout = 60_000;

/** More of an answer is not read, in bytes: no page of the service is as large. */
const largestAnswer = 64 * 1024 * 1024;

/** @throws Error when it is too long, or breaks off */
export async function readText(message: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of message) {
    bytes += chunk.length;
    if (bytes > largestAnswer) throw new Error("the answer is longer than 64 MB");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** A body that remembers its own failure, so that it is not taken for one of the network. */
export interface WatchedBody {
  readonly chunks: AsyncGenerator<Uint8Array, void, undefined>;
  /** @throws the error of the body, if it had one */
  rethrow(): void;
}

/** @param onChunk called after each piece, once the connection has taken it */
export function watchBody(body: AsyncIterable<Uint8Array>, onChunk: () => void = () => {}): WatchedBody {
  let failure: { readonly error: unknown } | undefined;
  async function* read() {
    try {
      for await (const chunk of body) {
        yield chunk;
        onChunk();
      }
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
  return {
    chunks: read(),
    rethrow: () => {
      if (failure !== undefined) throw failure.error;
    },
  };
}
