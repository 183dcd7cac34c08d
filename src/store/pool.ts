import pg from "pg";
import { connectionConfig, cutConnection } from "./connections.ts";
import { asStatement, driverStatement, type Executor, type Statement } from "./statement.ts";
import type { TimeLimits } from "./time-limits.ts";
import { databaseUnavailable, isSilent, isUnavailable, UnfitDatabaseError } from "./unavailable.ts";

/** Connections to PostgreSQL that are made on demand, and given up when they fall silent. */
export interface ConnectionPool extends Executor {
  readonly pool: pg.Pool;
  /** True if a pooler is between the service and PostgreSQL, so that a connection keeps nothing between transactions. */
  readonly isPooled: boolean;
  /**
   * Begins a transaction. A connection that turns out to be lost or silent is replaced once: nothing was done on it yet.
   * @param text SQL that begins the transaction
   * @throws MusterError database_unavailable
   */
  begin(text: string): Promise<pg.PoolClient>;
  /**
   * Runs one statement that changes nothing, outside of a transaction. It is retried once like `begin`.
   * @throws MusterError database_unavailable, and the errors of PostgreSQL
   */
  query: Executor["query"];
  /** Ends all connections: in good order, or by cutting them when that takes too long. */
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly name: string;
  readonly maxConnections: number;
  readonly limits: TimeLimits;
  readonly settings: Readonly<Record<string, string>>;
  readonly isPooled: boolean;
  readonly types: pg.CustomTypesConfig;
  /** Looks at a new connection before its first use. A rejection means that it cannot be used. */
  readonly check: (client: pg.ClientBase) => Promise<void>;
}

/** Makes a pool; nothing connects before the first use. */
export function openPool(place: pg.ClientConfig, options: PoolOptions): ConnectionPool {
  const { maxConnections, limits, types, check } = options;
  const pool = new pg.Pool({ ...connectionConfig(place, options), max: maxConnections, types, onConnect: check });
  const { clients, idle } = watchClients(pool);
  /** Idle connections that were cut, and that the pool may not have removed yet. */
  const givenUp = new WeakSet<pg.ClientBase>();
  const connect = async () => {
    try {
      return await pool.connect();
    } catch (error) {
      throw isUnavailable(error) && !(error instanceof UnfitDatabaseError) ? databaseUnavailable() : error;
    }
  };
  /** Runs a first statement on a connection. If the connection is lost, the other idle ones probably are, too. */
  const first = async <Result>(
    statement: Statement,
    use: (client: pg.PoolClient, result: pg.QueryResult) => Result,
  ) => {
    for (let attempts = 1; ; ) {
      const client = await connect();
      try {
        return use(client, await client.query(driverStatement(statement, limits.probe, options.isPooled)));
      } catch (error) {
        if (isSilent(error)) cutConnection(client);
        client.release(error as Error);
        if (!isUnavailable(error)) throw error;
        if (givenUp.has(client)) continue;
        if (attempts === 2) throw databaseUnavailable();
        attempts++;
        for (const other of idle) {
          givenUp.add(other);
          cutConnection(other);
        }
      }
    }
  };
  return {
    pool,
    isPooled: options.isPooled,
    begin: (text) => first({ text }, (client) => client),
    query: (given, values) => {
      return first(asStatement(given, values), (client, result) => {
        client.release();
        return result;
      });
    },
    async close() {
      if (pool.ended) return;
      const cut = setTimeout(() => clients.forEach(cutConnection), limits.close);
      await pool.end();
      clearTimeout(cut);
    },
  };
}

/** Keeps the sets of all connections of a pool, and of its idle ones. */
function watchClients(pool: pg.Pool) {
  const clients = new Set<pg.ClientBase>();
  const idle = new Set<pg.ClientBase>();
  // A connection that breaks fails the statements that run on it, and the pool makes another one. Without a listener its
  // error event would end the process: the pool listens to idle connections only.
  pool.on("error", () => {});
  pool.on("connect", (client) => {
    clients.add(client);
    client.on("error", () => {});
  });
  pool.on("acquire", (client) => idle.delete(client));
  pool.on("release", (_error, client) => idle.add(client));
  pool.on("remove", (client) => {
    idle.delete(client);
    clients.delete(client);
  });
  return { clients, idle };
}
