import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { MusterError } from "../errors.ts";
import { forEachCopiedRow } from "../store/copy-out.ts";
import { type Database, type Transaction, withOrganization } from "../store/database.ts";
import { prepared, selectRow } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { type ChangesText, createChangesText } from "./change-text.ts";
import type { FeedPosition, FeedRequest } from "./feed-request.ts";
import { entriesStatement, findingsStatement, pageFindings } from "./feed-statement.ts";

/** A page of the log. */
export interface FeedPage {
  readonly changes: ChangesText;
  /** The place to continue from. */
  readonly position: FeedPosition;
  /** The time up to which nothing is missing. It is never after the last change. */
  readonly until: string;
  /** True if there is more to read already. */
  readonly hasMore: boolean;
  /** True if all is known up to the requested `until`; absent without one. */
  readonly complete?: boolean;
}

/**
 * Reads a page of an organization's change log. The first statement finds out where the page begins and ends, the second one
 * tells its entries; both see one moment.
 * @throws MusterError resync_required when the place is cut off, or is not in this log
 * @throws MusterError source_unknown when a source that is to be left out does not exist
 */
export function readFeed(database: Database, organizationId: number, request: FeedRequest): Promise<FeedPage> {
  const read = async (transaction: Transaction): Promise<FeedPage> => {
    await requireSources(transaction, organizationId, request.filter.excludeSources ?? []);
    const findings = (await selectRow(transaction, pageFindings, findingsStatement(organizationId, request)))!;
    const { sequence, at, until, hasMore, complete, head, prunedAt } = findings;
    if (sequence === null || at === null || until === null) throw lost(request, head, prunedAt);
    const changes = createChangesText(request.frame, findings.sources ?? {}, findings.bytes);
    if (findings.hasEntries) {
      const { text } = entriesStatement(organizationId, findings, request.latest);
      await forEachCopiedRow(transaction.connection, text, changes.add);
    }
    return {
      changes,
      position: { sequence, at },
      until,
      hasMore: hasMore === true,
      ...(complete === null ? {} : { complete }),
    };
  };
  return withOrganization(database, organizationId, read, "repeatable read");
}

const wayOut =
  "Read the lists that you keep a copy of again, and follow from the changesCursor that their first page gives.";

function lost(
  { after, since }: Pick<FeedRequest, "after" | "since">,
  head: number,
  prunedAt: string | null,
): MusterError {
  const kept = prunedAt === null ? "" : ` The log begins after ${prunedAt}.`;
  if (after === undefined) {
    const from = since === undefined ? "The first changes" : "The changes right after since";
    return new MusterError("resync_required", `${from} are not kept any more.${kept} ${wayOut}`);
  }
  const reason =
    after.sequence > head
      ? "The cursor is ahead of the log: it belongs to another organization, or a backup was restored."
      : `The changes right after the cursor are not kept any more, or the cursor does not belong to this log.${kept}`;
  return new MusterError("resync_required", `${reason} ${wayOut}`);
}

async function requireSources(executor: Executor, organizationId: number, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const { rows } = await executor.query(prepared(unknownSources(organizationId, names)));
  if (rows.length === 0) return;
  throw new MusterError(
    "source_unknown",
    "excludeSource names an unknown source. Choose one that GET /v1/sources lists.",
    {
      field: "excludeSource",
    },
  );
}

/** The names that are not names of sources. */
export const unknownSources = (organizationId: number, names: readonly string[]): Sql => sql`
  select name from unnest(${names}::text[]) name
  where name not in (select name from sources where organization_id = ${organizationId})`;

const positionRow = z.object({ sequence: z.int(), at: z.string() });

/**
 * The end of the log. A reader that asks before reading a list can follow from there. The changes after it tell whatever
 * the list does not show.
 */
export function feedEnd(database: Database, organizationId: number): Promise<FeedPosition> {
  return withOrganization(database, organizationId, async (transaction) => {
    return (await selectRow(transaction, positionRow, prepared(endOfFeed(organizationId))))!;
  });
}

/** The statement of `feedEnd`. */
export const endOfFeed = (organizationId: number): Sql => sql`
  select last_sequence as sequence, timestamp_text(greatest(last_at, 'epoch')) as at
  from feed_heads where organization_id = ${organizationId}`;

/** A stretch of the log: after the first number, up to the last one. */
export interface Stretch {
  readonly after: number;
  readonly through: number;
}

/** A time, or a day of the organization's time zone, as `2026-11-22`: its beginning as a start, its end as an end. */
export type Moment = string;

const stretchRow = z.object({
  after: z.int().nullable(),
  through: z.int(),
  until: z.string(),
  head: z.int(),
  prunedAt: z.string().nullable(),
});

/**
 * The stretch of the log between two moments, the second one included; without the second, to the end.
 * @returns also the time up to which it is complete, the start of the next window
 * @throws MusterError resync_required when what comes after the first moment is cut off
 */
export async function feedStretch(
  database: Database,
  organizationId: number,
  since: Moment,
  until: Moment | undefined,
): Promise<Stretch & { readonly until: string }> {
  const row = await withOrganization(database, organizationId, (transaction) =>
    selectRow(transaction, stretchRow, prepared(stretchBetween(organizationId, since, until))),
  );
  const { after, through, until: reached, head, prunedAt } = row!;
  if (after === null) throw lost({ after: undefined, since }, head, prunedAt);
  return { after, through, until: reached };
}

/** The statement of `feedStretch`. */
export const stretchBetween = (organizationId: number, since: Moment, until: Moment | undefined): Sql => sql`
  with zone as materialized (
    select coalesce(settings ->> 'timeZone', 'UTC') as name from organizations where id = ${organizationId}
  ), edge as materialized (
    select ${edgeOf(since, "start")} as since, ${edgeOf(until, "end")} as until from zone
  )
  select case when edge.since >= pruned_at then last_change_until(${organizationId}, edge.since) end as after,
    case when edge.until is null then last_sequence else last_change_until(${organizationId}, edge.until) end as through,
    timestamp_text(least(edge.until, greatest(last_at, 'epoch'))) as until,
    last_sequence as head, case when pruned_sequence > 0 then timestamp_text(pruned_at) end as "prunedAt"
  from feed_heads, edge where organization_id = ${organizationId}`;

/** The time of a moment; null if there is no moment. A day ends a microsecond before the next one. */
function edgeOf(moment: Moment | undefined, edge: "start" | "end"): Sql {
  const text = sql`${moment ?? null}::text`;
  const midnight = sql`(${text} || ' 00:00')::timestamp`;
  return sql`case when ${text} like '____-__-__' then ${
    edge === "start"
      ? sql`${midnight} at time zone zone.name`
      : sql`(${midnight} + interval '1 day') at time zone zone.name - interval '1 microsecond'`
  } else (${text})::timestamptz end`;
}
