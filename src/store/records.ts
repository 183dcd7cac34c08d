import { AsyncLocalStorage } from "node:async_hooks";
import { createHash } from "node:crypto";
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { type Prisma, PrismaClient } from "./generated/client.ts";

/** The typed face of a transaction: single records by their types. */
export type Records = Prisma.TransactionClient;

/** Prisma at work in a transaction that somebody else began and will end. */
export interface JoinedRecords {
  readonly records: Records;
  /** Ends Prisma's part. The transaction itself goes on. */
  leave(): Promise<void>;
}

/** Runs the statements of Prisma on the connection of a transaction. */
export interface JoinedConnection {
  query(statement: pg.QueryConfig): Promise<pg.QueryResult>;
}

/** Lets Prisma work in transactions of the service's own connections. */
export interface RecordsClient {
  /** @param connection runs statements on a connection that is in a transaction */
  join(connection: JoinedConnection): Promise<JoinedRecords>;
  close(): Promise<void>;
}

/** The longest time that a transaction may last, in milliseconds. Other limits end it much earlier. */
const longest = 86_400_000;

/** Makes Prisma's client. It has no connection of its own: it works on those that it joins. */
export function createRecordsClient(): RecordsClient {
  const joined = new AsyncLocalStorage<JoinedConnection>();
  const prisma = new PrismaClient({
    adapter: new PrismaPg(joiningPool(joined), {
      statementNameGenerator: ({ sql }) => createHash("sha256").update(sql).digest("base64url").slice(0, 22),
    }),
  });
  return {
    async join(connection) {
      const started = Promise.withResolvers<Records>();
      const left = Promise.withResolvers<void>();
      const ended = joined.run(connection, () =>
        prisma.$transaction(
          async (records) => {
            started.resolve(records);
            await left.promise;
          },
          { timeout: longest, maxWait: longest },
        ),
      );
      ended.catch(started.reject);
      const records = await started.promise;
      return {
        records,
        async leave() {
          left.resolve();
          await ended;
        },
      };
    },
    close: () => prisma.$disconnect(),
  };
}

/** The transaction is begun and ended by the service: these statements of Prisma do nothing. */
const boundaries = new Set(["BEGIN", "COMMIT", "ROLLBACK"]);

/** A pool that hands out the connection of the transaction that Prisma is joining, and nothing else. */
function joiningPool(joined: AsyncLocalStorage<JoinedConnection>): pg.Pool {
  const connect = async () => {
    const connection = joined.getStore();
    if (connection === undefined)
      throw new Error("Prisma works in transactions only: use the records of a transaction.");
    return {
      query: async (config: pg.QueryConfig) =>
        boundaries.has(config.text) ? { rows: [], fields: [], rowCount: 0 } : connection.query(config),
      on: () => undefined,
      removeListener: () => undefined,
      release: () => undefined,
    };
  };
  return Object.assign(new pg.Pool(), { connect, query: connect });
}
