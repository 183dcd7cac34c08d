import type pg from "pg";
import { connectionConfig } from "./connections.ts";
import { createStandingConnection } from "./standing-connection.ts";
import type { Executor } from "./statement.ts";
import { type TimeLimits, timeLimits } from "./time-limits.ts";
import { databaseUnavailable } from "./unavailable.ts";

/** The standing connection of the user that owns the tables. */
export interface OwnerConnection extends Executor {
  /**
   * Runs `work` on the connection while nobody else uses it, for example in a transaction.
   * @throws MusterError database_unavailable while there is no connection
   */
  exclusive<Result>(work: (client: pg.ClientBase) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/**
 * Connects as the owner of the tables. Statements wait for each other. While there is no connection, they fail.
 * @param connection where PostgreSQL listens
 * @param join prepares every connection before anybody else uses it; `isFirst` is false for a replacement
 * @throws the reason why the first connection, or `join` on it, failed
 */
export async function openOwnerConnection(
  connection: pg.ClientConfig,
  join: (client: pg.Client, isFirst: boolean) => Promise<void>,
  limits: TimeLimits = timeLimits,
): Promise<OwnerConnection> {
  let last: Promise<unknown> = Promise.resolve();
  // Its work waits in line, so that a sign of life is asked for only when nothing runs.
  const inLine = <Result>(work: () => Promise<Result>) => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
  const standing = createStandingConnection({
    connection: {
      ...connectionConfig(connection, { name: "muster owner", limits, settings: {} }),
      query_timeout: limits.importStatement,
    },
    prepare: join,
    heartbeat: limits.heartbeat,
    askForLife: (client) =>
      inLine(() => client.query({ text: "select", query_timeout: limits.heartbeatAnswer } as pg.QueryConfig)),
  });
  const exclusive: OwnerConnection["exclusive"] = (work) =>
    inLine(async () => {
      if (standing.client === undefined) throw databaseUnavailable();
      return work(standing.client);
    });
  await standing.connect();
  return {
    exclusive,
    query: (statement, values) => exclusive((client) => client.query(statement as pg.QueryConfig, values)),
    close: () => standing.close(),
  };
}
