import { AsyncLocalStorage } from "node:async_hooks";
import pg from "pg";
import { checkConnection } from "./check-connection.ts";
import { cutConnection } from "./connections.ts";
import { createLater } from "./later.ts";
import { type ConnectionPool, openPool } from "./pool.ts";
import { createRecordsClient, type JoinedRecords, type Records, type RecordsClient } from "./records.ts";
import { asStatement, driverStatement, type Executor, type Statement } from "./statement.ts";
import { type TimeLimits, timeLimits } from "./time-limits.ts";
import { isFull, isSilent } from "./unavailable.ts";

/**
 * One transaction of one organization, with two faces: sets by SQL, single records by Prisma's types. Both work on the
 * same connection and see each other's changes (docs/decisions/023).
 */
export interface Transaction extends Executor {
  readonly limits: TimeLimits;
  /** The longest time of one statement, in milliseconds; PostgreSQL ends it then. */
  readonly statementLimit: number;
  readonly checkClock: CheckClock;
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

/**
 * Compares the clocks, right before anything is dated by them.
 * @param times.database the database's clock, in milliseconds since 1970
 * @param times.lastChange the time of the organization's last change; null if it has none
 * @throws MusterError clock_implausible
 */
export type CheckClock = (times: { readonly database: number; readonly lastChange: number | null }) => void;

/** The service's way to PostgreSQL. The pools serve plain SQL, COPY and Prisma. */
export interface Database {
  /** Connections of requests. */
  readonly requests: ConnectionPool;
  /** Connections of imports: the pool of requests, or a direct one if there is a pooler. */
  readonly imports: ConnectionPool;
  readonly limits: TimeLimits;
  /** Lets Prisma join transactions; `Transaction.records` does. */
  readonly records: RecordsClient;
  /** Is called with the text of each statement of a transaction, without its values; for development. */
  readonly logStatement: ((text: string) => void) | undefined;
  readonly checkClock: CheckClock;
  /** `isDoubtful` is set when PostgreSQL has no room for a change; /readyz finds out when there is room again. */
  readonly room: { isDoubtful: boolean };
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

export interface DatabaseOptions {
  readonly maxConnections: number;
  /** A pooler in front of PostgreSQL that serves requests; undefined: requests go to PostgreSQL itself. */
  readonly pooler?: pg.ClientConfig | undefined;
  readonly limits?: TimeLimits;
  readonly checkClock?: CheckClock | undefined;
  readonly written?: Database["written"];
  readonly keysChanged?: Database["keysChanged"];
  readonly process?: number;
  readonly logStatement?: Database["logStatement"];
}

/**
 * Opens the pools as the service role. Connections are made on demand.
 * @param connection where PostgreSQL itself listens, as the user that owns the tables (each transaction takes the role)
 */
export function openDatabase(connection: pg.ClientConfig, options: DatabaseOptions): Database {
  const { pooler, limits = timeLimits } = options;
  const isPooled = pooler !== undefined;
  const settings = { role: serviceRole, ...sessionSettings(limits), temp_buffers: "64MB" };
  const common = { name: "muster", limits, settings, types };
  const direct = openPool(connection, {
    ...common,
    maxConnections: isPooled ? Math.max(1, Math.ceil(options.maxConnections / 3)) : options.maxConnections,
    isPooled: false,
    check: checkConnection(beginText({ organizationId: 0, limits })),
  });
  const requests =
    pooler === undefined
      ? direct
      : openPool(pooler, {
          ...common,
          maxConnections: options.maxConnections,
          isPooled,
          check: checkConnection(beginText({ organizationId: 0, isPooled, limits })),
        });
  const records = createRecordsClient();
  const later = createLater();
  return {
    requests,
    imports: direct,
    limits,
    records,
    logStatement: options.logStatement,
    checkClock: options.checkClock ?? (() => undefined),
    written: options.written ?? (() => undefined),
    keysChanged: options.keysChanged ?? (() => undefined),
    room: { isDoubtful: false },
    notes: new AsyncLocalStorage(),
    process: options.process ?? 0,
    later: later.add,
    close: async () => {
      await later.close();
      await records.close();
      await requests.close();
      await direct.close();
    },
  };
}

/** Settings of a session that works for requests. */
const sessionSettings = (limits: TimeLimits) => ({
  jit: "off",
  work_mem: "64MB",
  // Pages are read from memory or a solid state disk, in any order. By default PostgreSQL expects disks that turn, and
  // reads a whole table for a twentieth of it.
  random_page_cost: "1.1",
  statement_timeout: String(limits.statement),
  idle_in_transaction_session_timeout: String(limits.idleWriter),
});

/** The isolation of a transaction from concurrent commits. */
export type Isolation = "read committed" | "repeatable read";

/** A request's transaction is short. An import's may run long statements, and reads its file in between. */
export type Pace = "request" | "import";

interface Beginning {
  readonly organizationId: number;
  readonly limits: TimeLimits;
  readonly isolation?: Isolation;
  readonly pace?: Pace;
  readonly isPooled?: boolean;
}

/**
 * The SQL that begins a transaction, in one round trip. It takes the role even though the session has it: a pooler may
 * have dropped the settings of the session, and row-level security depends on the role.
 */
function beginText({ organizationId, limits, isolation, pace, isPooled }: Beginning): string {
  const settings = {
    ...(isPooled ? sessionSettings(limits) : {}),
    ...(pace === "import" ? importSettings(limits) : {}),
  };
  return [
    `begin isolation level ${isolation ?? "read committed"}`,
    `set local role ${serviceRole}`,
    ...Object.entries(settings).map(([name, value]) => `set local ${name} = '${value}'`),
    // A number needs no escaping.
    `select set_config('muster.organization', '${Number(organizationId)}', true)`,
  ].join("; ");
}

const importSettings = (limits: TimeLimits) => ({
  statement_timeout: String(limits.importStatement),
  idle_in_transaction_session_timeout: String(limits.idleImport),
});

/**
 * Runs `work` in one transaction that sees and touches the rows of one organization only.
 * Commits when `work` resolves, rolls back when it throws.
 * @throws MusterError database_unavailable, and the errors of `work`
 */
export async function withOrganization<Result>(
  database: Database,
  organizationId: number,
  work: (transaction: Transaction) => Promise<Result>,
  isolation: Isolation = "read committed",
  pace: Pace = "request",
): Promise<Result> {
  const { limits } = database;
  const pool = pace === "import" ? database.imports : database.requests;
  const { isPooled } = pool;
  const client = await pool.begin(beginText({ organizationId, limits, isolation, pace, isPooled }));
  const statementLimit = pace === "import" ? limits.importStatement : limits.statement;
  try {
    return await inTransaction(client, () => withRecords(database, client, { statementLimit, isPooled }, work));
  } catch (error) {
    if (isFull(error)) database.room.isDoubtful = true;
    throw error;
  }
}

/** Runs `work` in a transaction that Prisma can join, and has Prisma leave before the transaction ends. */
async function withRecords<Result>(
  { records, logStatement, limits, checkClock }: Database,
  client: pg.PoolClient,
  { statementLimit, isPooled }: { readonly statementLimit: number; readonly isPooled: boolean },
  work: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  let joining: Promise<JoinedRecords> | undefined;
  const run = <Row extends pg.QueryResultRow>(statement: string | Statement, values?: unknown[]) => {
    const given = asStatement(statement, values);
    const limit = given.query_timeout ?? statementLimit + limits.grace;
    return client.query<Row>(driverStatement(given, limit, isPooled));
  };
  const runTyped = (statement: pg.QueryConfig) =>
    client.query({ ...statement, ...driverStatement(statement, statementLimit + limits.grace, isPooled) });
  const transaction: Transaction = {
    connection: client,
    limits,
    statementLimit,
    checkClock,
    query(statement, values) {
      logStatement?.(typeof statement === "string" ? statement : statement.text);
      return run(statement, values);
    },
    async records() {
      joining ??= records.join({ query: runTyped });
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
 * Ends a transaction that has begun on a pool's connection, and gives the connection back to the pool: commits when `work`
 * resolves, rolls back when it throws.
 */
export async function inTransaction<Result>(client: pg.PoolClient, work: () => Promise<Result>): Promise<Result> {
  let broken: Error | undefined;
  try {
    const result = await work();
    await client.query("commit");
    return result;
  } catch (error) {
    if (isSilent(error)) {
      broken = error as Error;
      cutConnection(client);
    } else {
      await client.query("rollback").catch((failure: Error) => {
        broken = failure;
      });
    }
    throw error;
  } finally {
    client.release(broken);
  }
}
