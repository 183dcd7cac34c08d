import sql, { empty, join, type Sql } from "sql-template-tag";
import { z } from "zod";
import { prepared, selectRow } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";

/** One entry of the change log, before it is numbered. */
export interface ChangeEntry {
  readonly type:
    | "user"
    | "group"
    | "location"
    | "topic"
    | "membershipRequest"
    | "optOut"
    | "source"
    | "organization"
    | "import";
  readonly action: "created" | "updated" | "deleted";
  /** The thing's id in the API. */
  readonly id: string;
  readonly databaseId?: string | null;
  readonly username?: string | null;
  /** Per property of the API's document: its value before and after; null if it had no value. */
  readonly changed: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;
  readonly memberships?: readonly {
    readonly groupId: string;
    readonly role: { readonly from: number | null; readonly to: number | null };
  }[];
}

/** The author of a change. */
export interface Origin {
  /** `api-key:<name>`, `operator`, … */
  readonly actor: string;
  readonly importId?: string;
  /** Number of the source; absent when a person did it. */
  readonly source?: number;
}

/** The numbers that were given out. Both are absent if nothing was recorded. */
export interface Recorded {
  readonly count: number;
  readonly firstSequence?: number;
  readonly lastSequence?: number;
}

/** The entries that a statement appends to the change log. */
export interface AppendedEntries {
  /** Common table expressions, `name as (…)`, that the selects below use. */
  readonly with?: readonly Sql[];
  /**
   * Select with the columns number (1 to n, in the order of the log), type, action, id, database_id, username, changed,
   * memberships. The last two are JSON, as text. The entries are streamed, however many they are.
   */
  readonly entries: Sql;
  /** Select of the number of entries, in the column count. It may have other columns. */
  readonly count: Sql;
  /** Further columns of the answer, from the row of `counted`. */
  readonly returning?: Sql;
}

/** A 64-bit number of the log. Connections of the tables' owner yield it as text. */
const sequence = z.coerce.number().pipe(z.int());

/** The row that `appendStatement` returns. */
export const recordedRow = z.object({ count: z.int(), firstSequence: sequence, lastSequence: sequence });

/**
 * The statement that appends to the change log. It returns a `recordedRow`, or no row if there is no entry.
 *
 * The caller holds the organization's lock, under which numbers and times are given out. The n-th entry gets the base time
 * plus n − 1 microseconds. The base is always after the last entry, so number, time and commit order agree.
 */
export function appendStatement(
  organizationId: number,
  { actor, importId, source }: Origin,
  { with: expressions = [], entries, count, returning }: AppendedEntries,
): Sql {
  return sql`
    with head as materialized (
      select last_sequence, greatest(clock_timestamp(), last_at + interval '1 microsecond') as base
      from feed_heads where organization_id = ${organizationId}
    ), ${join([...expressions, sql`counted as materialized (${count})`], ", ")},
    written as (
      insert into changes (organization_id, sequence, at, type, action, id, database_id, username, source, import_id, actor, changed, memberships)
      select ${organizationId}, head.last_sequence + entry.number, head.base + (entry.number - 1) * interval '1 microsecond',
        entry.type, entry.action, entry.id, entry.database_id, entry.username, ${source ?? null}::smallint,
        ${importId ?? null}::uuid, ${actor}, entry.changed, entry.memberships
      from (${entries}) entry cross join head
    )
    update feed_heads
    set last_sequence = feed_heads.last_sequence + counted.count,
        last_at = head.base + (counted.count - 1) * interval '1 microsecond'
    from head, counted
    where feed_heads.organization_id = ${organizationId} and counted.count > 0
    returning counted.count::integer as count, head.last_sequence + 1 as "firstSequence",
      feed_heads.last_sequence as "lastSequence"${returning === undefined ? empty : sql`, ${returning}`}`;
}

/**
 * Appends to the change log what a statement selects, in the caller's transaction, which holds the organization's lock.
 * @returns the numbers that were given out
 */
export async function appendChanges(
  executor: Executor,
  organizationId: number,
  origin: Origin,
  appended: Omit<AppendedEntries, "returning">,
): Promise<Recorded> {
  const row = await selectRow(executor, recordedRow, appendStatement(organizationId, origin, appended));
  return row ?? { count: 0 };
}

/** Appends these entries to the change log in the caller's transaction, which holds the organization's lock. */
export async function recordChanges(
  executor: Executor,
  organizationId: number,
  origin: Origin,
  entries: readonly ChangeEntry[],
): Promise<Recorded> {
  const statement = prepared(recordStatement(organizationId, origin, entries));
  return (await selectRow(executor, recordedRow, statement)) ?? { count: 0 };
}

/** The statement of `recordChanges`. */
export const recordStatement = (organizationId: number, origin: Origin, entries: readonly ChangeEntry[]): Sql =>
  appendStatement(organizationId, origin, {
    entries: sql`
      select ordinality as number, entry ->> 'type' as type, entry ->> 'action' as action, entry ->> 'id' as id,
        entry ->> 'databaseId' as database_id, entry ->> 'username' as username, entry ->> 'changed' as changed,
        coalesce(entry ->> 'memberships', '[]') as memberships
      from json_array_elements(${JSON.stringify(entries)}::json) with ordinality as list (entry, ordinality)`,
    count: sql`select ${entries.length}::integer as count`,
  });

/** Joins the numbers of two recordings in one transaction, one after the other. */
export function together(first: Recorded, second: Recorded): Recorded {
  if (first.count === 0) return second;
  if (second.count === 0) return first;
  return { ...first, ...second, count: first.count + second.count, firstSequence: first.firstSequence! };
}
