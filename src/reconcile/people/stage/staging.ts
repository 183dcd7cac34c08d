import { once } from "node:events";
import { finished } from "node:stream/promises";
import { setImmediate as turn } from "node:timers/promises";
import { from as copyFrom } from "pg-copy-streams";
import { foldCase } from "../../../directory/text.ts";
import type { UserRow } from "../../../intake/records.ts";
import type { RecordDigests } from "../../../intake/user-file.ts";
import { scalarFields } from "../../../person/fields.ts";
import type { Transaction } from "../../../store/database.ts";
import { itemSeparator, partSeparator } from "./lists.ts";
import type { PlainEntry, Wanted } from "./plain-entry.ts";
import { stagingTables } from "./tables.ts";

/** A row, and the digest by which its next import may know it again. */
export interface StagedRow {
  readonly row: UserRow;
  readonly digest: Buffer;
}

/**
 * Makes the temporary tables of an import on this connection. They live as long as it does, are empty at the start of
 * every transaction, are written to no log, and nobody else sees them.
 */
export async function prepareStaging(client: Transaction): Promise<void> {
  // Rough statistics do for tables that are read a few times, and are made many times.
  await client.query(`set local default_statistics_target = 10; ${stagingTables}`);
}

/** Empties what matching and planning fill, so that the same rows can be planned anew. */
export async function emptyPlan(client: Transaction): Promise<void> {
  await client.query(
    `truncate row_persons, merged_persons, row_issues, people, known_groups, known_locations, file_joins, file_leaves, absences, leavers, returns,
       planned_deletions, planned_scalars, planned_emails, planned_phones, planned_memberships, planned_links, planned_changes`,
  );
}

/** Empties what reading a file fills. */
export async function emptyStaging(client: Transaction): Promise<void> {
  await client.query("truncate staged_rows, staged_digests, row_persons");
}

/**
 * Streams rows into `staged_rows` by COPY, with back-pressure; memory stays flat.
 * @param batches rows of the file, in order
 * @throws whatever the batches throw (MusterError for a document that is refused)
 */
export async function stageRows(client: Transaction, batches: AsyncIterable<readonly StagedRow[]>): Promise<void> {
  await stageEncodedRows(client, encodeBatches(batches));
}

/** Some rows as COPY takes them. */
export interface EncodedRows {
  readonly rows: number;
  readonly lines: Buffer;
  /** What plain ones name and is to be created; some may stand twice. */
  readonly wanted: Wanted;
}

/** Rows that are encoded together: fewer would cost more in writing them. */
const rowsTogether = 20;

/**
 * Encodes rows, and gives way to all other work after each batch: whoever asks for anything meanwhile waits for a batch some
 * times over.
 * @param plainEntry what the log will say of the person of a plain row (`plainEntry`); undefined for any other row
 * @param most rows that are encoded together at the most
 */
export async function* encodeBatches(
  batches: AsyncIterable<readonly StagedRow[]>,
  plainEntry: (row: UserRow) => PlainEntry | undefined = () => undefined,
  most = rowsTogether,
): AsyncGenerator<EncodedRows> {
  const together = Math.min(most, rowsTogether);
  let rows: StagedRow[] = [];
  for await (const batch of batches) {
    for (rows.push(...batch); rows.length >= together; rows = rows.slice(together)) {
      yield encodeRows(rows.slice(0, together), plainEntry);
    }
    await turn();
  }
  if (rows.length > 0) yield encodeRows(rows, plainEntry);
}

function encodeRows(batch: readonly StagedRow[], plainEntry: (row: UserRow) => PlainEntry | undefined): EncodedRows {
  let lines = "";
  const wanted = { groups: [] as string[], locations: [] as string[] };
  for (const { row, digest } of batch) {
    const entry = plainEntry(row);
    lines += encodeRow(row, digest, entry);
    if (entry !== undefined) {
      wanted.groups.push(...entry.wanted.groups);
      wanted.locations.push(...entry.wanted.locations);
    }
  }
  // As bytes: a string that is put together keeps its parts alive.
  return { rows: batch.length, lines: Buffer.from(lines), wanted };
}

/** The same as `stageRows` of rows that are encoded already. */
export async function stageEncodedRows(client: Transaction, batches: AsyncIterable<EncodedRows>): Promise<void> {
  await copy(client, `staged_rows (${columns.join(", ")})`, linesOf(batches));
}

async function* linesOf(batches: AsyncIterable<EncodedRows>) {
  for await (const { lines } of batches) yield lines;
}

/** Streams the digests of all rows of a file into `staged_digests`. */
export async function stageDigests(client: Transaction, digests: RecordDigests): Promise<void> {
  await copy(client, "staged_digests (row, digest)", encodeDigests(digests));
  await client.query("analyze staged_digests");
}

function* encodeDigests(digests: RecordDigests) {
  for (let first = 1; first <= digests.rows; first += digestsAtOnce) {
    let lines = "";
    for (let row = first; row < first + digestsAtOnce && row <= digests.rows; row++) {
      lines += `${row}\t\\\\x${digests.digest(row).toString("hex")}\n`;
    }
    yield lines;
  }
}
const digestsAtOnce = 2_000;

async function copy(
  client: Transaction,
  target: string,
  lines: AsyncIterable<Buffer> | Iterable<string>,
): Promise<void> {
  const stream = client.connection.query(copyFrom(`copy ${target} from stdin`));
  const done = finished(stream, { readable: false });
  // The promise is awaited below; until then a failure must not count as unhandled.
  done.catch(() => {});
  try {
    for await (const some of lines) if (!stream.write(some)) await Promise.race([once(stream, "drain"), done]);
  } catch (error) {
    stream.destroy(error as Error);
    await done.catch(() => {});
    throw error;
  }
  stream.end();
  await done;
}

const columns = [
  "row",
  "line",
  "database_id",
  "username_normalized",
  "email",
  "email_normalized",
  "location_normalized",
  ...scalarFields.map(({ column }) => column),
  "emails",
  "emails_incomplete",
  "phones",
  "phones_incomplete",
  "delete_person",
  "leave_all",
  "leaves",
  "joins",
  "groups_given",
  "only_removes",
  "names_group",
  "digest",
  "failed",
  "issues",
  "plain",
  "entry_changed",
  "entry_memberships",
];

const absent = "\\N";
const needsEscape = /[\\\t\n\r]/;
const escapes: Record<string, string> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

function field(value: string | undefined): string {
  if (value === undefined) return absent;
  return needsEscape.test(value) ? value.replace(/[\\\t\n\r]/g, (found) => escapes[found]!) : value;
}

const list = <Item>(items: readonly Item[] | undefined, encode: (item: Item) => string): string =>
  items === undefined ? absent : field(items.map(encode).join(itemSeparator));

const flag = (value: boolean): string => (value ? "t" : "f");

/** The single values of a row, in the order of their columns. A blank flag is false. */
function encodeScalars(row: UserRow): string {
  let line = "";
  for (const [index, { property, kind }] of scalarFields.entries()) {
    const value = row[property];
    if (index > 0) line += "\t";
    if (value === undefined) line += absent;
    else if (kind === "flag") line += flag(value === true);
    else line += typeof value === "string" ? field(value) : list(value as readonly string[], (item) => item);
  }
  return line;
}

/** One line of PostgreSQL's text COPY format. Lists are joined by separators that no value can contain. */
function encodeRow(row: UserRow, digest: Buffer, entry: PlainEntry | undefined): string {
  const { groups } = row;
  const primary = row.emails?.[0];
  const issues = row.failure ? [...row.issues, row.failure] : row.issues;
  return `${[
    row.row,
    row.line,
    field(row.databaseId || undefined),
    field(row.usernameNormalized || undefined),
    field(primary?.email),
    field(primary?.normalized),
    field(row.location === undefined ? undefined : foldCase(row.location)),
    encodeScalars(row),
    list(row.emails, ({ email, normalized }) => normalized + partSeparator + email),
    flag(row.emailsIncomplete),
    list(row.phones, (phone) =>
      [phone.number, phone.extension, phone.messageType, phone.label, phone.carrier].join(partSeparator),
    ),
    flag(row.phonesIncomplete),
    flag(groups?.deletePerson ?? false),
    flag(groups?.leaveAll ?? false),
    list(groups?.leave.length ? groups.leave : undefined, (groupId) => groupId),
    list(
      groups?.join.length ? groups.join : undefined,
      ({ groupId, role }) => `${groupId}${partSeparator}${role ?? -1}`,
    ),
    flag(groups !== undefined),
    flag(
      Boolean(
        groups && groups.join.length === 0 && (groups.deletePerson || groups.leaveAll || groups.leave.length > 0),
      ),
    ),
    flag(row.namesGroup),
    `\\\\x${digest.toString("hex")}`,
    flag(row.failure !== undefined),
    issues.length === 0
      ? absent
      : field(JSON.stringify(issues.map((issue) => ({ ...issue, failure: issue === row.failure })))),
    flag(entry !== undefined),
    field(entry?.changed),
    field(entry?.memberships),
  ].join("\t")}\n`;
}
