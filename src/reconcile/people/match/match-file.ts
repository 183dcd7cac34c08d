import type { Sql } from "sql-template-tag";
import { MusterError } from "../../../errors.ts";
import { normalizeUser } from "../../../intake/normalize-user.ts";
import type { NormalizationRules } from "../../../intake/records.ts";
import { digestRecord, type RecordDigests, type UserFile } from "../../../intake/user-file.ts";
import type { Transaction } from "../../../store/database.ts";
import { runStatements } from "../../../store/sql.ts";
import type { Executor } from "../../../store/statement.ts";
import type { MatchingContext } from "../../setup/context.ts";
import type { StagedRow } from "../stage/encode-rows.ts";
import { emptyStaging, stageDigests, stageRows } from "../stage/staging.ts";
import { matchRows } from "./match-rows.ts";
import { anyDigest, matchUnchangedRows, missingRows, unchangedRowsOfMergedPeople } from "./unchanged-rows.ts";

/** A file that is staged and can be matched. */
export interface StagedFile {
  /**
   * Finds the person of each row, under the organization's lock. It reads rows that were passed over as unchanged, if they
   * turn out to matter.
   * @param isCurrent nobody has written anything since the file was staged
   */
  match(transaction: Transaction, context: MatchingContext, isCurrent: boolean): Promise<void>;
}

/**
 * Reads a file into the temporary tables, but for records that equal what their last import left. If the file could be
 * scanned, those are not even parsed: a nightly file then costs what changed in it.
 * @throws MusterError when the document is refused
 */
export async function stageFile(
  transaction: Transaction,
  context: MatchingContext,
  file: UserFile,
  rules: NormalizationRules,
): Promise<StagedFile> {
  const { rowCount: digestsKnown } = await transaction.query(anyDigest(context));
  if (!digestsKnown && !file.isScanned) return stageAll(transaction, file, rules);
  const digests = await file.digests();
  const rows = digestsKnown ? await findChangedRows(transaction, context, digests) : allRows(digests);
  // An error within a COPY would abort the whole transaction.
  await transaction.query("savepoint changed_rows");
  try {
    await stageRows(transaction, readRows({ file, digests, rules }, rows));
  } catch (error) {
    if (!(error instanceof MusterError && file.isScanned)) throw error;
    // Only reading the document from its start tells where the fault is.
    await transaction.query("rollback to savepoint changed_rows");
    await emptyStaging(transaction);
    return stageAll(transaction, file, rules);
  }
  if (rows.length === digests.rows) return { match: matchRows };
  return {
    match: (transaction, context, isCurrent) =>
      matchChangedRows(transaction, context, isCurrent, { file, digests, rules }),
  };
}

async function stageAll(transaction: Transaction, file: UserFile, rules: NormalizationRules): Promise<StagedFile> {
  await stageRows(transaction, readAll(file, rules));
  return { match: matchRows };
}

const allRows = ({ rows }: RecordDigests) => Uint32Array.from({ length: rows }, (_, index) => index + 1);

/** Finds the rows that differ from what their last import left. */
async function findChangedRows(
  transaction: Transaction,
  context: MatchingContext,
  digests: RecordDigests,
): Promise<Uint32Array> {
  await stageDigests(transaction, digests);
  await runStatements(transaction, matchUnchangedRows(context, false));
  return readRowNumbers(transaction, missingRows);
}

/** A file of which single rows can be read. */
interface ReadableFile {
  readonly file: UserFile;
  readonly digests: RecordDigests;
  readonly rules: NormalizationRules;
}

/** Matches, and reads the rows that this takes, until no row is missing. Every round reads more rows, so it ends. */
async function matchChangedRows(
  transaction: Transaction,
  context: MatchingContext,
  isCurrent: boolean,
  readable: ReadableFile,
): Promise<void> {
  for (let isMatched = isCurrent; ; isMatched = false) {
    if (!isMatched) {
      await transaction.query("truncate row_persons, merged_persons, row_issues");
      await runStatements(transaction, matchUnchangedRows(context, true));
    }
    let missing = isMatched ? noRows : await readRowNumbers(transaction, missingRows);
    if (missing.length === 0) {
      await matchRows(transaction, context);
      missing = await readRowNumbers(transaction, unchangedRowsOfMergedPeople);
    }
    if (missing.length === 0) return;
    await stageRows(transaction, readRows(readable, missing));
  }
}

const noRows = new Uint32Array();

/** @returns the rows' numbers, ascending; as many as the file has rows, so they are not kept as objects */
async function readRowNumbers(executor: Executor, statement: Sql): Promise<Uint32Array> {
  const { rows } = await executor.query<{ row: number }>(statement);
  return Uint32Array.from(rows, ({ row }) => row);
}

async function* readAll(file: UserFile, rules: NormalizationRules): AsyncGenerator<StagedRow[]> {
  for await (const records of file.read()) {
    yield records.map((record) => ({ row: normalizeUser(record, rules), digest: digestRecord(record) }));
  }
}

/** Reads the rows of the given numbers, ascending. */
async function* readRows({ file, digests, rules }: ReadableFile, rows: Uint32Array): AsyncGenerator<StagedRow[]> {
  for await (const records of file.readRows(rows)) {
    yield records.map((record) => ({ row: normalizeUser(record, rules), digest: digests.digest(record.row) }));
  }
}
