import { once } from "node:events";
import { finished } from "node:stream/promises";
import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { foldCase } from "../directory/text.ts";
import { digestRow } from "../intake/digest.ts";
import type { UserRow } from "../intake/records.ts";
import { itemSeparator, partSeparator, stagingTables } from "./statements/tables.ts";

/** What was staged. */
export interface Staged {
  readonly rows: number;
}

/**
 * Makes the temporary tables of an import on this connection. They live as long as it does, are empty at the start of
 * every transaction, are written to no log, and nobody else sees them.
 */
export async function prepareStaging(client: pg.PoolClient): Promise<void> {
  await client.query(stagingTables);
}

/**
 * Streams rows into `staged_rows` by COPY, with back-pressure; memory stays flat.
 * @param batches rows of the file, in order
 * @throws whatever the batches throw (MusterError for a document that is refused)
 */
export async function stageRows(client: pg.PoolClient, batches: AsyncIterable<readonly UserRow[]>): Promise<Staged> {
  const copy = client.query(copyFrom(`copy staged_rows (${columns.join(", ")}) from stdin`));
  const done = finished(copy, { readable: false });
  // The promise is awaited below; until then a failure must not count as unhandled.
  done.catch(() => {});
  let rows = 0;
  try {
    for await (const batch of batches) {
      let lines = "";
      for (const row of batch) lines += encodeRow(row);
      rows += batch.length;
      if (!copy.write(lines)) await Promise.race([once(copy, "drain"), done]);
    }
  } catch (error) {
    copy.destroy(error as Error);
    await done.catch(() => {});
    throw error;
  }
  copy.end();
  await done;
  return { rows };
}

const columns = [
  "row",
  "line",
  "database_id",
  "username",
  "username_normalized",
  "email",
  "email_normalized",
  "first_name",
  "last_name",
  "address",
  "custom_fields",
  "location",
  "location_normalized",
  "show_all_groups",
  "emails",
  "emails_incomplete",
  "phones",
  "phones_incomplete",
  "delete_person",
  "leave_all",
  "leaves",
  "joins",
  "only_removes",
  "names_group",
  "digest",
  "failed",
  "issues",
] as const;

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

/** One line of PostgreSQL's text COPY format. Lists are joined by separators that no value can contain. */
function encodeRow(row: UserRow): string {
  const { groups } = row;
  const primary = row.emails?.[0];
  const issues = row.failure ? [...row.issues, row.failure] : row.issues;
  return `${[
    row.row,
    row.line,
    field(row.databaseId || undefined),
    field(row.username || undefined),
    field(row.usernameNormalized || undefined),
    field(primary?.email),
    field(primary?.normalized),
    field(row.firstName),
    field(row.lastName),
    field(row.address),
    list(row.customFields, (value) => value),
    field(row.location),
    field(row.location === undefined ? undefined : foldCase(row.location)),
    row.showAllGroups === undefined ? absent : flag(row.showAllGroups === true),
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
    flag(
      Boolean(
        groups && groups.join.length === 0 && (groups.deletePerson || groups.leaveAll || groups.leave.length > 0),
      ),
    ),
    flag(row.namesGroup),
    `\\\\x${digestRow(row).toString("hex")}`,
    flag(row.failure !== undefined),
    issues.length === 0
      ? absent
      : field(JSON.stringify(issues.map((issue) => ({ ...issue, failure: issue === row.failure })))),
  ].join("\t")}\n`;
}
