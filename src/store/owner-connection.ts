import pg from "pg";
import type { Executor } from "./database.ts";
import { databaseUnavailable } from "./unavailable.ts";

/** The standing connection of the user that owns the tables. When it breaks, it is made anew. */
export interface OwnerConnection extends Executor {
  /**
   * Runs `work` on the connection while nobody else uses it: a transaction, say.
   * @throws MusterError database_unavailable while there is no connection
   */
  exclusive<Result>(work: (client: pg.ClientBase) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** Pauses between attempts to connect, in milliseconds. */
const firstPause = 100;
const longestPause = 5_000;

/**
 * Connects as the owner of the tables. Statements wait for each other; those that are sent while there is no connection
 * fail.
 * @param connection where PostgreSQL listens
 * @param join run first on every connection, before anybody else uses it
 * @param join.isFirst false of those that are made anew
 * @throws whatever keeps the first connection, or `join` on it, from working
 */
export async function openOwnerConnection(
  connection: pg.ClientConfig,
  join: (client: pg.Client, isFirst: boolean) => Promise<void>,
): Promise<OwnerConnection> {
  let current: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let pause = firstPause;
  let isClosed = false;
  let last: Promise<unknown> = Promise.resolve();

  const connect = async (isFirst: boolean) => {
    const client = new pg.Client({
      ...connection,
      application_name: "muster owner",
      keepAlive: true,
      keepAliveInitialDelayMillis: 30_000,
    });
    let isBroken = false;
    const lost = () => {
      isBroken = true;
      if (current !== client) return;
      current = undefined;
      again();
    };
    client.on("error", lost);
    client.on("end", lost);
    try {
      await client.connect();
      await join(client, isFirst);
      if (isBroken || isClosed) throw databaseUnavailable();
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    pause = firstPause;
    current = client;
  };
  const again = () => {
    if (isClosed) return;
    timer = setTimeout(() => void connect(false).catch(again), pause);
    pause = Math.min(longestPause, pause * 2);
  };
  const exclusive: OwnerConnection["exclusive"] = (work) => {
    const result = last.then(() => {
      if (current === undefined) throw databaseUnavailable();
      return work(current);
    });
    last = result.catch(() => undefined);
    return result;
  };

  await connect(true);
  return {
    exclusive,
    query: (text, values) => exclusive((client) => client.query(text, values)),
    async close() {
      isClosed = true;
      clearTimeout(timer);
      const client = current;
      current = undefined;
      await client?.end().catch(() => undefined);
    },
  };
}
