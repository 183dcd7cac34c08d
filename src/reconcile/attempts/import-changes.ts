import sql, { empty, type Sql } from "sql-template-tag";
import { MusterError } from "../../errors.ts";
import { type Database, withOrganization } from "../../store/database.ts";
import { prepared } from "../../store/sql.ts";
import type { Executor } from "../../store/statement.ts";
import { type ImportChange, keptReason } from "./import-changes-schema.ts";
import type { ImportStatus } from "./import-resource.ts";
import type { Page } from "./pages.ts";
import { isPlanKept } from "./plans.ts";

/** The parts of the list, in their order. */
const parts = { log: 0, plan: 1, kept: 2 } as const;

/** The position of a page: the part, and the last item before the page. Notes have two numbers. */
export type ImportChangeKey = readonly [part: number, number: number, note: number];

/** A filter for the changes of an import. */
export interface ImportChangeFilter {
  readonly type?: ImportChange["type"] | undefined;
  readonly action?: ImportChange["action"] | undefined;
}

/** Entries of the log that a page looks at, at most: an approval long after an import widens its range. */
const scannedEntries = 20_000;

interface StoredImport {
  [column: string]: unknown;
  status: ImportStatus;
  firstSequence: number | null;
  lastSequence: number | null;
  isLogKept: boolean;
  isPlanKept: boolean;
}

interface StoredChange extends Omit<ImportChange, "status" | "reason"> {
  [column: string]: unknown;
  number: number;
  note: number;
  /** The reason for which somebody is kept; "absent" for those whom the file does not name. */
  reason: string | null;
}

/** A page of stored changes of one part, and the position where it ends; null: the part ends. */
interface Piece {
  readonly rows: readonly StoredChange[];
  readonly end: readonly [number: number, note: number] | null;
}

/**
 * Reads the changes of an import: first what was applied, from the log, then what is planned, then the people who are kept.
 * @returns a page, which can be shorter than `limit` although the list goes on
 * @throws MusterError not_found; conflict when the import was refused, or goes on; gone when the log or the plan is not kept
 */
export function listImportChanges(
  database: Database,
  organizationId: number,
  id: string,
  filter: ImportChangeFilter,
  { after, limit }: { readonly after?: ImportChangeKey | undefined; readonly limit: number },
): Promise<Page<ImportChange, ImportChangeKey>> {
  return withOrganization(
    database,
    organizationId,
    async (transaction) => {
      const stored = await readImport(transaction, organizationId, id);
      const [part, number, note] = after ?? [parts.log, 0, 0];
      const items: ImportChange[] = [];
      let from: readonly [number, number] = [number, note];
      for (let current = part; current <= parts.kept; current += 1) {
        const room = limit - items.length;
        const { rows, end } = await readPart(transaction, organizationId, id, stored, filter, current, from, room);
        const status = statusOf(stored, current);
        items.push(...rows.map((row) => toChange(row, status)));
        if (end !== null) return { items, next: [current, ...end] };
        from = [0, 0];
        if (items.length === limit && current < parts.kept) return { items, next: [current + 1, 0, 0] };
      }
      return { items };
    },
    "repeatable read",
  );
}

async function readImport(executor: Executor, organizationId: number, id: string): Promise<StoredImport> {
  const { rows } = await executor.query<StoredImport>(
    prepared(sql`
      select i.status, i.first_sequence as "firstSequence", i.last_sequence as "lastSequence",
        coalesce(i.first_sequence > head.pruned_sequence, true) as "isLogKept", ${isPlanKept(organizationId, id)} as "isPlanKept"
      from imports i join feed_heads head on head.organization_id = ${organizationId}
      where i.organization_id = ${organizationId} and i.id = ${id}`),
  );
  const [stored] = rows;
  if (!stored) throw new MusterError("not_found", "There is no such import.");
  const { status } = stored;
  if (status === "failed") {
    throw new MusterError("conflict", "The import was refused, and changed nothing. Read its problem instead.");
  }
  if (status === "receiving" || status === "planning") {
    throw new MusterError("conflict", "The import is not done yet. Ask again in a moment.", { retryAfter: 5 });
  }
  if (!stored.isLogKept) {
    throw new MusterError("gone", "The changes of this import are not kept any more. Read its report instead.");
  }
  if (!stored.isPlanKept && (status === "planned" || status === "held")) {
    throw new MusterError("gone", "This plan is not kept any more. Read the report of the import instead.");
  }
  return stored;
}

async function readPart(
  executor: Executor,
  organizationId: number,
  id: string,
  { status, firstSequence, lastSequence }: StoredImport,
  filter: ImportChangeFilter,
  part: number,
  [number, note]: readonly [number, number],
  limit: number,
): Promise<Piece> {
  const nothing = { rows: [], end: null };
  const read = async (statement: Sql) => (await executor.query<StoredChange>(prepared(statement))).rows;
  if (part === parts.log) {
    if (firstSequence === null || lastSequence === null || filter.action === "kept") return nothing;
    const after = Math.max(number, firstSequence - 1);
    const through = Math.min(lastSequence, after + scannedEntries);
    const rows = await read(loggedChanges(organizationId, id, filter, { after, through, limit }));
    const last = rows.length === limit ? rows.at(-1)!.number : through;
    return { rows, end: last < lastSequence ? [last, 0] : null };
  }
  if (part === parts.plan) {
    if (status === "applied" || filter.action === "kept") return nothing;
    const rows = await read(plannedChanges(organizationId, id, filter, number, limit));
    return { rows, end: rows.length === limit ? [rows.at(-1)!.number, 0] : null };
  }
  if ((filter.action ?? "kept") !== "kept" || (filter.type ?? "user") !== "user") return nothing;
  const rows = await read(keptPeople(organizationId, id, number, note, limit));
  const last = rows.length === limit ? rows.at(-1)! : undefined;
  return { rows, end: last === undefined ? null : [last.number, last.note] };
}

/** SQL: ids of the people whom the file does not name and who are deleted. */
const absentPeople = (organizationId: number, id: string): Sql => sql`(
  select coalesce(outcomes ->> 'absent', '{}')::int8multirange + coalesce(outcomes #>> '{held,absent}', '{}')::int8multirange as ids
  from imports where organization_id = ${organizationId} and id = ${id}) absent`;

const shownColumns = sql`
  c.id, c.type, c.action, c.database_id as "databaseId", c.username, u.email, u.first_name as "firstName",
  u.last_name as "lastName", c.changed::json as changed, c.memberships::json as memberships,
  case when c.type = 'user' and c.action = 'removed' and c.id::bigint <@ absent.ids then 'absent' end as reason`;

const joinedUser = (organizationId: number): Sql => sql`
  left join users u on u.organization_id = ${organizationId} and u.id = case when c.type = 'user' then c.id::bigint end`;

/** Selects changes from the log. Requests that the import settled have its id, too, and are left out. */
export const loggedChanges = (
  organizationId: number,
  id: string,
  { type, action }: ImportChangeFilter,
  { after, through, limit }: { readonly after: number; readonly through: number; readonly limit: number },
): Sql => sql`
  select c.sequence as number, 0 as note, ${shownColumns}
  from (
    select sequence, id, type, database_id, username, changed, memberships, ${loggedAction} as action from changes
    where organization_id = ${organizationId} and sequence > ${after} and sequence <= ${through} and import_id = ${id}::uuid
      and type in ('user', 'group', 'location')
      ${type === undefined ? empty : sql`and type = ${type}`}
      ${action === undefined ? empty : sql`and ${loggedAction} = ${action}`}
    order by sequence limit ${limit}
  ) c
  cross join ${absentPeople(organizationId, id)} ${joinedUser(organizationId)}
  order by c.sequence`;

const loggedAction = sql`case action when 'created' then 'added' when 'deleted' then 'removed' else 'updated' end`;
const plannedAction = sql`case action when 'add' then 'added' when 'remove' then 'removed' else 'updated' end`;

/** Selects changes from the kept plan. */
export const plannedChanges = (
  organizationId: number,
  id: string,
  { type, action }: ImportChangeFilter,
  after: number,
  limit: number,
): Sql => sql`
  select c.number, 0 as note, ${shownColumns}
  from (
    select number, id, type, database_id, username, changed, memberships, ${plannedAction} as action from plan_items
    where organization_id = ${organizationId} and import_id = ${id}::uuid and number > ${after}::bigint
      ${type === undefined ? empty : sql`and type = ${type}`}
      ${action === undefined ? empty : sql`and ${plannedAction} = ${action}`}
    order by number limit ${limit}
  ) c
  cross join ${absentPeople(organizationId, id)} ${joinedUser(organizationId)}
  order by c.number`;

/** Selects the people who were kept, from the notes. Notes of older imports name the person in one text. */
export const keptPeople = (organizationId: number, id: string, row: number, note: number, limit: number): Sql => sql`
  select row as number, number as note, 'user' as type, 'kept' as action, details ->> 'id' as id,
    details ->> 'databaseId' as "databaseId", details ->> 'username' as username, details ->> 'email' as email,
    details ->> 'firstName' as "firstName", coalesce(details ->> 'lastName', details ->> 'person') as "lastName",
    '{}'::json as changed, '[]'::json as memberships, details ->> 'reason' as reason
  from import_rows
  where organization_id = ${organizationId} and import_id = ${id}::uuid and (row, number) > (${row}::bigint, ${note}::bigint)
    and code = 'person_kept'
  order by row, number limit ${limit}`;

/** People who are kept are kept at once, unless nothing is applied. */
function statusOf({ status, firstSequence }: StoredImport, part: number): ImportChange["status"] {
  if (part === parts.log || status === "applied" || (part === parts.kept && firstSequence !== null)) return "applied";
  return status === "discarded" ? "discarded" : "planned";
}

function toChange(stored: StoredChange, status: ImportChange["status"]): ImportChange {
  const { action, type, id, databaseId, username, changed, memberships, reason } = stored;
  const after = (property: string) => changed[property]?.to ?? changed[property]?.from;
  const emails = after("emails");
  const texts = {
    email: Array.isArray(emails) ? emails[0] : undefined,
    firstName: after("firstName"),
    lastName: after("lastName"),
  };
  const known = (name: keyof typeof texts) => (typeof texts[name] === "string" ? texts[name] : stored[name]);
  return {
    status,
    action,
    type,
    id,
    databaseId,
    username,
    email: known("email"),
    firstName: known("firstName"),
    lastName: known("lastName"),
    changed,
    memberships,
    reason: reason === null ? null : reasonOf(reason),
  };
}

function reasonOf(reason: string): NonNullable<ImportChange["reason"]> {
  if (reason === "absent") return { code: "absent", message: "The file does not name the person." };
  return { code: keptReason(reason), message: `${reason.slice(0, 1).toUpperCase()}${reason.slice(1)}.` };
}
