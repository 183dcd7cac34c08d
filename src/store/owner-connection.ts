import type pg from "pg";
import type { Executor } from "./database.ts";
import { createStandingConnection } from "./standing-connection.ts";
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
): Promise<OwnerConnection> {
  let last: Promise<unknown> = Promise.resolve();
  const standing = createStandingConnection({
    connection: { ...connection, application_name: "muster owner" },
    prepare: join,
  });
  const exclusive: OwnerConnection["exclusive"] = (work) => {
    const result = last.then(() => {
      if (standing.client === undefined) throw databaseUnavailable();
      return work(standing.client);
    });
    last = result.catch(() => undefined);
    return result;
  };
  await standing.connect();
  return {
    exclusive,
    query: (statement, values) => exclusive((client) => client.query(statement as pg.QueryConfig, values)),
    close: () => standing.close(),
  };
}
