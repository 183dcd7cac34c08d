import sql, { type Sql } from "sql-template-tag";
import { MusterError } from "../../../errors.ts";
import { normalizeUser } from "../../../intake/normalize-user.ts";
import type { NormalizationRules, SourceRecord } from "../../../intake/records.ts";
import { digestRecord, type RecordDigests, type UserFile } from "../../../intake/user-file.ts";
import type { Transaction } from "../../../store/database.ts";
import { inSets, runStatements } from "../../../store/sql.ts";
import type { Executor } from "../../../store/statement.ts";
import type { MatchingContext } from "../../setup/context.ts";
import type { StagedRow } from "../stage/encode-rows.ts";
import { emptyStaging, stageDigests, stageLines, stageRows, stageValues } from "../stage/staging.ts";
import { matchRows } from "./match-rows.ts";
import {
  anyDigest,
  type KindOfDigest,
  matchUnchangedPeople,
  matchUnchangedRows,
  missingRows,
  reportedRows,
  unchangedRowsOfMergedPeople,
} from "./unchanged-rows.ts";

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
  const readable: ReadableFile = { file, digests, rules, kinds: [kindOf(file)] };
  const rows = digestsKnown ? await findChangedRows(transaction, context, readable) : allRows(digests);
  // An error within a COPY would abort the whole transaction.
  await transaction.query("savepoint changed_rows");
  try {
    await stageRows(transaction, readRows(readable, rows));
  } catch (error) {
    if (!(error instanceof MusterError && file.isScanned)) throw error;
    // Only reading the document from its start tells where the fault is.
    await transaction.query("rollback to savepoint changed_rows");
    await emptyStaging(transaction);
    return stageAll(transaction, file, rules);
  }
  if (rows.length === digests.rows) return { match: matchRows };
  return {
    match: (transaction, context, isCurrent) => matchChangedRows(transaction, context, isCurrent, readable),
  };
}

async function stageAll(transaction: Transaction, file: UserFile, rules: NormalizationRules): Promise<StagedFile> {
  await stageRows(transaction, readAll(file, rules));
  return { match: matchRows };
}

const allRows = ({ rows }: RecordDigests) => Uint32Array.from({ length: rows }, (_, index) => index + 1);

/** A file of which single rows can be read. */
interface ReadableFile {
  readonly file: UserFile;
  readonly digests: RecordDigests;
  readonly rules: NormalizationRules;
  /** The kinds of digests by which its rows may be known again. */
  readonly kinds: KindOfDigest[];
}

const kindOf = ({ isScanned }: UserFile): KindOfDigest => ({
  table: "staged_digests",
  column: isScanned ? "byte_digest" : "digest",
});

/** More rows than these, and more than this part of all rows, are first compared by what they say. */
const fewRows = 100;
const smallShare = 0.1;

/** Finds the rows that differ from what their last import left. */
async function findChangedRows(
  transaction: Transaction,
  context: MatchingContext,
  readable: ReadableFile,
): Promise<Uint32Array> {
  const { file, digests, kinds } = readable;
  await stageDigests(transaction, digests);
  const rows = await matchUnchanged(transaction, context, kinds, false);
  const areFew = rows.length <= Math.max(fewRows, digests.rows * smallShare);
  if (!file.isScanned || areFew) return rows;
  // Their bytes may be new because another format came in between. Reading them is cheaper than comparing them.
  await transaction.query("savepoint values_of_rows");
  try {
    await stageValues(transaction, readValues(file, rows));
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    await transaction.query("rollback to savepoint values_of_rows");
    return rows;
  }
  const byValues: KindOfDigest = { table: "staged_values", column: "digest" };
  kinds.push(byValues);
  return matchUnchanged(transaction, context, [byValues], false);
}

/**
 * Matches rows that were not parsed and are what their last import left.
 * @returns the rows that are neither parsed nor matched
 */
async function matchUnchanged(
  transaction: Transaction,
  context: MatchingContext,
  kinds: readonly KindOfDigest[],
  areSomeParsed: boolean,
): Promise<Uint32Array> {
  let missing = noRows;
  for (const kind of kinds) {
    await runStatements(transaction, inSets([matchUnchangedRows(context, kind, areSomeParsed)]));
    missing = await readRowNumbers(transaction, missingRows);
    if (missing.length === 0) break;
    await runStatements(transaction, inSets([matchUnchangedPeople(context, kind, areSomeParsed)]));
    missing = await readRowNumbers(transaction, missingRows);
  }
  return missing;
}

/** Matches, and reads the rows that this takes, until no row is missing. Every round reads more rows, so it ends. */
async function matchChangedRows(
  transaction: Transaction,
  context: MatchingContext,
  isCurrent: boolean,
  readable: ReadableFile,
): Promise<void> {
  for (let isMatched = isCurrent; ; isMatched = false) {
    let missing = noRows;
    if (!isMatched) {
      await transaction.query("truncate row_persons, whole_persons, merged_persons, row_issues");
      missing = await matchUnchanged(transaction, context, readable.kinds, true);
    }
    if (missing.length === 0) {
      await matchRows(transaction, context);
      missing = await readRowNumbers(transaction, unchangedRowsOfMergedPeople);
    }
    if (missing.length === 0) return findReportedLines(transaction, readable.file);
    await stageRows(transaction, readRows(readable, missing));
  }
}

/** Finds the lines of rows that were not parsed and that the report names. */
async function findReportedLines(transaction: Transaction, file: UserFile): Promise<void> {
  const rows = await readRowNumbers(transaction, reportedRows);
  await transaction.query(sql`truncate unread_lines`);
  if (rows.length > 0) await stageLines(transaction, rows, await file.lines(rows));
}

const noRows: Uint32Array = new Uint32Array();

/** @returns the rows' numbers, ascending; as many as the file has rows, so they are not kept as objects */
async function readRowNumbers(executor: Executor, statement: Sql): Promise<Uint32Array> {
  const { rows } = await executor.query<{ row: number }>(statement);
  return Uint32Array.from(rows, ({ row }) => row);
}

async function* readAll(file: UserFile, rules: NormalizationRules): AsyncGenerator<StagedRow[]> {
  for await (const records of file.read()) {
    yield records.map((record) => stagedRow(record, rules, null));
  }
}

/** Reads the rows of the given numbers, ascending. */
async function* readRows({ file, digests, rules }: ReadableFile, rows: Uint32Array): AsyncGenerator<StagedRow[]> {
  for await (const records of file.readRows(rows)) {
    yield records.map((record) => stagedRow(record, rules, file.isScanned ? digests.digest(record.row) : null));
  }
}

const stagedRow = (record: SourceRecord, rules: NormalizationRules, byteDigest: Buffer | null): StagedRow => ({
  row: normalizeUser(record, rules),
  digest: digestRecord(record),
  byteDigest,
});

async function* readValues(file: UserFile, rows: Uint32Array) {
  for await (const records of file.readRows(rows)) {
    yield records.map((record) => ({ row: record.row, digest: digestRecord(record) }));
  }
}
