/** A network between the command and the service that fails as it is told. */
import { once } from "node:events";
import { createServer, connect as open, type Server, type Socket } from "node:net";
import { after } from "node:test";

/** What becomes of a connection. */
export interface Fate {
  /** Breaks off once so many bytes of the request have been passed on. */
  readonly breakAfterRequestBytes?: number;
  /** Breaks off as soon as the answer comes, which is not passed on. */
  readonly dropAnswer?: boolean;
  /** Answers this instead of passing the request on. */
  readonly answer?: string;
  /** Changes what is passed on to the service. */
  readonly alter?: (request: string) => string;
}

/** A proxy of TCP connections. */
export interface Proxy {
  readonly url: string;
  /** What the clients sent, a text each connection. */
  readonly requests: string[];
}

/**
 * Starts a proxy.
 * @param fates of the connections, one after the other; the ones after them go through
 */
export async function startProxy(target: string, fates: readonly Fate[]): Promise<Proxy> {
  const { hostname, port } = new URL(target);
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    const number = requests.push("") - 1;
    const { breakAfterRequestBytes = Number.POSITIVE_INFINITY, dropAnswer, answer, alter } = fates[number] ?? {};
    const upstream = open({ host: hostname, port: Number(port) });
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", end).on("close", end);
    }
    let passed = 0;
    client.on("data", (chunk) => {
      requests[number] += chunk.toString("latin1");
      passed += chunk.length;
      if (answer !== undefined) client.end(answer);
      else if (passed > breakAfterRequestBytes) end();
      else upstream.write(alter ? Buffer.from(alter(chunk.toString("latin1")), "latin1") : chunk);
    });
    upstream.on("data", (chunk) => (dropAnswer ? end() : client.write(chunk)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, requests };
}
