import sql, { empty, join, raw, type Sql } from "sql-template-tag";
import { z } from "zod";
import { literal, prepared } from "../store/sql.ts";
import type { Statement } from "../store/statement.ts";
import type { FeedFilter, FeedRequest } from "./feed-request.ts";

/** Entries of the log that a page looks at, at most: what a rare filter may cost. Not below the largest `limit`. */
export const scannedEntries = 20_000;

/** Bytes of JSON after which a page ends, if it has a change; what a reader may cost in memory. */
const pageBytes = 8 * 1024 * 1024;

/** The row of the first statement of a page: the facts about the page, and its entries. */
export const pageFindings = z.object({
  /** The last change that was looked at; null if the reader's place is not in the log. */
  sequence: z.int().nullable(),
  at: z.string().nullable(),
  until: z.string().nullable(),
  hasMore: z.boolean().nullable(),
  /** null when no `until` was asked for. */
  complete: z.boolean().nullable(),
  head: z.int(),
  prunedAt: z.string().nullable(),
  /** Tells that an entry is on the page. */
  hasEntries: z.boolean(),
  /** Bytes that the entries take in an answer, estimated. */
  bytes: z.int(),
  /** The number after which the page begins; null as `sequence` is. */
  after: z.int().nullable(),
  /** Numbers of the entries, with commas between them; null: all after `after` up to `sequence`. */
  numbers: z.string().nullable(),
  /** Names of the organization's sources by their numbers; null if it has no source. */
  sources: z.record(z.string(), z.string()).nullable(),
});
export type PageFindings = z.infer<typeof pageFindings>;

/**
 * The statement that looks for a page of the log: a row with its findings. It looks at the log from the reader's place for
 * at most `scannedEntries`, and says how far it came. So a filter that matches nothing still moves on.
 */
export function findingsStatement(organizationId: number, request: FeedRequest): Statement {
  const { until, filter, limit } = request;
  const untilTime = until === undefined ? undefined : sql`${until}::timestamptz`;
  const conditions = filterConditions(organizationId, filter).map((condition) => sql`and ${condition}`);
  // Without a filter there is no gap between the numbers of a page.
  const isPlain = conditions.length === 0;
  const statement = sql`
    with head as materialized (
      select last_sequence, greatest(last_at, 'epoch') as last_at, pruned_sequence, pruned_at
      from feed_heads where organization_id = ${organizationId}
    ), start as materialized (select ${startOf(organizationId, request)} as sequence from head
    ), reach as materialized (
      select ${untilTime === undefined ? sql`last_sequence` : sql`last_change_until(${organizationId}, ${untilTime})`} as sequence
      from head
    ), stretch as materialized (
      select start.sequence as after, ${throughOf(organizationId, filter)} as through
      from start, reach
    ), found as materialized (
      select c.sequence, ${bytesOfEntry} as bytes from changes c
      where c.organization_id = ${organizationId}
        and c.sequence > (select after from stretch) and c.sequence <= (select through from stretch)
        ${isPlain ? empty : join(conditions, "\n        ")}
      order by c.sequence limit ${limit}::integer
    ), ${cutExpressions(limit)}, place as materialized (
      select ending.sequence, case
        when ending.sequence = 0 then 'epoch'
        when ending.sequence = head.pruned_sequence then head.pruned_at
        else (select at from changes c where c.organization_id = ${organizationId} and c.sequence = ending.sequence) end as at
      from ending, head
    )
    select place.sequence, timestamp_text(place.at) as at, timestamp_text(${completeUntil(untilTime)}) as until,
      place.sequence < reach.sequence as "hasMore",
      ${untilTime === undefined ? sql`null::boolean` : sql`${untilTime} <= head.last_at`} as complete,
      head.last_sequence as head,
      case when head.pruned_sequence > 0 then timestamp_text(head.pruned_at) end as "prunedAt",
      cut.count > 0 as "hasEntries", coalesce(cut.bytes, 0) as bytes, stretch.after,
      ${isPlain ? sql`null` : sql`(select string_agg(sequence::text, ',') from found where sequence <= cut.sequence)`} as numbers,
      (select json_object_agg(number, name) from sources where organization_id = ${organizationId}) as sources
    from place, reach, head, cut, stretch`;
  // Planning costs as much as the page. A filter deserves a plan of its own.
  return isPlain ? prepared(statement) : statement;
}

/** Common table expressions of a page: its size, and the number with which it ends. */
const cutExpressions = (limit: number): Sql => sql`size as materialized (
      select count(*) as count, max(sequence) as last, sum(bytes) as bytes from found
    ), cut as materialized (
      select count, last, least(bytes, ${literal(pageBytes)})::integer as bytes, case when bytes <= ${literal(pageBytes)} then last else (
        select max(sequence) from (
          select sequence, row_number() over log as number, sum(bytes) over log as bytes
          from found window log as (order by sequence rows unbounded preceding)
        ) sized
        where number = 1 or sized.bytes <= ${literal(pageBytes)}) end as sequence
      from size
    ), ending as materialized (
      select case when count = ${limit}::integer or sequence < last then sequence else (select through from stretch) end as sequence
      from cut
    )`;

/** The time up to which a reader of the page knows all. */
const completeUntil = (untilTime: Sql | undefined): Sql =>
  untilTime === undefined
    ? sql`place.at`
    : sql`case when place.sequence < reach.sequence or ${untilTime} > head.last_at then place.at
        else greatest(place.at, ${untilTime}) end`;

/** Bytes that an entry takes in an answer, estimated. */
const bytesOfEntry = sql`octet_length(c.changed) + octet_length(c.memberships) + 300`;

/** Columns of an entry in the order in which `createChangesText` takes them. */
const columns = [
  "changed",
  "memberships",
  "sequence",
  "at",
  "type",
  "action",
  "id",
  "database_id",
  "username",
  "source",
  "import_id",
  "actor",
] as const;
const columnList = raw(columns.join(", "));

/**
 * The select of the entries that were found, in their order. It has no values, as COPY wants it, and holds nothing but
 * numbers that come from the database.
 * @param latest whether several changes of one thing become one
 */
export function entriesStatement(
  organizationId: number,
  { after, sequence, numbers }: Pick<PageFindings, "after" | "sequence" | "numbers">,
  latest: boolean,
): Sql {
  const isOnPage =
    numbers === null
      ? sql`sequence > ${literal(after ?? 0)} and sequence <= ${literal(sequence ?? 0)}`
      : sql`sequence = any ('{${raw(numbers)}}'::bigint[])`;
  const page = sql`
    select ${columnList} from changes where organization_id = ${literal(organizationId)} and ${isOnPage}`;
  if (!latest) return sql`${page} order by sequence`;
  return sql`with page as materialized (${page}), told as (${folded}) select ${columnList} from told order by sequence`;
}

/** The number after which the page begins; null if what follows is cut off, or if the place is not in this log. */
function startOf(organizationId: number, { after, since, filter }: FeedRequest): Sql {
  if (after !== undefined) {
    const sequence = sql`${after.sequence}::bigint`;
    const at = sql`${after.at}::timestamptz`;
    return sql`case
      when ${sequence} > pruned_sequence then (
        select c.sequence from changes c
        where c.organization_id = ${organizationId} and c.sequence = ${sequence} and c.at = ${at})
      when ${sequence} = pruned_sequence and (${sequence} = 0 or pruned_at = ${at}) then ${sequence} end`;
  }
  if (since === undefined && filter.importId !== undefined) return importStart(organizationId, filter.importId);
  if (since === undefined) return sql`case when pruned_sequence = 0 then 0::bigint end`;
  const time = sql`${since}::timestamptz`;
  return sql`case when ${time} >= pruned_at then last_change_until(${organizationId}, ${time}) end`;
}

/** The number up to which the page looks. Nothing of a filtered import comes after its end, so the page passes over the rest. */
function throughOf(organizationId: number, { importId }: FeedFilter): Sql {
  const scanned = sql`start.sequence + greatest(0, least(reach.sequence - start.sequence, ${literal(scannedEntries)}))`;
  if (importId === undefined) return scanned;
  return sql`case when start.sequence + ${literal(scannedEntries)} >= ${importEnd(organizationId, importId)}
          then greatest(start.sequence, reach.sequence) else ${scanned} end`;
}

/**
 * The number before the first change that an import can have made; null if it is cut off. A decided import has an entry from
 * when it was held, so the search begins after the imports that had ended an hour before.
 */
const importStart = (organizationId: number, importId: string): Sql => sql`(
      select case when i.first_sequence <= head.pruned_sequence then null
        when i.decision is null and i.first_sequence is not null then i.first_sequence - 1
        else greatest(head.pruned_sequence, (
          select max(before.head_sequence) from imports before
          where before.organization_id = ${organizationId} and before.finished_at < i.created_at - interval '1 hour')) end
      from imports i where i.organization_id = ${organizationId} and i.id = ${importId}::uuid)`;

/** The number after which an import has made no change. Its transaction may settle requests after it has noted the end. */
const importEnd = (organizationId: number, importId: string): Sql => sql`(
      select case when i.status in ('planned', 'failed') then 0 else last_change_until(${organizationId}, case
        when i.status = 'applied' and i.head_sequence is not null then (
          select ended.at + interval '1 hour' from changes ended
          where ended.organization_id = ${organizationId} and ended.sequence = i.head_sequence)
        else 'infinity' end) end
      from imports i where i.organization_id = ${organizationId} and i.id = ${importId}::uuid)`;

function filterConditions(organizationId: number, filter: FeedFilter): Sql[] {
  const { types, groupId, excludeSources = [], excludeActors = [], origins, importId } = filter;
  const conditions: Sql[] = [];
  if (importId !== undefined) {
    conditions.push(sql`c.import_id = ${importId}::uuid and c.sequence <= ${importEnd(organizationId, importId)}`);
  }
  if (types !== undefined) conditions.push(isOfType(types));
  if (groupId !== undefined) conditions.push(concerns(organizationId, groupId));
  if (excludeSources.length > 0) {
    conditions.push(sql`(c.source is null or c.source <> all (
      select number from sources where organization_id = ${organizationId} and name = any (${excludeSources}::text[])))`);
  }
  if (excludeActors.length > 0) conditions.push(sql`c.actor <> all (${excludeActors}::text[])`);
  if (origins !== undefined) conditions.push(sql`${originOf} = any (${origins}::text[])`);
  return conditions;
}

/** Rights are roles. The changes of those who have them contain them: `permission` finds those that give or take one. */
function isOfType(types: NonNullable<FeedFilter["types"]>): Sql {
  const isNamed = sql`c.type = any (${types}::text[])`;
  return types.includes("permission") ? sql`(${isNamed} or ${changesPermission})` : isNamed;
}

const changesPermission = sql`c.type = 'user' and exists (
      select from json_array_elements(c.memberships::json) m
      where greatest(m #>> '{role,from}', m #>> '{role,to}') > '0')`;

/** The changes that a copy of one group needs. Members are looked up by the key, so that a large group costs no more. */
const concerns = (organizationId: number, groupId: string): Sql => sql`case c.type
  when 'group' then c.id = ${groupId}
  when 'user' then
    exists (select from json_array_elements(c.memberships::json) m where m ->> 'groupId' = ${groupId})
    or exists (select from memberships m
      where m.organization_id = ${organizationId} and m.user_id = c.id::bigint and m.group_id = ${groupId})
  when 'topic' then
    exists (select from topics t
      where t.organization_id = ${organizationId} and t.id = c.id::uuid and t.group_id = ${groupId})
  when 'membershipRequest' then
    exists (select from membership_requests r
      where r.organization_id = ${organizationId} and r.id = c.id::uuid and r.group_id = ${groupId})
  else false end`;

const originOf = sql`case
  when c.source is not null then 'source'
  when c.type = 'user' and c.action = 'created'
    and (c.changed::json #> '{origins,to}')::jsonb ? 'self-registered' then 'self-registered'
  else 'manual' end`;

/**
 * The net effect on a value: what it was before the first change, and what it is after the last one. Both are null where
 * the thing did not exist.
 */
const net = (from: Sql, to: Sql): Sql => sql`
        case when min(first_action) = 'created' then 'null' else (array_agg((${from})::text order by sequence))[1] end as before,
        case when min(last_action) = 'deleted' then 'null' else (array_agg((${to})::text order by sequence desc))[1] end as after`;

/**
 * Folds several changes of one thing into one. Number, time and author come from the last change; the old values are
 * those before the first. Values that are as they were are left out. Settings are told in parts, so that changes of the
 * organization remain apart.
 */
const folded = sql`
  with marked as materialized (
    select page.*, row_number() over thing as back, count(*) over whole as times,
      last_value(action) over whole as first_action, first_value(action) over whole as last_action
    from page
    window thing as (partition by type, id, case type when 'organization' then sequence end order by sequence desc),
      whole as (thing rows between unbounded preceding and unbounded following)
  ), properties as (
    select type, id, ('{' || string_agg(to_json(key)::text || ':{"from":' || before || ',"to":' || after || '}', ',' order by key) || '}') as json
    from (
      select type, id, key, ${net(sql`value -> 'from'`, sql`value -> 'to'`)}
      from marked cross join json_each(changed::json) where times > 1 group by type, id, key
    ) property
    where before::jsonb <> after::jsonb group by type, id
  ), roles as (
    select type, id, ('[' || string_agg('{"groupId":' || to_json(group_id)::text || ',"role":{"from":' || before || ',"to":' || after || '}}',
      ',' order by group_id collate "C") || ']') as json
    from (
      select type, id, entry ->> 'groupId' as group_id, ${net(sql`entry #> '{role,from}'`, sql`entry #> '{role,to}'`)}
      from marked cross join json_array_elements(memberships::json) entry where times > 1 group by type, id, 3
    ) membership
    where before::jsonb <> after::jsonb group by type, id
  )
  select ${raw(columns.filter((name) => !["action", "changed", "memberships"].includes(name)).join(", "))},
    case when action = 'deleted' or times = 1 then action when first_action = 'created' then 'created' else 'updated' end as action,
    case when times = 1 then changed else coalesce(properties.json, '{}') end as changed,
    case when times = 1 then memberships else coalesce(roles.json, '[]') end as memberships
  from marked
  left join properties using (type, id)
  left join roles using (type, id)
  where back = 1`;
