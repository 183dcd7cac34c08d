import { MusterError } from "../../../errors.ts";
import { normalizeUser } from "../../../intake/normalize-user.ts";
import type { NormalizationRules } from "../../../intake/records.ts";
import { digestRecord, type RecordDigests, type UserFile } from "../../../intake/user-file.ts";
import type { Transaction } from "../../../store/database.ts";
import type { MatchingContext } from "../../setup/context.ts";
import { anyDigest, insertSameRows, matchStatements, missingRows, sameRowsOfSharedPersons } from "../match/match.ts";
import { runStatements } from "../run-statements.ts";
import { emptyStaging, type StagedRow, stageDigests, stageRows } from "./staging.ts";

/** A file on its way into the temporary tables. */
export interface StagedFile {
  /**
   * Finds out who each row is, under the organization's lock. Rows that were passed over because their last import left
   * them as they are, and that turn out to matter all the same, are read after all.
   * @param isCurrent nobody has written anything since the file was read
   */
  match(client: Transaction, context: MatchingContext, isCurrent: boolean): Promise<void>;
}

/**
 * Reads a file into the temporary tables. Records that equal what their last import left are not staged, and where the
 * file could be scanned they are not even parsed: a nightly file then costs what changed in it.
 * @throws MusterError when the document is refused
 */
export async function stageFile(
  client: Transaction,
  context: MatchingContext,
  file: UserFile,
  rules: NormalizationRules,
): Promise<StagedFile> {
  const { rowCount: isKnown } = await client.query(anyDigest(context));
  if (!isKnown && !file.isScanned) return stageAll(client, file, rules);
  const digests = await file.digests();
  const rows = isKnown ? await rowsToRead(client, context, digests) : allRows(digests);
  // A COPY that is broken off aborts the transaction.
  await client.query("savepoint changed_rows");
  try {
    await stageRows(client, readRows({ file, digests, rules }, rows));
  } catch (error) {
    if (!(error instanceof MusterError && file.isScanned)) throw error;
    // What is wrong, and where, shows only in the document as it is.
    await client.query("rollback to savepoint changed_rows");
    await emptyStaging(client);
    return stageAll(client, file, rules);
  }
  if (rows.length === digests.rows) return { match: runMatching };
  return { match: (client, context, isCurrent) => matchChanged(client, context, isCurrent, { file, digests, rules }) };
}

async function stageAll(client: Transaction, file: UserFile, rules: NormalizationRules): Promise<StagedFile> {
  await stageRows(client, readAll(file, rules));
  return { match: runMatching };
}

const allRows = ({ rows }: RecordDigests) => Uint32Array.from({ length: rows }, (_, index) => index + 1);

/** Numbers of the rows that are not what their last import left. */
async function rowsToRead(client: Transaction, context: MatchingContext, digests: RecordDigests): Promise<Uint32Array> {
  await stageDigests(client, digests);
  await client.query(insertSameRows(context, false));
  return readRowNumbers(client, missingRows);
}

/** What it takes to read some rows of a file. */
interface ReadableFile {
  readonly file: UserFile;
  readonly digests: RecordDigests;
  readonly rules: NormalizationRules;
}

/** Matches, and reads what it takes to match, until nothing is missing. Every round reads more rows, so it ends. */
async function matchChanged(
  client: Transaction,
  context: MatchingContext,
  isCurrent: boolean,
  readable: ReadableFile,
): Promise<void> {
  for (let isKnown = isCurrent; ; isKnown = false) {
    if (!isKnown) {
      await client.query("truncate row_persons, merged_persons, row_issues");
      await client.query(insertSameRows(context, true));
    }
    let missing = isKnown ? noRows : await readRowNumbers(client, missingRows);
    if (missing.length === 0) {
      await runMatching(client, context);
      missing = await readRowNumbers(client, sameRowsOfSharedPersons);
    }
    if (missing.length === 0) return;
    await stageRows(client, readRows(readable, missing));
  }
}

const noRows = new Uint32Array();

const runMatching = (client: Transaction, context: MatchingContext): Promise<void> =>
  runStatements(client, matchStatements(context));

async function readRowNumbers(client: Transaction, query: string): Promise<Uint32Array> {
  const { rows } = await client.query<{ row: number }>(query);
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
