import type pg from "pg";
import sql from "sql-template-tag";
import { MusterError } from "../errors.ts";
import { type Database, type Isolation, type Transaction, withOrganization } from "./database.ts";
import { constant, literal, prepared } from "./sql.ts";
import type { Executor } from "./statement.ts";
import { timeLimits } from "./time-limits.ts";

/** The numbers that an organization's lock protects. */
export interface FeedHead {
  readonly lastSequence: number;
  readonly lastUserId: number;
  readonly lastGroupNumber: number;
}

/** Lets the writers of an organization wait in this process before any of them takes a connection. */
export interface WriterQueue {
  /**
   * Runs `work` after all earlier ones of the organization.
   * @throws MusterError organization_busy when its turn has not come after `patience` milliseconds
   */
  run<Result>(organizationId: number, patience: number, work: () => Promise<Result>): Promise<Result>;
}

/** The longest wait of a writer for the one before it, in milliseconds. */
export const writerPatience = 10_000;

const lockNotAvailable = "55P03";

/** The error of a change whose turn did not come in time. */
export const busyOrganization = (): MusterError =>
  new MusterError(
    "organization_busy",
    "Another change of this organization is being applied. Nothing was changed; try again in a few seconds.",
    { retryAfter: 10 },
  );

/** Makes an empty queue. Without it, waiting writers would hold every connection, and readers would starve. */
export function createWriterQueue(): WriterQueue {
  const tails = new Map<number, Promise<void>>();
  return {
    async run(organizationId, patience, work) {
      const before = tails.get(organizationId) ?? Promise.resolve();
      const { promise: mine, resolve: leave } = Promise.withResolvers<void>();
      const tail = before.then(() => mine);
      tails.set(organizationId, tail);
      try {
        await within(before, patience);
        return await work();
      } finally {
        leave();
        void tail.then(() => {
          if (tails.get(organizationId) === tail) tails.delete(organizationId);
        });
      }
    },
  };
}

async function within(turn: Promise<void>, patience: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(busyOrganization()), patience);
  });
  try {
    await Promise.race([turn, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A transaction of one organization that may take its lock, and so append to its log. Whatever became of it, this
 * process knows afterwards that the log may have grown. If a request has a note to leave, it commits with the transaction;
 * not of one that keeps to a snapshot: it changes nothing that counts.
 * @param importId the import that it applies, or holds
 */
export async function withWriter<Result>(
  database: Database,
  organizationId: number,
  work: (client: Transaction) => Promise<Result>,
  isolation?: Isolation,
  importId?: string,
): Promise<Result> {
  const note = isolation === "repeatable read" ? undefined : database.notes.getStore();
  const noted = async (client: Transaction) => {
    const result = await work(client);
    await note?.(client, importId);
    return result;
  };
  try {
    return await withOrganization(
      database,
      organizationId,
      noted,
      isolation,
      importId === undefined ? "request" : "import",
    );
  } finally {
    database.written(organizationId);
  }
}

const lockHead = (organizationId: number) =>
  sql`select last_sequence as "lastSequence", last_user_id as "lastUserId", last_group_number as "lastGroupNumber",
     (extract(epoch from nullif(last_at, '-infinity')) * 1000)::float8 as "lastChange"
   from feed_heads where organization_id = ${organizationId} for update`;

/**
 * Sets the limits of a transaction that has the lock: if its process falls silent, PostgreSQL ends it soon, since others
 * wait for it. Returns the time, which it reads only now that the wait for the lock is over.
 */
const afterLock = (statementLimit: number, idleWriter: number) =>
  sql`select set_config('lock_timeout', '0', true), set_config('statement_timeout', ${constant(String(statementLimit))}, true),
     set_config('idle_in_transaction_session_timeout', ${constant(String(idleWriter))}, true),
     (extract(epoch from clock_timestamp()) * 1000)::float8 as database`;

/**
 * Takes the organization's lock for the rest of the transaction, one of `withWriter`: from here on this transaction is its
 * only writer.
 * @throws MusterError organization_busy after `patience` milliseconds; clock_implausible
 */
export async function lockOrganization(
  executor: Executor & Partial<Pick<Transaction, "limits" | "statementLimit" | "checkClock">>,
  organizationId: number,
  patience: number = writerPatience,
): Promise<FeedHead> {
  const lockLimit = Math.max(1, Math.trunc(patience));
  const { limits = timeLimits, statementLimit = limits.statement } = executor;
  const waitLimit = Math.max(statementLimit, lockLimit + limits.grace);
  await executor.query(
    sql`set local lock_timeout = ${literal(lockLimit)}; set local statement_timeout = ${literal(waitLimit)}`,
  );
  try {
    const { rows } = await executor.query<FeedHead & { readonly lastChange: number | null }>({
      ...prepared(lockHead(organizationId)),
      query_timeout: waitLimit + limits.grace,
    });
    const [head] = rows;
    if (!head) throw new MusterError("not_found", "There is no such organization.");
    const locked = await executor.query<{ readonly database: number }>(
      prepared(afterLock(statementLimit, limits.idleWriter)),
    );
    executor.checkClock?.({ database: locked.rows[0]!.database, lastChange: head.lastChange });
    return head;
  } catch (error) {
    if ((error as pg.DatabaseError).code === lockNotAvailable) throw busyOrganization();
    throw error;
  }
}

/** One change of an organization from outside an import: waits its turn, locks, works, commits. */
export function asWriter<Result>(
  database: Database,
  queue: WriterQueue,
  organizationId: number,
  work: (client: Transaction, head: FeedHead) => Promise<Result>,
): Promise<Result> {
  return queue.run(organizationId, writerPatience, () =>
    withWriter(database, organizationId, async (client) =>
      work(client, await lockOrganization(client, organizationId)),
    ),
  );
}
