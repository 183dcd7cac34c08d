import { MusterError } from "../errors.ts";
import { forEachCopiedRow } from "../store/copy-out.ts";
import { type Database, type Executor, type Transaction, withOrganization } from "../store/database.ts";
import { type ChangesFrame, type ChangesText, createChangesText } from "./change-text.ts";
import { entriesStatement, findingsStatement, type PageFindings } from "./feed-statement.ts";

/** Everything that the change log tells of. */
export const changeTypes = [
  ...(["user", "group", "location", "topic", "membershipRequest", "permission", "import", "source"] as const),
  ...(["organization", "optOut"] as const),
] as const;
export type ChangeType = (typeof changeTypes)[number];

/** Where a change comes from: a source's import, somebody's hand, or the person themself. */
export const changeOrigins = ["source", "manual", "self-registered"] as const;
export type ChangeOrigin = (typeof changeOrigins)[number];

/**
 * A place in an organization's log: after this change. The time makes it one of this log alone: a number without it would
 * be taken for that of another change after a restored backup.
 */
export interface FeedPosition {
  /** 0: before the first change. */
  readonly sequence: number;
  /** Of that change, RFC 3339 with microseconds; the epoch before the first one. */
  readonly at: string;
}

/** Which changes a reader wants; several conditions all have to apply. */
export interface FeedFilter {
  readonly types?: readonly ChangeType[] | undefined;
  /** The group itself, who joins or leaves it, whatever changes of its members, its topics and the requests to join it. */
  readonly groupId?: string | undefined;
  /** Names of sources whose imports are left out. */
  readonly excludeSources?: readonly string[] | undefined;
  /** Actors whose changes are left out, e.g. `api-key:sync`. */
  readonly excludeActors?: readonly string[] | undefined;
  readonly origins?: readonly ChangeOrigin[] | undefined;
}

/** What a reader asks for. Times are RFC 3339 with at most microseconds. */
export interface FeedRequest {
  /** Where to go on; without it and `since` at the beginning. */
  readonly after?: FeedPosition | undefined;
  /** Only changes after this time. Not with `after`. */
  readonly since?: string | undefined;
  /** Only changes up to this time, it included. */
  readonly until?: string | undefined;
  readonly filter: FeedFilter;
  /** Whether several changes of one thing on the page become one. */
  readonly latest: boolean;
  /** Most changes of a page. */
  readonly limit: number;
  /** What stands around the changes. */
  readonly frame: ChangesFrame;
}

/** A page of the log. */
export interface FeedPage {
  readonly changes: ChangesText;
  /** Where to go on. */
  readonly position: FeedPosition;
  /** The time up to which nothing is missing; never beyond the last change. */
  readonly until: string;
  /** Whether there is more to read already. */
  readonly hasMore: boolean;
  /** Whether all is known up to the `until` that was asked for; absent when none was. */
  readonly complete?: boolean;
}

/**
 * Reads a page of an organization's change log. The first statement finds out where the page begins and ends, the second one
 * tells what is on it; both see one moment.
 * @throws MusterError resync_required when the place is cut off, or is none of this log
 * @throws MusterError source_unknown when a source that is to be left out does not exist
 */
export function readFeed(database: Database, organizationId: number, request: FeedRequest): Promise<FeedPage> {
  const statement = findingsStatement(organizationId, request);
  const read = async (client: Transaction) => {
    await requireSources(client, organizationId, request.filter.excludeSources ?? []);
    const { rows } = await client.query<PageFindings>(statement);
    const findings = rows[0]!;
    const { sequence, at, until, hasMore, complete, head, prunedAt } = findings;
    if (sequence === null) throw lost(request, head, prunedAt);
    const changes = createChangesText(request.frame, findings.sources ?? {}, findings.bytes);
    if (findings.hasEntries) {
      await forEachCopiedRow(
        client.connection,
        entriesStatement(organizationId, findings, request.latest),
        changes.add,
      );
    }
    return {
      changes,
      position: { sequence, at },
      until,
      hasMore,
      ...(complete === null ? {} : { complete }),
    };
  };
  return withOrganization(database, organizationId, read, "repeatable read");
}

const wayOut =
  "Read the lists that you keep a copy of anew, and follow from the changesCursor that their first page gives.";

function lost(
  { after, since }: Pick<FeedRequest, "after" | "since">,
  head: number,
  prunedAt: string | null,
): MusterError {
  const kept = prunedAt === null ? "" : ` What is kept begins after ${prunedAt}.`;
  if (after === undefined) {
    const from = since === undefined ? "The first changes are" : "What changed right after since is";
    return new MusterError("resync_required", `${from} not kept any more.${kept} ${wayOut}`);
  }
  const reason =
    after.sequence > head
      ? "The cursor is ahead of the log: it is another organization's, or a backup was restored."
      : `What changed right after the cursor is not kept any more, or the cursor is not of this log.${kept}`;
  return new MusterError("resync_required", `${reason} ${wayOut}`);
}

async function requireSources(executor: Executor, organizationId: number, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const { rows } = await executor.query<{ name: string }>(
    "select name from unnest($2::text[]) name where name not in (select name from sources where organization_id = $1)",
    [organizationId, names],
  );
  if (rows.length === 0) return;
  throw new MusterError("source_unknown", "excludeSource names a source that there is not.", {
    field: "excludeSource",
  });
}

/**
 * Where the log ends. Whoever asks before reading a list can follow from there: what the list does not show, the changes
 * after it tell.
 */
export function feedEnd(database: Database, organizationId: number): Promise<FeedPosition> {
  return withOrganization(database, organizationId, async (client) => {
    const { rows } = await client.query<{ sequence: number; at: string }>(
      `select last_sequence as sequence, timestamp_text(greatest(last_at, 'epoch')) as at
       from feed_heads where organization_id = $1`,
      [organizationId],
    );
    return rows[0]!;
  });
}

/** A stretch of the log: after the first number, up to the last one. */
export interface Stretch {
  readonly after: number;
  readonly through: number;
}

/** A time, or a day of the organization's time zone, as `2026-11-22`: its beginning as a start, its end as an end. */
export type Moment = string;

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
  const { rows } = await withOrganization(database, organizationId, (client) =>
    client.query<{ after: number | null; through: number; until: string; head: number; prunedAt: string | null }>(
      `with zone as materialized (select coalesce(settings ->> 'timeZone', 'UTC') as name from organizations where id = $1),
       edge as materialized (select ${edgeOf("$2", "start")} as since, ${edgeOf("$3", "end")} as until from zone)
       select case when edge.since >= pruned_at then last_change_until($1, edge.since) end as after,
         case when edge.until is null then last_sequence else last_change_until($1, edge.until) end as through,
         timestamp_text(least(edge.until, greatest(last_at, 'epoch'))) as until,
         last_sequence as head, case when pruned_sequence > 0 then timestamp_text(pruned_at) end as "prunedAt"
       from feed_heads, edge where organization_id = $1`,
      [organizationId, since, until ?? null],
    ),
  );
  const { after, through, until: reached, head, prunedAt } = rows[0]!;
  if (after === null) throw lost({ after: undefined, since }, head, prunedAt);
  return { after, through, until: reached };
}

/** SQL of the moment that a parameter names; null of none. A day ends a microsecond before the next one. */
const edgeOf = (parameter: string, edge: "start" | "end") => `case
  when ${parameter}::text like '____-__-__' then ${
    edge === "start"
      ? `(${parameter}::text || ' 00:00')::timestamp at time zone zone.name`
      : `((${parameter}::text || ' 00:00')::timestamp + interval '1 day') at time zone zone.name - interval '1 microsecond'`
  }
  else (${parameter}::text)::timestamptz end`;
