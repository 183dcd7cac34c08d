import { hash } from "node:crypto";
import type { FeedFilter, FeedRequest } from "./feed.ts";

/** Entries of the log that a page looks at, at most: what a rare filter may cost. Not below the largest `limit`. */
export const scannedEntries = 20_000;

/** Bytes of JSON after which a page ends, if it has a change; what a reader may cost in memory. */
const pageBytes = 8 * 1024 * 1024;

const columns = ["sequence", "at", "type", "action", "id", "database_id", "username", "source", "import_id", "actor"];

/** A change as the statement tells it. */
export type ChangeRow = readonly [
  sequence: number,
  /** Microseconds since 1970. */
  at: number,
  type: string,
  action: string,
  id: string,
  databaseId: string | null,
  username: string | null,
  source: string | null,
  importId: string | null,
  actor: string,
  /** JSON of what changed, then `,"memberships":` and JSON of those. */
  changedAndMemberships: string,
];

/** What the statement says of the page as a whole: JSON in the last column of the first row. */
export interface PageFindings {
  /** The last change that was looked at; null: the reader's place is not in the log. */
  readonly sequence: number | null;
  readonly at: string;
  readonly until: string;
  readonly hasMore: boolean;
  /** null when no `until` was asked for. */
  readonly complete: boolean | null;
  readonly head: number;
  readonly prunedAt: string | null;
}

/**
 * The statement that reads a page of the log: a row with its findings, then a row for each change, in their order. It
 * looks at the log from where the reader is for at most `scannedEntries`, whatever the filter finds there, and says how
 * far it came: a filter that matches nothing still moves on.
 */
export function pageStatement(organizationId: number, request: FeedRequest): PageStatement {
  const values: unknown[] = [organizationId];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const { until, filter, latest, limit } = request;
  const most = `${bind(limit)}::integer`;
  const untilTime = until === undefined ? undefined : `${bind(until)}::timestamptz`;
  const conditions = filterConditions(filter, bind).map((condition) => `and ${condition}`);
  const text = `
    with head as materialized (
      select last_sequence, greatest(last_at, 'epoch') as last_at, pruned_sequence, pruned_at
      from feed_heads where organization_id = $1
    ), start as materialized (select ${startOf(request, bind)} as sequence from head
    ), reach as materialized (
      select ${untilTime === undefined ? "last_sequence" : `last_change_until($1, ${untilTime})`} as sequence from head
    ), stretch as materialized (
      select start.sequence as after,
        start.sequence + greatest(0, least(reach.sequence - start.sequence, ${scannedEntries})) as through
      from start, reach
    ), found as materialized (
      select c.sequence, c.at, c.type, c.action, c.id, c.database_id, c.username, s.name as source, c.import_id, c.actor,
        c.changed, c.memberships
      from changes c left join sources s on s.organization_id = $1 and s.number = c.source
      where c.organization_id = $1
        and c.sequence > (select after from stretch) and c.sequence <= (select through from stretch)
        ${conditions.join("\n        ")}
      order by c.sequence limit ${most}
    ), size as materialized (
      select count(*) as count, max(sequence) as last, sum(${bytesOfEntry}) as bytes from found
    ), cut as materialized (
      select count, last, case when bytes <= ${pageBytes} then last else (
        select max(sequence) from (
          select sequence, row_number() over log as number, sum(${bytesOfEntry}) over log as bytes
          from found window log as (order by sequence rows unbounded preceding)
        ) sized
        where number = 1 or sized.bytes <= ${pageBytes}) end as sequence
      from size
    ), page as (
      select * from found where sequence <= (select sequence from cut)
    ), told as (${latest ? folded : "select * from page"}
    ), ending as materialized (
      select case when count = ${most} or sequence < last then sequence else (select through from stretch) end as sequence
      from cut
    ), place as materialized (
      select ending.sequence, case
        when ending.sequence = 0 then 'epoch'
        when ending.sequence = head.pruned_sequence then head.pruned_at
        else (select at from changes c where c.organization_id = $1 and c.sequence = ending.sequence) end as at
      from ending, head
    )
    select null::bigint as sequence, null::bigint as at, null as type, null as action, null as id, null as database_id,
      null as username, null as source, null::uuid as import_id, null as actor, json_build_object(
        'sequence', place.sequence, 'at', timestamp_text(place.at),
        'until', timestamp_text(${untilTime === undefined ? "place.at" : `case when place.sequence < reach.sequence or ${untilTime} > head.last_at then place.at else greatest(place.at, ${untilTime}) end`}),
        'hasMore', place.sequence < reach.sequence,
        'complete', ${untilTime === undefined ? "null::boolean" : `${untilTime} <= head.last_at`},
        'head', head.last_sequence,
        'prunedAt', case when head.pruned_sequence > 0 then timestamp_text(head.pruned_at) end)::text as json
    from place, reach, head
    union all (
      select sequence, (extract(epoch from at) * 1000000)::bigint, type, action, id, database_id, username, source, import_id,
        actor, changed::text || ',"memberships":' || memberships::text
      from told order by sequence)`;
  // Planning costs as much as the page. Without filters there is a handful of statements, which each connection may keep.
  const isPlain = conditions.length === 0 && !latest;
  return { ...(isPlain ? { name: `page-${hash("md5", text)}` } : {}), text, values, rowMode: "array" };
}

/** What an entry takes in an answer, about. */
const bytesOfEntry = "octet_length(changed::text) + octet_length(memberships::text) + 300";

/** A statement for the driver. */
interface PageStatement {
  /** Under this name the connection keeps the statement's plan; absent: it is planned anew. */
  readonly name?: string;
  readonly text: string;
  readonly values: unknown[];
  readonly rowMode: "array";
}

/** SQL of the number after which the page begins; null when what comes then is cut off, or the place is not in this log. */
function startOf({ after, since }: FeedRequest, bind: (value: unknown) => string): string {
  if (after !== undefined) {
    const sequence = `${bind(after.sequence)}::bigint`;
    const at = `${bind(after.at)}::timestamptz`;
    return `case
      when ${sequence} > pruned_sequence
        then (select c.sequence from changes c where c.organization_id = $1 and c.sequence = ${sequence} and c.at = ${at})
      when ${sequence} = pruned_sequence and (${sequence} = 0 or pruned_at = ${at}) then ${sequence} end`;
  }
  if (since === undefined) return "case when pruned_sequence = 0 then 0::bigint end";
  const time = `${bind(since)}::timestamptz`;
  return `case when ${time} >= pruned_at then last_change_until($1, ${time}) end`;
}

function filterConditions(filter: FeedFilter, bind: (value: unknown) => string): string[] {
  const { types, groupId, excludeSources = [], excludeActors = [], origins } = filter;
  const conditions: string[] = [];
  if (types !== undefined) conditions.push(isOfType(types, bind));
  if (groupId !== undefined) conditions.push(concerns(bind(groupId)));
  if (excludeSources.length > 0) {
    conditions.push(`(c.source is null or c.source <> all (
      select number from sources where organization_id = $1 and name = any (${bind(excludeSources)}::text[])))`);
  }
  if (excludeActors.length > 0) conditions.push(`c.actor <> all (${bind(excludeActors)}::text[])`);
  if (origins !== undefined) conditions.push(`${originOf} = any (${bind(origins)}::text[])`);
  return conditions;
}

/** Rights are roles, and stand in the changes of those who have them: `permission` finds the changes that give or take one. */
function isOfType(types: NonNullable<FeedFilter["types"]>, bind: (value: unknown) => string): string {
  const isNamed = `c.type = any (${bind(types)}::text[])`;
  return types.includes("permission") ? `(${isNamed} or ${changesPermission})` : isNamed;
}

const changesPermission = `c.type = 'user' and exists (
      select from json_array_elements(c.memberships) m
      where greatest(m #>> '{role,from}', m #>> '{role,to}') > '0')`;

/** What a copy of one group needs. Who is a member is looked up by the key, so that a large group costs no more. */
const concerns = (group: string) => `case c.type
  when 'group' then c.id = ${group}
  when 'user' then
    exists (select from json_array_elements(c.memberships) m where m ->> 'groupId' = ${group})
    or exists (select from memberships m
      where m.organization_id = $1 and m.user_id = c.id::bigint and m.group_id = ${group})
  when 'topic' then
    exists (select from topics t where t.organization_id = $1 and t.id = c.id::uuid and t.group_id = ${group})
  when 'membershipRequest' then
    exists (select from membership_requests r
      where r.organization_id = $1 and r.id = c.id::uuid and r.group_id = ${group})
  else false end`;

const originOf = `case
  when c.source is not null then 'source'
  when c.type = 'user' and c.action = 'created'
    and (c.changed #> '{origins,to}')::jsonb ? 'self-registered' then 'self-registered'
  else 'manual' end`;

/** What a value was before the first change of a thing that did not exist is null, and what it is after its end. */
const net = (from: string, to: string) => `
        case when min(first_action) = 'created' then 'null' else (array_agg((${from})::text order by sequence))[1] end as before,
        case when min(last_action) = 'deleted' then 'null' else (array_agg((${to})::text order by sequence desc))[1] end as after`;

/**
 * Several changes of one thing as one: its number, time and author are those of the last, what it was is what it was
 * before the first. What is as it was before is left out. Settings are told in parts, so that changes of the
 * organization stay apart.
 */
const folded = `
  with marked as materialized (
    select page.*, row_number() over thing as back, count(*) over whole as times,
      last_value(action) over whole as first_action, first_value(action) over whole as last_action
    from page
    window thing as (partition by type, id, case type when 'organization' then sequence end order by sequence desc),
      whole as (thing rows between unbounded preceding and unbounded following)
  ), properties as (
    select type, id, ('{' || string_agg(to_json(key)::text || ':{"from":' || before || ',"to":' || after || '}', ',' order by key) || '}')::json as json
    from (
      select type, id, key, ${net("value -> 'from'", "value -> 'to'")}
      from marked cross join json_each(changed) where times > 1 group by type, id, key
    ) property
    where before::jsonb <> after::jsonb group by type, id
  ), roles as (
    select type, id, ('[' || string_agg('{"groupId":' || to_json(group_id)::text || ',"role":{"from":' || before || ',"to":' || after || '}}',
      ',' order by group_id collate "C") || ']')::json as json
    from (
      select type, id, entry ->> 'groupId' as group_id, ${net("entry #> '{role,from}'", "entry #> '{role,to}'")}
      from marked cross join json_array_elements(memberships) entry where times > 1 group by type, id, 3
    ) membership
    where before::jsonb <> after::jsonb group by type, id
  )
  select ${columns.filter((name) => name !== "action").join(", ")},
    case when action = 'deleted' or times = 1 then action when first_action = 'created' then 'created' else 'updated' end as action,
    case when times = 1 then changed else coalesce(properties.json, '{}') end as changed,
    case when times = 1 then memberships else coalesce(roles.json, '[]') end as memberships
  from marked
  left join properties using (type, id)
  left join roles using (type, id)
  where back = 1`;
