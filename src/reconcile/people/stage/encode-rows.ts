import { setImmediate as nextTurn } from "node:timers/promises";
import { foldCase } from "../../../directory/text.ts";
import type { UserRow } from "../../../intake/records.ts";
import { type Scalar, scalarFields } from "../../../person/fields.ts";
import { itemSeparator, partSeparator } from "./lists.ts";
import type { PlainEntry, Wanted } from "./plain-entry.ts";

/** A row, and the digests by which its next import may recognize it: of what it says, and of its bytes. */
export interface StagedRow {
  readonly row: UserRow;
  readonly digest: Buffer;
  /** Of its bytes; null if they are not known by themselves. */
  readonly byteDigest: Buffer | null;
}

/** Some rows in PostgreSQL's text format of COPY. */
export interface EncodedRows {
  readonly rows: number;
  readonly lines: Buffer;
  /** Groups and locations that their plain rows want created; some may appear twice. */
  readonly wanted: Wanted;
}

/** Rows that are encoded together. If they were fewer, writing them would cost more. */
const rowsTogether = 20;

/**
 * Encodes rows, yielding to the event loop after each batch: other requests then wait for a few batches at most.
 * @param plainEntry returns the change log's entry for the person of a plain row; undefined for any other row
 * @param most rows that are encoded together
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
    await nextTurn();
  }
  if (rows.length > 0) yield encodeRows(rows, plainEntry);
}

function encodeRows(batch: readonly StagedRow[], plainEntry: (row: UserRow) => PlainEntry | undefined): EncodedRows {
  let lines = "";
  const wanted = { groups: [] as string[], locations: [] as string[] };
  for (const { row, digest, byteDigest } of batch) {
    const entry = plainEntry(row);
    lines += encodeRow({ row, digest, byteDigest, entry });
    if (entry !== undefined) {
      wanted.groups.push(...entry.wanted.groups);
      wanted.locations.push(...entry.wanted.locations);
    }
  }
  // A concatenated string would keep all its parts alive; bytes do not.
  return { rows: batch.length, lines: Buffer.from(lines), wanted };
}

/** A row with all that is staged of it. */
interface EncodableRow extends StagedRow {
  readonly entry: PlainEntry | undefined;
}

/** A column of `staged_rows`, and its value in a line of COPY. */
interface EncodedColumn {
  readonly name: string;
  readonly encode: (row: EncodableRow) => string;
}

const absent = "\\N";
const needsEscape = /[\\\t\n\r]/;
const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

const escaped = (value: string): string =>
  needsEscape.test(value) ? value.replace(/[\\\t\n\r]/g, (found) => escapes[found]!) : value;

const text = (value: string | undefined): string => (value === undefined ? absent : escaped(value));

const list = <Item>(items: readonly Item[] | undefined, encode: (item: Item) => string): string =>
  items === undefined ? absent : escaped(items.map(encode).join(itemSeparator));

const filledList = <Item>(items: readonly Item[] | undefined, encode: (item: Item) => string): string =>
  items?.length ? list(items, encode) : absent;

const flag = (value: boolean): string => (value ? "t" : "f");

const bytes = (value: Buffer): string => `\\\\x${value.toString("hex")}`;

const itself = (value: string) => value;

/** The columns of `staged_rows`, in the order in which COPY gets them. */
const encodedColumns: readonly EncodedColumn[] = [
  { name: "row", encode: ({ row }) => String(row.row) },
  { name: "line", encode: ({ row }) => String(row.line) },
  { name: "digest", encode: ({ digest }) => bytes(digest) },
  { name: "byte_digest", encode: ({ byteDigest }) => (byteDigest === null ? absent : bytes(byteDigest)) },
  { name: "failed", encode: ({ row }) => flag(row.failure !== undefined) },
  { name: "issues", encode: ({ row }) => encodeIssues(row) },
  { name: "database_id", encode: ({ row }) => text(row.databaseId || undefined) },
  { name: "username_normalized", encode: ({ row }) => text(row.usernameNormalized || undefined) },
  { name: "email", encode: ({ row }) => text(row.emails?.[0]?.email) },
  { name: "email_normalized", encode: ({ row }) => text(row.emails?.[0]?.normalized) },
  {
    name: "location_normalized",
    encode: ({ row }) => text(row.location === undefined ? undefined : foldCase(row.location)),
  },
  ...scalarFields.map((field) => ({ name: field.column, encode: scalarEncoder(field) })),
  { name: "emails", encode: ({ row }) => list(row.emails, ({ email, normalized }) => parts(normalized, email)) },
  { name: "emails_incomplete", encode: ({ row }) => flag(row.emailsIncomplete) },
  { name: "phones", encode: ({ row }) => list(row.phones, encodePhone) },
  { name: "email_removals", encode: ({ row }) => filledList(row.emailRemovals, ({ normalized }) => normalized) },
  {
    name: "phone_removals",
    encode: ({ row }) => filledList(row.phoneRemovals, ({ number, extension }) => parts(number, extension)),
  },
  { name: "phones_incomplete", encode: ({ row }) => flag(row.phonesIncomplete) },
  { name: "groups_given", encode: ({ row }) => flag(row.groups !== undefined) },
  { name: "groups_incomplete", encode: ({ row }) => flag(row.groups?.incomplete ?? false) },
  { name: "delete_person", encode: ({ row }) => flag(row.groups?.deletePerson ?? false) },
  { name: "leave_all", encode: ({ row }) => flag(row.groups?.leaveAll ?? false) },
  { name: "leaves", encode: ({ row }) => filledList(row.groups?.leave, itself) },
  {
    name: "joins",
    encode: ({ row }) => filledList(row.groups?.join, ({ groupId, role }) => parts(groupId, role ?? -1)),
  },
  { name: "only_removes", encode: ({ row }) => flag(onlyRemoves(row)) },
  { name: "names_group", encode: ({ row }) => flag(row.namesGroup) },
  { name: "plain", encode: ({ entry }) => flag(entry !== undefined) },
  { name: "entry_changed", encode: ({ entry }) => text(entry?.changed) },
  { name: "entry_memberships", encode: ({ entry }) => text(entry?.memberships) },
];

/** Names of the columns that `EncodedRows` fill, in their order. */
export const encodedColumnNames: readonly string[] = encodedColumns.map(({ name }) => name);

const encodeRow = (row: EncodableRow): string => `${encodedColumns.map(({ encode }) => encode(row)).join("\t")}\n`;

/** A blank flag is false: it says that nothing is to be shown. */
function scalarEncoder({ property, kind }: Scalar): EncodedColumn["encode"] {
  switch (kind) {
    case "flag":
      return ({ row }) => (row[property] === undefined ? absent : flag(row[property] === true));
    case "texts":
      return ({ row }) => list(row[property] as readonly string[] | undefined, itself);
    default:
      return ({ row }) => text(row[property] as string | undefined);
  }
}

const parts = (...values: readonly (string | number)[]): string => values.join(partSeparator);

const encodePhone = ({ number, extension, messageType, label, carrier }: NonNullable<UserRow["phones"]>[number]) =>
  parts(number, extension, messageType, label, carrier);

function onlyRemoves({ groups }: UserRow): boolean {
  if (groups === undefined || groups.join.length > 0) return false;
  return groups.deletePerson || groups.leaveAll || groups.leave.length > 0;
}

function encodeIssues({ issues, failure }: UserRow): string {
  const all = failure ? [...issues, failure] : issues;
  if (all.length === 0) return absent;
  return escaped(JSON.stringify(all.map((issue) => ({ ...issue, failure: issue === failure }))));
}
