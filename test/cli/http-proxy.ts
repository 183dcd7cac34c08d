/** An HTTP proxy on loopback, as campuses have them. */
import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import { connect, type Socket } from "node:net";
import { after } from "node:test";

/** Behavior of a proxy. */
export interface ProxyOptions {
  /** User name and password that it asks for, e.g. `me:secret`. */
  readonly login?: string;
  /** Refuses requests with this status. */
  readonly refuseWith?: number;
  /** Accepts connections, and never answers. */
  readonly isSilent?: boolean;
}

/** A running proxy. */
export interface HttpProxy {
  readonly host: string;
  /** First lines of requests, e.g. `CONNECT muster.example.edu:443`. */
  readonly log: string[];
  /** Headers of requests for `http:` addresses, which a proxy reads. */
  readonly headers: NodeJS.Dict<string | string[]>[];
}

/** Starts a proxy. Any host name leads to loopback. */
export async function startHttpProxy({ login, refuseWith, isSilent = false }: ProxyOptions = {}): Promise<HttpProxy> {
  const log: string[] = [];
  const headers: HttpProxy["headers"] = [];
  const sockets = new Set<Socket>();
  /** @returns the status of a refusal; undefined when the request may pass */
  const refusalOf = (asked: IncomingMessage) => {
    log.push(`${asked.method} ${asked.url}`);
    if (login === undefined) return refuseWith;
    const expected = `Basic ${Buffer.from(login).toString("base64")}`;
    return asked.headers["proxy-authorization"] === expected ? refuseWith : 407;
  };
  const server = createServer((asked, response) => {
    const refusal = refusalOf(asked);
    if (isSilent) return;
    headers.push(asked.headers);
    if (refusal !== undefined) {
      response.writeHead(refusal, { "content-type": "text/html" }).end("<html><title>Proxy</title></html>");
      return;
    }
    const { port, pathname, search } = new URL(asked.url!);
    const { "proxy-authorization": _, "proxy-connection": _1, ...passed } = asked.headers;
    const options = { host: "127.0.0.1", port, path: pathname + search, method: asked.method, headers: passed };
    const upstream = request(options, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    upstream.on("error", () => response.writeHead(502).end());
    asked.pipe(upstream);
  });
  server.on("connect", (asked: IncomingMessage, client: Socket) => {
    const refusal = refusalOf(asked);
    client.on("error", () => {});
    if (isSilent) return;
    if (refusal !== undefined) {
      client.end(`HTTP/1.1 ${refusal} Refused\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const upstream = connect({ host: "127.0.0.1", port: Number(asked.url!.split(":")[1]) }, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(client).pipe(upstream);
    });
    sockets.add(upstream);
    upstream.on("error", () => client.destroy());
    client.on("close", () => upstream.destroy());
  });
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as { port: number }).port}`, log, headers };
}
