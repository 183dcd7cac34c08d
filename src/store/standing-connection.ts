import pg from "pg";
import { cutConnection } from "./connections.ts";
import { every } from "./every.ts";
import { databaseUnavailable } from "./unavailable.ts";

/** One connection that reconnects whenever it breaks. */
export interface StandingConnection {
  /** The connection; undefined while disconnected. */
  readonly client: pg.Client | undefined;
  /**
   * Makes the first connection.
   * @throws the reason why it cannot be made
   */
  connect(): Promise<void>;
  /** Makes the first connection, and retries until it works. */
  keepConnecting(): void;
  close(): Promise<void>;
}

export interface StandingConnectionOptions {
  readonly connection: pg.ClientConfig;
  /**
   * Prepares each new connection, before anybody uses it.
   * @param isFirst false for a connection that replaces a broken one
   */
  readonly prepare: (client: pg.Client, isFirst: boolean) => Promise<unknown>;
  /**
   * Asks the other side for a sign of life. A rejection means that the connection is silent: it is cut, and replaced.
   */
  readonly askForLife: (client: pg.Client) => Promise<unknown>;
  /** Pause between two signs of life, in milliseconds. */
  readonly heartbeat: number;
  /** Is called when a connection is ready for use. */
  readonly connected?: () => void;
  /** Is called when the connection breaks, or another attempt to connect fails. */
  readonly broken?: () => void;
}

/** Pauses between attempts to connect, in milliseconds. */
const firstPause = 100;
const longestPause = 5_000;

/** Makes a standing connection; nothing connects before `connect` or `keepConnecting`. */
export function createStandingConnection(options: StandingConnectionOptions): StandingConnection {
  let current: pg.Client | undefined;
  let connecting: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let pause = firstPause;
  let isFirst = true;
  let stopHeartbeat: (() => Promise<void>) | undefined;
  let isClosed = false;

  const attempt = async () => {
    const client = new pg.Client(options.connection);
    let isBroken = false;
    const lose = () => {
      isBroken = true;
      if (current !== client) return;
      current = undefined;
      again();
    };
    client.on("error", lose);
    client.on("end", lose);
    connecting = client;
    try {
      await client.connect();
      await options.prepare(client, isFirst);
      if (isBroken || isClosed) throw databaseUnavailable();
    } catch (error) {
      cutConnection(client);
      throw error;
    } finally {
      connecting = undefined;
    }
    isFirst = false;
    pause = firstPause;
    current = client;
    stopHeartbeat ??= keepAsking(options, () => current);
    options.connected?.();
  };
  const again = () => {
    if (isClosed) return;
    options.broken?.();
    timer = setTimeout(keepConnecting, pause);
    pause = Math.min(longestPause, pause * 2);
  };
  const keepConnecting = () => {
    attempt().catch(again);
  };
  return {
    get client() {
      return current;
    },
    connect: attempt,
    keepConnecting,
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await stopHeartbeat?.();
      const client = current ?? connecting;
      current = undefined;
      if (client !== undefined) await endConnection(client, options.heartbeat);
    },
  };
}

/** Asks for signs of life, and cuts a connection that gives none. Returns a function that stops it. */
function keepAsking({ heartbeat, askForLife }: StandingConnectionOptions, current: () => pg.Client | undefined) {
  const ask = async () => {
    const client = current();
    if (client !== undefined) await askForLife(client).catch(() => cutConnection(client));
  };
  return every(heartbeat, ask, () => undefined);
}

/** Ends a connection in good order. After `patience` milliseconds it is cut: a silent peer would never answer. */
async function endConnection(client: pg.Client, patience: number): Promise<void> {
  const cut = setTimeout(() => cutConnection(client), patience);
  await client.end().catch(() => undefined);
  clearTimeout(cut);
}
