import { once } from "node:events";
import { Readable } from "node:stream";
import { CommandError, exitStatus, usageError } from "../exit-status.ts";
import { causeOf, type Ends, NotReached, silence } from "./not-reached.ts";
import type { ProxySettings } from "./proxy-settings.ts";
import { type Exchange, type RawAnswer, readText, stallTimeout, type Transport, watchBody } from "./transport.ts";

type Undici = typeof import("undici");

/** Reads no chunk before the one before it was taken: progress and silence then describe the connection. */
const oneByOne = { objectMode: true, highWaterMark: 1 };

/**
 * Connects to the service through a proxy: https through a tunnel (CONNECT), http by asking the proxy. undici does this.
 * It is loaded here and nowhere else, so that the command needs no package without a proxy.
 * @param service place of the service for messages, e.g. `muster.example.edu:443`
 * @throws CommandError (usage) when undici is not installed
 */
export async function openProxiedTransport(proxy: ProxySettings, service: string): Promise<Transport> {
  const { ProxyAgent, request } = await loadUndici(proxy);
  // `watchSilence` limits the time instead of undici.
  const open = () => new ProxyAgent({ uri: proxy.url.href, proxyTunnel: false, headersTimeout: 0, bodyTimeout: 0 });
  const close = (agent: ReturnType<typeof open>) => void agent.destroy().catch(() => {});
  const ends = { service: `${service} through ${proxy.name}`, peer: proxy.name };
  let dispatcher = open();
  return {
    exchange: async (exchange) => {
      try {
        return await converse(exchange, { request, dispatcher, ends, proxy });
      } catch (error) {
        // undici does not stop a tunnel that is being opened until its agent is destroyed.
        close(dispatcher);
        dispatcher = open();
        throw error;
      }
    },
    close: () => close(dispatcher),
  };
}

async function loadUndici({ variable }: ProxySettings): Promise<Undici> {
  try {
    return await import("undici");
  } catch {
    throw usageError(
      `${variable} is set, and the npm package undici, which speaks to proxies, cannot be loaded. Install muster with npm on Node.js 20.18.1 or later, or list the service in NO_PROXY.`,
    );
  }
}

interface Proxied {
  readonly request: Undici["request"];
  readonly dispatcher: InstanceType<Undici["ProxyAgent"]>;
  readonly ends: Ends;
  readonly proxy: ProxySettings;
}

async function converse({ url, body, timeout, signal, ...options }: Exchange, proxied: Proxied): Promise<RawAnswer> {
  let hasBegun = false;
  const watch = watchSilence((milliseconds) => new NotReached(silence(proxied.ends, milliseconds), hasBegun));
  const watched = watchBody(body ?? nothing(), () => {
    hasBegun = true;
    watch.limit(stallTimeout);
  });
  watch.limit(body === undefined ? timeout : stallTimeout);
  const readable =
    body === undefined
      ? null
      : Readable.from(
          sent(watched.chunks, () => watch.limit(timeout)),
          oneByOne,
        );
  try {
    const aborted = AbortSignal.any([signal, watch.signal]);
    const answered = proxied.request(url, {
      ...options,
      dispatcher: proxied.dispatcher,
      body: readable,
      signal: aborted,
    });
    const answer = await Promise.race([answered, rejectionOf(aborted)]);
    hasBegun = true;
    watch.limit(timeout);
    return { status: answer.statusCode, headers: answer.headers, text: await readText(answer.body) };
  } catch (error) {
    watched.rethrow();
    signal.throwIfAborted();
    watch.signal.throwIfAborted();
    throw explain(error, hasBegun, proxied);
  } finally {
    watch.end();
    readable?.destroy();
  }
}

/** Rejects when the signal is aborted. */
async function rejectionOf(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, "abort");
  throw signal.reason;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function* sent(chunks: AsyncIterable<Uint8Array>, onEnd: () => void): AsyncGenerator<Uint8Array> {
  yield* chunks;
  onEnd();
}

/** Aborts its signal after some time, unless it is told a new limit before. */
function watchSilence(toError: (milliseconds: number) => NotReached) {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  return {
    signal: controller.signal,
    limit: (milliseconds: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(toError(milliseconds)), milliseconds);
    },
    end: () => clearTimeout(timer),
  };
}

/** undici tells a refusal of the proxy by the status in a message. */
function explain(error: unknown, hasBegun: boolean, { ends, proxy }: Proxied): Error {
  const { message } = error as Error;
  const [, status] = /^Proxy (?:response|Authentication Required) \((\d{3})\)/.exec(message) ?? [];
  const name = `${proxy.name.charAt(0).toUpperCase()}${proxy.name.slice(1)}`;
  if (status === "407") {
    const login = proxy.url.username === "" ? "asks for a user name and password" : "refused the user name or password";
    const scheme = proxy.url.protocol;
    return new CommandError(
      exitStatus.unreachable,
      `${name} ${login}. Set ${proxy.variable} to ${scheme}//USER:PASSWORD@${proxy.url.host}`,
    );
  }
  if (status !== undefined) {
    const problem = `${name} did not connect to the service (status ${status}).`;
    const advice = `Check the address of the service, or list it in NO_PROXY if it is reached without a proxy.`;
    return new NotReached({ problem, advice, isPermanent: status.startsWith("4") }, false);
  }
  const isBroken = ["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"].includes((error as NodeJS.ErrnoException).code ?? "");
  return new NotReached(causeOf(error, ends), hasBegun || isBroken);
}
