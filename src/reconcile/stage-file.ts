import type pg from "pg";
import { MusterError } from "../errors.ts";
import { digestRow } from "../intake/digest.ts";
import { normalizeUser } from "../intake/normalize-user.ts";
import type { NormalizationRules, SourceRecord } from "../intake/records.ts";
import { readXmlUsers } from "../intake/xml.ts";
import { changedDocument, type XmlScan } from "../intake/xml-scan.ts";
import { runStatements } from "./run-statements.ts";
import type { SpooledBody } from "./spool.ts";
import { emptyStaging, type StagedRow, stageDigests, stageRows } from "./staging.ts";
import {
  anyDigest,
  insertSameRows,
  type MatchingContext,
  matchStatements,
  missingRows,
  sameRowsOfSharedPersons,
} from "./statements/match.ts";

/** A file on its way into the temporary tables. */
export interface StagedFile {
  /**
   * Finds out who each row is, under the organization's lock. Rows that were passed over because their last import left
   * them as they are, and that turn out to matter all the same, are read after all.
   * @param isCurrent nobody has written anything since the file was read
   */
  match(client: pg.PoolClient, context: MatchingContext, isCurrent: boolean): Promise<void>;
}

/**
 * Reads a file into the temporary tables. Where its records can be told apart without parsing, those that equal what
 * their last import left are not parsed: a nightly file then costs what changed in it.
 * @param scan what a look at the bytes found; null when every record is to be parsed
 * @throws MusterError when the document is refused
 */
export async function stageFile(
  client: pg.PoolClient,
  context: MatchingContext,
  body: SpooledBody,
  scan: XmlScan | null,
  rules: NormalizationRules,
): Promise<StagedFile> {
  if (scan) {
    const rows = await rowsToRead(client, context, scan);
    // A COPY that is broken off aborts the transaction.
    await client.query("savepoint changed_rows");
    try {
      await stageRows(client, readChanged(body, scan, rows, rules));
      if (rows.length === scan.rows) return { match: runMatching };
      return {
        match: (client, context, isCurrent) => matchChanged(client, context, isCurrent, { body, scan, rules }),
      };
    } catch (error) {
      if (!(error instanceof MusterError)) throw error;
      // What is wrong, and where, is for the strict parser to say, of the document as it is.
      await client.query("rollback to savepoint changed_rows");
      await emptyStaging(client);
    }
  }
  await stageRows(client, readAll(body, rules));
  return { match: runMatching };
}

/** Numbers of the rows that are not what their last import left; all of them when the source has left no digest yet. */
async function rowsToRead(client: pg.PoolClient, context: MatchingContext, scan: XmlScan): Promise<Uint32Array> {
  const { rowCount } = await client.query(anyDigest(context));
  if (rowCount === 0) return Uint32Array.from({ length: scan.rows }, (_, index) => index + 1);
  await stageDigests(client, scan);
  await client.query(insertSameRows(context));
  return readRowNumbers(client, missingRows);
}

/** Matches, and reads what it takes to match, until nothing is missing. Every round reads more rows, so it ends. */
async function matchChanged(
  client: pg.PoolClient,
  context: MatchingContext,
  isCurrent: boolean,
  { body, scan, rules }: { body: SpooledBody; scan: XmlScan; rules: NormalizationRules },
): Promise<void> {
  for (let isKnown = isCurrent; ; isKnown = false) {
    if (!isKnown) {
      await client.query("truncate row_persons, merged_persons, row_issues");
      await client.query(insertSameRows(context));
    }
    let missing = isKnown ? noRows : await readRowNumbers(client, missingRows);
    if (missing.length === 0) {
      await runMatching(client, context);
      missing = await readRowNumbers(client, sameRowsOfSharedPersons);
    }
    if (missing.length === 0) return;
    await stageRows(client, readChanged(body, scan, missing, rules));
  }
}

const noRows = new Uint32Array();

const runMatching = (client: pg.PoolClient, context: MatchingContext): Promise<void> =>
  runStatements(client, matchStatements(context));

async function readRowNumbers(client: pg.PoolClient, query: string): Promise<Uint32Array> {
  const { rows } = await client.query<{ row: number }>(query);
  return Uint32Array.from(rows, ({ row }) => row);
}

async function* readAll(body: SpooledBody, rules: NormalizationRules): AsyncGenerator<StagedRow[]> {
  for await (const records of readXmlUsers(body.open())) {
    yield records.map((record) => {
      const row = normalizeUser(record, rules);
      return { row, digest: digestRow(row) };
    });
  }
}

/** Reads the rows of the given numbers, ascending. */
async function* readChanged(
  body: SpooledBody,
  scan: XmlScan,
  rows: Uint32Array,
  rules: NormalizationRules,
): AsyncGenerator<StagedRow[]> {
  if (rows.length === 0) return;
  const linesBefore = new Uint32Array(rows.length);
  const inFile = (record: SourceRecord): SourceRecord => ({
    row: rows[record.row - 1]!,
    line: record.line + linesBefore[record.row - 1]!,
    values: record.values,
  });
  for await (const records of readXmlUsers(changedDocument(body.open(), scan, rows, linesBefore))) {
    yield records.map((record) => {
      const row = normalizeUser(inFile(record), rules);
      return { row, digest: scan.digest(row.row) };
    });
  }
}
