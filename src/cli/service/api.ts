import type { Environment } from "../context.ts";
import type { Connection } from "./connection.ts";
import { openDirectTransport } from "./direct-transport.ts";
import { openProxiedTransport } from "./proxied-transport.ts";
import { placeOf, readProxySettings } from "./proxy-settings.ts";
import type { Exchange, RawAnswer } from "./transport.ts";

/** A request to the API. */
export interface Call extends Pick<Exchange, "method" | "timeout" | "signal"> {
  /** With its query, e.g. `/v1/users?limit=1000`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: AsyncIterable<Uint8Array>;
}

/** An answer, read to its end. */
export interface Answer extends RawAnswer {
  /** Address of the service. */
  readonly service: URL;
  /** Path of the call. */
  readonly path: string;
}

/** The API of the service. */
export interface Api {
  /** @throws NotReached when there is no whole answer */
  send(call: Call): Promise<Answer>;
  close(): void;
}

/**
 * Opens the API, through the proxy that the environment names for it.
 * @param version of the command
 * @throws CommandError (usage) when the proxy cannot be used
 */
export async function openApi({ url, key }: Connection, version: string, environment: Environment): Promise<Api> {
  const proxy = readProxySettings(url, environment);
  const transport =
    proxy === undefined
      ? openDirectTransport(url.protocol === "https:", placeOf(url))
      : await openProxiedTransport(proxy, placeOf(url));
  const base = url.pathname === "/" ? "" : url.pathname;
  return {
    send: async ({ method, path, headers, body, timeout, signal }) => {
      const own = { authorization: `Bearer ${key}`, "user-agent": `muster/${version}`, accept: "application/json" };
      const answer = await transport.exchange({
        method,
        url: new URL(`${base}${path}`, url),
        headers: { ...own, ...headers },
        body,
        timeout,
        signal,
      });
      return { ...answer, service: url, path };
    },
    close: transport.close,
  };
}

/** A JSON body and its content type. */
export function jsonBody(document: object): Pick<Call, "headers" | "body"> {
  async function* write() {
    yield Buffer.from(JSON.stringify(document), "utf8");
  }
  return { headers: { "content-type": "application/json" }, body: write() };
}
