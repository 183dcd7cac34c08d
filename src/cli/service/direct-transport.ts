import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request } from "node:http";
import { Agent as HttpsAgent, request as secureRequest } from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Cause, causeOf, type Ends, NotReached, silence } from "./not-reached.ts";
import { type Exchange, type RawAnswer, readText, stallTimeout, type Transport, watchBody } from "./transport.ts";

/** TCP probes a connection that has been silent for this long, in milliseconds: a dead peer is noticed. */
const probeAfter = 30_000;

/**
 * Connects to the service without a proxy.
 * @param place of the service for messages, e.g. `muster.example.edu:443`
 */
export function openDirectTransport(isSecure: boolean, place: string): Transport {
  const agent = isSecure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  return {
    exchange: ({ url, body, timeout, ...options }) => {
      const sent = (isSecure ? secureRequest : request)(url, { ...options, agent });
      return converse(sent, body, timeout, place);
    },
    close: () => agent.destroy(),
  };
}

async function converse(
  sent: ClientRequest,
  body: Exchange["body"],
  timeout: number,
  place: string,
): Promise<RawAnswer> {
  const ends = { service: place, peer: place };
  let wasConnected = false;
  const onConnected = () => {
    wasConnected = true;
  };
  const limitSilence = (milliseconds: number) =>
    sent.setTimeout(milliseconds, () => sent.destroy(new NotReached(silence(ends, milliseconds), wasConnected)));
  limitSilence(stallTimeout);
  sent.once("socket", (socket) => {
    socket.setKeepAlive(true, probeAfter);
    if (socket.connecting) socket.once(sent.protocol === "https:" ? "secureConnect" : "connect", onConnected);
    else onConnected();
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once("response", resolve);
    sent.once("error", reject);
  });
  let isAnswered = false;
  answered.then(
    () => (isAnswered = true),
    () => {},
  );
  const watched = body === undefined ? undefined : watchBody(body);
  try {
    if (watched === undefined) sent.end();
    else {
      const readable = Readable.from(watched.chunks, { objectMode: true, highWaterMark: 1 });
      // An error while sending may come from an answer that arrived early.
      await Promise.race([pipeline(readable, sent), answered]).catch(() => {});
    }
    watched?.rethrow();
    sent.removeAllListeners("timeout");
    limitSilence(timeout);
    const message = await answered;
    return { status: message.statusCode!, headers: message.headers, text: await readText(message) };
  } catch (error) {
    sent.destroy();
    watched?.rethrow();
    if (error instanceof NotReached || (error as Error).name === "AbortError") throw error;
    throw new NotReached(explain(error, sent.protocol === "https:", isAnswered, ends), wasConnected);
  }
}

function explain(error: unknown, isSecure: boolean, isAnswered: boolean, ends: Ends): Cause {
  const cause = causeOf(error, ends);
  if (isSecure || isAnswered || (error as NodeJS.ErrnoException).code !== "ECONNRESET") return cause;
  // A server of TLS closes a connection that begins without it.
  return { ...cause, advice: "If the service uses TLS, use https in its address." };
}
