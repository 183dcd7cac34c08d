import { createConnection, createServer, type Socket } from "node:net";
import type { ClientConfig } from "pg";

/** A way to PostgreSQL on which connections can fall silent, as they do when a firewall drops their packets. */
export interface Proxy {
  /** How to connect through it. */
  readonly connection: ClientConfig;
  /** From now on nothing passes on the connections that there are, and they stay open. New ones work. */
  swallow(): void;
  /** As `swallow`, for new connections, too, until `heal`. */
  freeze(): void;
  heal(): void;
  /** Breaks all connections. */
  cut(): void;
  close(): Promise<void>;
}

/** Starts a proxy in front of a database. */
export async function startProxy(target: ClientConfig): Promise<Proxy> {
  const url = target.connectionString === undefined ? undefined : new URL(target.connectionString);
  const pairs = new Set<readonly [Socket, Socket]>();
  const all = new Set<Socket>();
  let isFrozen = false;
  const server = createServer((client) => {
    const upstream = url
      ? createConnection({ host: url.hostname, port: Number(url.port || 5432) })
      : createConnection({ path: `${target.host}/.s.PGSQL.${target.port ?? 5432}` });
    const pair = [client, upstream] as const;
    pairs.add(pair);
    for (const socket of pair) all.add(socket);
    for (const [one, other] of [pair, [upstream, client] as const]) {
      one.on("data", (bytes) => {
        if (pairs.has(pair) && !isFrozen) other.write(bytes);
      });
      one.on("error", () => undefined);
      one.on("close", () => pairs.has(pair) && other.destroy());
    }
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address() as { port: number };
  const place = { host: "127.0.0.1", port: address.port };
  return {
    connection: url
      ? { ...place, user: url.username, password: decodeURIComponent(url.password), database: url.pathname.slice(1) }
      : { ...target, ...place },
    swallow: () => pairs.clear(),
    freeze() {
      isFrozen = true;
    },
    heal() {
      isFrozen = false;
    },
    cut() {
      for (const socket of all) socket.destroy();
    },
    async close() {
      for (const socket of all) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
