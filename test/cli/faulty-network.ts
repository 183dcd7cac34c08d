/** A network between the command and the service that fails on purpose. */
import { once } from "node:events";
import { createServer, connect as open, type Socket } from "node:net";
import { after } from "node:test";

/** The fault of one connection. */
export interface Fault {
  /** Breaks off after so many bytes of the request. */
  readonly breakAfterRequestBytes?: number;
  /** Breaks off after so many bytes of the answer. */
  readonly breakAfterAnswerBytes?: number;
  /** Answers this, and passes nothing on. */
  readonly answer?: string;
  /** Changes the request on its way. */
  readonly alter?: (request: string) => string;
}

/** A network with faults. */
export interface FaultyNetwork {
  readonly url: string;
  /** Text of the clients, one for each connection. */
  readonly requests: string[];
}

/**
 * Starts a network.
 * @param faults of the connections, one after the other; later connections have none
 */
export async function startFaultyNetwork(target: string, faults: readonly Fault[]): Promise<FaultyNetwork> {
  const { hostname, port } = new URL(target);
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const number = requests.push("") - 1;
    const { answer, alter, ...limits } = faults[number] ?? {};
    const { breakAfterRequestBytes = Infinity, breakAfterAnswerBytes = Infinity } = limits;
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
    let answered = 0;
    upstream.on("data", (chunk) => {
      answered += chunk.length;
      if (answered <= breakAfterAnswerBytes) client.write(chunk);
      else client.end(chunk.subarray(0, chunk.length - (answered - breakAfterAnswerBytes)), end);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, requests };
}
