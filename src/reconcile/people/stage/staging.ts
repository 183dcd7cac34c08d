import { once } from "node:events";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { from as copyFrom } from "pg-copy-streams";
import type { RecordDigests } from "../../../intake/user-file.ts";
import { cutConnection } from "../../../store/connections.ts";
import type { Transaction } from "../../../store/database.ts";
import type { Executor } from "../../../store/statement.ts";
import { type EncodedRows, encodeBatches, encodedColumnNames, type StagedRow } from "./encode-rows.ts";
import { stagingTables } from "./tables.ts";

/**
 * Makes the temporary tables of an import on the transaction's connection. They exist as long as the connection, are empty
 * when a transaction begins, are not logged, and are visible to no other connection.
 */
export async function prepareStaging(executor: Executor): Promise<void> {
  // These tables are read only a few times, so rough statistics are enough.
  await executor.query(`set local default_statistics_target = 10; ${stagingTables.text}`);
}

/** Empties the tables that matching and planning fill, so that the staged rows can be planned again. */
export async function emptyPlan(executor: Executor): Promise<void> {
  await executor.query(
    `truncate row_persons, whole_persons, merged_persons, row_issues, people, known_groups, known_locations, file_joins, file_leaves,
       absences, leavers, returns, planned_deletions, planned_scalars, primary_emails, planned_emails, planned_phones,
       planned_memberships, planned_links, planned_changes, earlier_changes`,
  );
}

/** Empties the tables that reading a file fills. */
export async function emptyStaging(executor: Executor): Promise<void> {
  await executor.query("truncate staged_rows, staged_digests, staged_values, row_persons, whole_persons");
}

/**
 * Streams rows into `staged_rows` by COPY, with back-pressure; memory stays flat.
 * @param batches rows of the file, in order
 * @throws the errors of `batches`, such as MusterError for a document that is refused
 */
export const stageRows = (transaction: Transaction, batches: AsyncIterable<readonly StagedRow[]>): Promise<void> =>
  stageEncodedRows(transaction, encodeBatches(batches));

/** Streams rows that are encoded already into `staged_rows`. */
const stageEncodedRows = (transaction: Transaction, batches: AsyncIterable<EncodedRows>): Promise<void> =>
  copy(transaction, `staged_rows (${encodedColumnNames.join(", ")})`, linesOf(batches));

/**
 * Streams the rows of one part, which are in memory, while the organization is locked. If this process falls silent in
 * the middle, PostgreSQL ends the statement, and with it the lock, as early as it ends an idle transaction.
 */
export async function stageWhileLocked(transaction: Transaction, batches: AsyncIterable<EncodedRows>): Promise<void> {
  const { limits, statementLimit } = transaction;
  await transaction.query(`set local statement_timeout = ${limits.idleWriter}`);
  await stageEncodedRows(transaction, batches);
  await transaction.query(`set local statement_timeout = ${statementLimit}`);
}

async function* linesOf(batches: AsyncIterable<EncodedRows>) {
  for await (const { lines } of batches) yield lines;
}

/** Streams the digests of all rows of a file into `staged_digests`. */
export async function stageDigests(transaction: Transaction, digests: RecordDigests): Promise<void> {
  await copy(transaction, "staged_digests (row, digest)", encodeDigests(digests));
  await transaction.query("analyze staged_digests");
}

/** A row, and the digest of what it says. */
export interface DigestedRow {
  readonly row: number;
  readonly digest: Buffer;
}

/** Streams digests of what rows say into `staged_values`. */
export async function stageValues(
  transaction: Transaction,
  batches: AsyncIterable<readonly DigestedRow[]>,
): Promise<void> {
  await copy(transaction, "staged_values (row, digest)", encodeValues(batches));
  await transaction.query("analyze staged_values");
}

async function* encodeValues(batches: AsyncIterable<readonly DigestedRow[]>) {
  for await (const batch of batches)
    yield batch.map(({ row, digest }) => `${row}\t\\\\x${digest.toString("hex")}\n`).join("");
}

/** Streams the lines of rows into `unread_lines`. @param lines of the rows, in their order */
export async function stageLines(transaction: Transaction, rows: Uint32Array, lines: Uint32Array): Promise<void> {
  const encoded = function* () {
    for (let index = 0; index < rows.length; index += 1) yield `${rows[index]}\t${lines[index]}\n`;
  };
  await copy(transaction, "unread_lines (row, line)", encoded());
}

const digestsTogether = 2_000;

function* encodeDigests(digests: RecordDigests) {
  for (let first = 1; first <= digests.rows; first += digestsTogether) {
    let lines = "";
    for (let row = first; row < first + digestsTogether && row <= digests.rows; row++) {
      lines += `${row}\t\\\\x${digests.digest(row).toString("hex")}\n`;
    }
    yield lines;
  }
}

async function copy(
  { connection, statementLimit, limits }: Transaction,
  target: string,
  lines: AsyncIterable<Buffer | string> | Iterable<string>,
): Promise<void> {
  const stream = copyFrom(`copy ${target} from stdin`);
  // The driver reads its time limit from the statement.
  connection.query(Object.assign(stream, { query_timeout: statementLimit + limits.grace }));
  // A stream that failed has lost its connection: nothing may be written to it, and it must not be destroyed.
  let failure: Error | undefined;
  stream.once("error", (error) => {
    failure = error;
  });
  const done = finished(stream, { readable: false });
  // The promise is awaited below; until then a failure must not count as unhandled.
  done.catch(() => {});
  try {
    for await (const some of lines) {
      if (failure !== undefined) break;
      if (!stream.write(some)) await drained(stream, done, () => cutConnection(connection), limits.statement);
    }
  } catch (error) {
    if (failure !== undefined) throw failure;
    // PostgreSQL answers this with an error of its own, which matters less.
    stream.destroy(error as Error);
    await done.catch(() => {});
    throw error;
  }
  if (failure === undefined) stream.end();
  await done;
}

/** Waits until a stream takes more. If it does not for too long, the other side is silent. */
async function drained(stream: Writable, done: Promise<unknown>, cut: () => void, patience: number): Promise<void> {
  const timer = setTimeout(cut, patience);
  try {
    await Promise.race([once(stream, "drain"), done]);
  } finally {
    clearTimeout(timer);
  }
}
