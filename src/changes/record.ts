import type { Executor } from "../store/database.ts";

/** One entry of the change log, before it is numbered. */
export interface ChangeEntry {
  readonly type:
    | ("user" | "group" | "location" | "topic" | "membershipRequest")
    | ("optOut" | "source" | "organization" | "import");
  readonly action: "created" | "updated" | "deleted";
  /** The thing's id in the API. */
  readonly id: string;
  readonly databaseId?: string | null;
  readonly username?: string | null;
  /** Per property of the API's document: its value before and after; null stands for none. */
  readonly changed: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;
  readonly memberships?: readonly {
    readonly groupId: string;
    readonly role: { readonly from: number | null; readonly to: number | null };
  }[];
}

/** Who changed something. */
export interface Origin {
  /** `api-key:<name>`, `operator`, … */
  readonly actor: string;
  readonly importId?: string;
  /** Number of the source; absent when a person did it. */
  readonly source?: number;
}

/** The numbers that were given out; both absent when nothing was recorded. */
export interface Recorded {
  readonly count: number;
  readonly firstSequence?: number;
  readonly lastSequence?: number;
}

/** What a statement appends to the change log. */
interface AppendedEntries {
  /** Common table expressions that the other two use, each with a comma after it. */
  readonly with?: string;
  /** Select with the columns number (1 to n, in the order of the log), type, action, id, database_id, username, changed, memberships; the last two are JSON, as text. */
  readonly entries: string;
  /** Select of how many there are, in the column count; it may have others. */
  readonly count: string;
  /** Further columns of the answer: SQL, from the row of `counted`. */
  readonly returning?: string;
}

/**
 * The statement that appends to the change log. Parameters: $1 organization, $2 actor, $3 import, $4 source; the selects
 * may use $5 and on. The entries are streamed, however many they are.
 *
 * Numbers and times are given out under the organization's lock, which the caller holds: the n-th entry gets the base
 * plus n − 1 microseconds, where the base is never before the last entry, so that number, time and commit order agree.
 */
export function appendStatement({ with: expressions = "", entries, count, returning }: AppendedEntries): string {
  return `
    with head as materialized (
      select last_sequence, greatest(clock_timestamp(), last_at + interval '1 microsecond') as base
      from feed_heads where organization_id = $1
    ), ${expressions} counted as materialized (${count}),
    written as (
      insert into changes (organization_id, sequence, at, type, action, id, database_id, username, source, import_id, actor, changed, memberships)
      select $1, head.last_sequence + entry.number, head.base + (entry.number - 1) * interval '1 microsecond',
        entry.type, entry.action, entry.id, entry.database_id, entry.username, $4::smallint, $3::uuid, $2, entry.changed, entry.memberships
      from (${entries}) entry cross join head
    )
    update feed_heads
    set last_sequence = feed_heads.last_sequence + counted.count,
        last_at = head.base + (counted.count - 1) * interval '1 microsecond'
    from head, counted
    where feed_heads.organization_id = $1 and counted.count > 0
    returning counted.count::integer as count, head.last_sequence + 1 as "firstSequence",
      feed_heads.last_sequence as "lastSequence"${returning === undefined ? "" : `, ${returning}`}`;
}

/**
 * Appends to the change log inside the caller's transaction, which holds the organization's lock.
 */
export async function recordChanges(
  executor: Executor,
  organizationId: number,
  origin: Origin,
  entries: readonly ChangeEntry[],
): Promise<Recorded> {
  const { rows } = await executor.query<Recorded>(
    appendStatement({
      entries: `
        select ordinality as number, entry ->> 'type' as type, entry ->> 'action' as action, entry ->> 'id' as id,
          entry ->> 'databaseId' as database_id, entry ->> 'username' as username, entry ->> 'changed' as changed,
          coalesce(entry ->> 'memberships', '[]') as memberships
        from json_array_elements($5::json) with ordinality as list (entry, ordinality)`,
      count: "select json_array_length($5::json) as count",
    }),
    [organizationId, origin.actor, origin.importId ?? null, origin.source ?? null, JSON.stringify(entries)],
  );
  return rows[0] ?? { count: 0 };
}

/** What two recordings in one transaction, one after the other, gave out together. */
export function together(first: Recorded, second: Recorded): Recorded {
  if (first.count === 0) return second;
  if (second.count === 0) return first;
  return { ...first, ...second, count: first.count + second.count, firstSequence: first.firstSequence! };
}
