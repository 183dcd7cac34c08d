import { normalizeUser } from "../../../intake/normalize-user.ts";
import type { Reading } from "../../../intake/reading.ts";
import type { NormalizationRules, UserRow } from "../../../intake/records.ts";
import { type DigestedRecord, readDigestedRecords } from "../../../intake/user-file.ts";
import type { Transaction } from "../../../store/database.ts";
import { normalizationRules, readOptions } from "../../setup/setup.ts";
import { type EncodedRows, encodeBatches, type StagedRow } from "../stage/encode-rows.ts";
import type { PlainEntry, Wanted } from "../stage/plain-entry.ts";
import { stageWhileLocked } from "../stage/staging.ts";
import type { FileInParts } from "./file-in-parts.ts";
import type { PlainRules } from "./plain-rows.ts";
import { readAhead } from "./read-ahead.ts";

/** Bytes that are read while PostgreSQL works: a part of usual rows. A row may have a thousand e-mails. */
const bytesAhead = 12 * 1024 * 1024;

/**
 * Reads and encodes the rows of a file ahead of the consumer.
 * @param plainEntry returns the change log's entry for the person of a plain row; undefined for any other row
 * @param onReading is told how the document turned out to be written
 */
export function readEncodedRows(
  { received, setup, partRows }: FileInParts,
  plainEntry: (row: UserRow) => PlainEntry | undefined,
  onReading: (reading: Reading) => void,
): AsyncIterableIterator<EncodedRows, undefined> {
  const { body, format, charset, maximumRows: mostRows } = received;
  const options = { ...readOptions(charset, setup), mostRows, onReading };
  const records = readDigestedRecords(body.open, format, options);
  const encoded = encodeBatches(normalized(records, normalizationRules(setup)), plainEntry, partRows);
  return readAhead(encoded, bytesAhead, ({ lines }) => lines.length);
}

async function* normalized(
  batches: AsyncIterable<readonly DigestedRecord[]>,
  rules: NormalizationRules,
): AsyncGenerator<StagedRow[]> {
  for await (const records of batches)
    yield records.map(({ record, digest, byteDigest }) => ({ row: normalizeUser(record, rules), digest, byteDigest }));
}

/** A part whose rows are staged. */
interface StagedPart {
  /** Groups and locations that its plain rows name and that do not exist. */
  readonly wanted: Wanted;
  /** The first rows after the part. */
  readonly next: IteratorResult<EncodedRows, undefined>;
}

/**
 * Stages the rows of a part.
 * @param first its first rows; `batches` has those after them
 * @param most rows of the part, to the next batch
 * @param rules as they are now
 */
export async function stagePart(
  transaction: Transaction,
  batches: AsyncIterator<EncodedRows, undefined>,
  first: EncodedRows,
  most: number,
  rules: PlainRules,
): Promise<StagedPart> {
  const groups = new Set<string>();
  const locations = new Set<string>();
  let next: IteratorResult<EncodedRows, undefined> = { done: false, value: first };
  const part = async function* () {
    for (let rows = 0; !next.done && rows < most; next = await batches.next()) {
      rows += next.value.rows;
      for (const groupId of next.value.wanted.groups) groups.add(groupId);
      for (const name of next.value.wanted.locations) locations.add(name);
      yield next.value;
    }
  };
  await stageWhileLocked(transaction, part());
  const wanted = {
    groups: [...groups].filter((groupId) => !rules.groups.has(groupId)).sort(),
    locations: [...locations].filter((name) => !rules.locations.has(name)).sort(),
  };
  return { wanted, next };
}
