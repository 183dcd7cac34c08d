import sql from "sql-template-tag";
import { MusterError } from "../../errors.ts";
import { readCsvTable } from "../../intake/csv-table.ts";
import { groupColumns, groupFields } from "../../intake/group-columns.ts";
import { locationColumns, locationFields } from "../../intake/location-columns.ts";
import { readOptionsOf } from "../../intake/mapping.ts";
import type { FieldMapping } from "../../intake/mapping-schema.ts";
import { readRecords } from "../../intake/read-records.ts";
import type { FileFormat, Reading, ReadOptions } from "../../intake/reading.ts";
import { positionedFields } from "../../person/fields.ts";
import { type Database, withOrganization } from "../../store/database.ts";
import { prepared } from "../../store/sql.ts";
import { openBody } from "../receive/bodies.ts";
import type { ImportKind } from "../receive/request.ts";
import { openAbsentRows } from "./absent-rows.ts";
import type { ImportStatus } from "./import-resource.ts";
import { type ImportRowKey, listImportRows } from "./list-rows.ts";
import { type Outcomes, type RowAction, type RowOutcome, readOutcomes } from "./outcomes.ts";

/** The outcome of a row. */
export interface RowResponse {
  /** 1-based. */
  readonly row: number;
  readonly outcome: RowOutcome;
  readonly action: RowAction;
  readonly status: "Successful" | "Fail";
  /** All that there is to say about it; "" for nothing. */
  readonly message: string;
  /** In a file of groups: the group that the row is about; null when the row failed, or has no group. */
  readonly groupId: string | null;
}

/** A response file (file formats, section 8). */
export interface ResponseFile {
  readonly fileName: string;
  /** Columns of the file and of the response; the first row of the file, when it was a header. */
  readonly header: readonly string[] | null;
  /** The rows, with the columns they had in the file. */
  readonly rows: AsyncIterable<RowResponse & { readonly cells: readonly string[] }>;
}

/** An import as far as its response needs it. */
interface StoredImport {
  [column: string]: unknown;
  kind: ImportKind;
  status: ImportStatus;
  organization: string;
  rows: number;
  /** false: all of it is held, or was until somebody discarded it. */
  isApplied: boolean;
  outcomes: Outcomes;
  reading: Reading;
  mapping: FieldMapping | null;
  finished: string;
}

/**
 * Returns the outcome of every row of an import, in the order of the file.
 * @throws MusterError not_found; conflict when the import was refused, or goes on
 */
export async function respondRows(
  database: Database,
  organizationId: number,
  importId: string,
): Promise<AsyncIterable<RowResponse>> {
  const stored = await readImport(database, organizationId, importId);
  return responses(database, organizationId, importId, stored);
}

/**
 * The response file of an import: the rows as they were sent, and what became of each. Read from the body that was
 * kept, in constant memory.
 * @param withAbsent appends the people whom the import removes because the file does not name them
 * @throws MusterError not_found; conflict when the import was refused, or goes on; gone when the body is not kept
 */
export async function respondFile(
  database: Database,
  organizationId: number,
  importId: string,
  withAbsent = false,
): Promise<ResponseFile> {
  const stored = await readImport(database, organizationId, importId);
  const body = openBody(database, { organizationId, importId });
  const first = await body.next();
  const cells = readCells(restored(first, body), stored);
  const header = hasHeader(stored) ? ((await cells.next()).value ?? null) : null;
  const rows: ResponseFile["rows"] = joined(responses(database, organizationId, importId, stored), cells, stored);
  const columns = header ?? positionedFields;
  const absent =
    withAbsent && stored.kind === "users"
      ? await openAbsentRows(database, organizationId, importId, columns, stored.status === "planned")
      : undefined;
  const name = stored.organization.replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_+|_+$/g, "");
  return {
    fileName: `${name || "Organization"}_${titles[stored.kind]}_Response_${stored.finished}.csv`,
    header: header && [...header, ...(stored.kind === "groups" ? ["email", "groupID"] : [])],
    rows: absent === undefined ? rows : oneAfterTheOther(rows, absent),
  };
}

async function* oneAfterTheOther(...lists: readonly ResponseFile["rows"][]): ResponseFile["rows"] {
  for (const list of lists) yield* list;
}

/** The names of response files (file formats, section 8). */
const titles: Readonly<Record<ImportKind, string>> = {
  users: "Membership",
  groups: "Groups",
  locations: "Campuses",
  retirement: "Retirement",
};

/** The full layout of groups is only read with a header row. */
const hasHeader = ({ kind, reading }: StoredImport) =>
  reading.header ?? (kind === "groups" && reading.format !== "csv");

async function readImport(database: Database, organizationId: number, importId: string): Promise<StoredImport> {
  const { rows } = await withOrganization(database, organizationId, (client) =>
    client.query<StoredImport>(
      prepared(sql`select kind, status, organizations.name as organization, (counts ->> 'rows')::integer as rows, outcomes, reading, mapping,
         coalesce(status not in ('held', 'discarded') or hold ->> 'scope' = 'removals', true) as "isApplied",
         to_char(finished_at at time zone 'UTC', 'YYYYMMDD_HH24MISS') as finished
       from imports join organizations on organizations.id = organization_id
       where organization_id = ${organizationId} and imports.id = ${importId}`),
    ),
  );
  const [stored] = rows;
  if (!stored) throw new MusterError("not_found", "There is no such import.");
  if (stored.kind === "retirement")
    throw new MusterError("conflict", "The retirement of a source has no rows. Read its plan under /plan instead.");
  if (stored.status === "failed") {
    throw new MusterError("conflict", "The import was refused, and none of its rows was processed: see its problem.");
  }
  if (stored.outcomes === null) {
    throw new MusterError("conflict", "The import is not done yet. Ask again in a moment.", { retryAfter: 5 });
  }
  return stored;
}

async function* responses(
  database: Database,
  organizationId: number,
  importId: string,
  { status: importStatus, rows, outcomes, isApplied }: StoredImport,
): AsyncGenerator<RowResponse> {
  const { outcomeOf } = readOutcomes(outcomes, importStatus === "applied");
  const notes = readNotes(database, organizationId, importId);
  let note = await notes.next();
  // People whom the file does not name have no row.
  while (!note.done && note.value.row === 0) note = await notes.next();
  for (let row = 1; row <= rows; row += 1) {
    const messages: string[] = [];
    for (; !note.done && note.value.row === row; note = await notes.next()) messages.push(note.value.message);
    const { outcome, action, isHeld } = outcomeOf(row);
    if (outcome === "failed" && messages.length === 0) messages.push(noteMissing);
    if (!isApplied && outcome !== "failed") messages.unshift("Not applied: the import is held, or was.");
    if (isHeld) messages.unshift(heldMessages[importStatus === "held" ? "waits" : "discarded"]);
    const isWithoutEffect = outcome === "failed" || !isApplied || (isHeld && outcome === "unchanged");
    const status = isWithoutEffect ? "Fail" : "Successful";
    yield { row, outcome, action, status, message: messages.join(" "), groupId: outcomes.groupIds?.[row] ?? null };
  }
}

/** The message of a row that failed, of a file with more notes than are kept. */
const noteMissing = "The row failed. The file has too many notes, and the note on this row is not kept.";

/** The messages of rows whose removals are held. */
const heldMessages = {
  waits: "Not applied yet: what it takes away is held, and waits for a decision.",
  discarded: "Not applied: what it takes away was held, and is discarded.",
} as const;

const notesAtOnce = 1_000;

async function* readNotes(database: Database, organizationId: number, importId: string) {
  for (let after: ImportRowKey | undefined; ; ) {
    const page = await listImportRows(
      database,
      organizationId,
      importId,
      {},
      {
        limit: notesAtOnce,
        ...(after === undefined ? {} : { after }),
      },
    );
    yield* page.items;
    if (page.next === undefined) return;
    after = page.next;
  }
}

async function* restored<Item>(first: IteratorResult<Item>, rest: AsyncGenerator<Item>): AsyncGenerator<Item> {
  if (!first.done) yield first.value;
  yield* rest;
}

/** The columns of each row, as they were sent; of CSV with a header, that comes first. */
async function* readCells(
  body: AsyncIterable<Uint8Array>,
  { kind, reading, mapping }: StoredImport,
): AsyncGenerator<readonly string[]> {
  const { format, encoding, delimiter } = reading;
  if (format === "csv") {
    const options = { encoding, delimiter: delimiter ?? ",", isHeader: () => reading.header === true } as const;
    for await (const rows of readCsvTable(body, options)) for (const { cells } of rows) yield cells;
    return;
  }
  if (kind === "users")
    yield* readFields(body, format, { ...readOptionsOf(mapping, undefined), encoding }, positionedFields);
  else if (kind === "locations")
    yield* readFields(body, format, { mapping: locationColumns, encoding }, locationFields);
  else {
    yield groupFields;
    yield* readFields(body, format, { mapping: groupColumns, encoding }, groupFields);
  }
}

async function* readFields<Field extends string>(
  body: AsyncIterable<Uint8Array>,
  format: FileFormat,
  options: ReadOptions<Field>,
  fields: readonly Field[],
): AsyncGenerator<readonly string[]> {
  for await (const records of readRecords(format, body, options)) {
    for (const { values } of records) yield fields.map((field) => values[field] ?? "");
  }
}

/** The columns of groups: an empty e-mail address and the group's id come before the outcome of the row. */
async function* joined(
  responses: AsyncIterable<RowResponse>,
  rows: AsyncGenerator<readonly string[]>,
  { kind }: StoredImport,
) {
  for await (const response of responses) {
    const { value = [] } = await rows.next();
    const appended = kind === "groups" ? ["", response.groupId ?? ""] : [];
    yield { ...response, cells: [...value, ...appended] };
  }
}
