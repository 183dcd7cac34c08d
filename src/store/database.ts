import { AsyncLocalStorage } from "node:async_hooks";
import pg from "pg";
import { createLater } from "./later.ts";
import { createRecordsClient, type JoinedRecords, type Records, type RecordsClient } from "./records.ts";
import { databaseUnavailable } from "./unavailable.ts";

/** A statement with its values, and the name by which a connection keeps its plan (`prepared` in src/store/sql.ts). */
export interface Statement {
  readonly text: string;
  readonly values?: unknown[];
  readonly name?: string;
}

/** Runs SQL: a connection, or a transaction. */
export interface Executor {
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    statement: string | Statement,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>>;
}

/**
 * One transaction of one organization, with two faces: sets by SQL, single records by Prisma's types. Both work on the
 * same connection and see each other's changes (docs/decisions/023).
 */
export interface Transaction extends Executor {
  /** Single records by type. Prisma joins the transaction at the first call, which costs about half a millisecond. */
  records(): Promise<Records>;
  /** The connection, for COPY. */
  readonly connection: pg.PoolClient;
}

/**
 * Notes in a transaction of the organization, right before it commits, that it was done. What it throws rolls back the
 * transaction.
 * @param importId the import that the transaction applies, or holds
 */
export type CommitNote = (transaction: Executor, importId: string | undefined) => Promise<void>;

/** The service's way to PostgreSQL. One pool serves plain SQL, COPY and Prisma. */
export interface Database {
  readonly pool: pg.Pool;
  /** Lets Prisma join transactions; `Transaction.records` does. */
  readonly records: RecordsClient;
  /** Is called with the text of each statement of a transaction, without its values; for development. */
  readonly logStatement: ((text: string) => void) | undefined;
  /** Is called after each transaction that may have appended to an organization's log, before anybody is answered. */
  readonly written: (organizationId: number) => void;
  /** Is called after each transaction that changes API keys, before anybody is answered. */
  readonly keysChanged: () => void;
  /** Work that runs in `notes` adds its note to every transaction that changes an organization. */
  readonly notes: AsyncLocalStorage<CommitNote>;
  /** Number under which this process shows its presence (src/store/presence.ts). */
  readonly process: number;
  /**
   * Tries again, with pauses, what failed because PostgreSQL was away; until it succeeds or the database is closed.
   * @param work may be done more than once
   */
  readonly later: (work: () => Promise<unknown>) => void;
  close(): Promise<void>;
}

/** The role the service works as: it owns no table, so row-level security applies to it. */
export const serviceRole = "muster_service";

const int8 = 20;
/** 64-bit integers as numbers: identifiers and sequences stay far below 2^53. Claims never leave SQL. */
export const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary") =>
    oid === int8 ? Number : pg.types.getTypeParser(oid, format as "text")) as pg.CustomTypesConfig["getTypeParser"],
};

/**
 * Opens the pool as the service role. Connections are made on demand.
 * @param connection where PostgreSQL listens, as the user that owns the tables (the role is changed at connecting)
 */
export function openDatabase(
  connection: pg.ClientConfig,
  options: {
    readonly maxConnections: number;
    readonly written?: Database["written"];
    readonly keysChanged?: Database["keysChanged"];
    readonly process?: number;
    readonly logStatement?: Database["logStatement"];
  },
): Database {
  const pool = new pg.Pool({
    ...connection,
    application_name: "muster",
    // Pages are read from memory or a solid state disk, in whatever order: by default PostgreSQL thinks of disks that turn,
    // and reads a whole table for the twentieth part of it.
    options: `-c role=${serviceRole} -c jit=off -c work_mem=64MB -c temp_buffers=64MB -c random_page_cost=1.1`,
    max: options.maxConnections,
    types,
  });
  // A connection that breaks fails the statements that run on it, and the pool makes another one. It says so besides, and
  // without a listener that would end the process: the pool listens to idle connections, nobody to those in use.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  const records = createRecordsClient();
  const later = createLater();
  return {
    pool,
    records,
    logStatement: options.logStatement,
    written: options.written ?? (() => undefined),
    keysChanged: options.keysChanged ?? (() => undefined),
    notes: new AsyncLocalStorage(),
    process: options.process ?? 0,
    later: later.add,
    close: async () => {
      await later.close();
      await records.close();
      if (!pool.ended) await pool.end();
    },
  };
}

/** The isolation of a transaction from concurrent commits. */
export type Isolation = "read committed" | "repeatable read";

/**
 * Runs `work` in one transaction that sees and touches the rows of one organization only.
 * Commits when `work` resolves, rolls back when it throws.
 */
export async function withOrganization<Result>(
  database: Database,
  organizationId: number,
  work: (transaction: Transaction) => Promise<Result>,
  isolation: Isolation = "read committed",
): Promise<Result> {
  // Both in one round trip; a number needs no escaping.
  const begin = `begin isolation level ${isolation}; select set_config('muster.organization', '${Number(organizationId)}', true)`;
  return inTransaction(await connect(database.pool), begin, (client) => withRecords(database, client, work));
}

/** Runs `work` in a transaction that Prisma can join, and has Prisma leave before the transaction ends. */
async function withRecords<Result>(
  { records, logStatement }: Database,
  client: pg.PoolClient,
  work: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  let joining: Promise<JoinedRecords> | undefined;
  const transaction: Transaction = {
    connection: client,
    query(statement, values) {
      logStatement?.(typeof statement === "string" ? statement : statement.text);
      return client.query(statement as pg.QueryConfig, values);
    },
    async records() {
      joining ??= records.join(client);
      return (await joining).records;
    },
  };
  try {
    return await work(transaction);
  } finally {
    await joining?.then(({ leave }) => leave()).catch(() => undefined);
  }
}

/**
 * Runs `work` in one transaction on a pool's connection, which goes back to the pool: commits when `work` resolves, rolls
 * back when it throws.
 * @param begin SQL that begins the transaction
 */
export async function inTransaction<Result>(
  client: pg.PoolClient,
  begin: string,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  let broken: Error | undefined;
  try {
    await client.query(begin);
    const result = await work(client);
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch {
    throw databaseUnavailable();
  }
}
