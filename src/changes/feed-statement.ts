import { hash } from "node:crypto";
import type { FeedFilter, FeedRequest } from "./feed.ts";

/** Entries of the log that a page looks at, at most: what a rare filter may cost. Not below the largest `limit`. */
export const scannedEntries = 20_000;

/** Bytes of JSON after which a page ends, if it has a change; what a reader may cost in memory. */
const pageBytes = 8 * 1024 * 1024;

/** What the first statement of a page tells: of the page as a whole, and which entries are on it. */
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
  /** Whether an entry is on the page. */
  readonly hasEntries: boolean;
  /** What the entries take in an answer, about. */
  readonly bytes: number;
  /** The number after which the page begins. */
  readonly after: number;
  /** Numbers of the entries, with commas between them; null: all after `after` up to `sequence`. */
  readonly numbers: string | null;
  /** Names of the organization's sources by their numbers; null of none. */
  readonly sources: Readonly<Record<string, string>> | null;
}

/**
 * The statement that looks for a page of the log: a row with its findings. It looks at the log from where the reader is for
 * at most `scannedEntries`, whatever the filter finds there, and says how far it came: a filter that matches nothing still
 * moves on.
 */
export function findingsStatement(organizationId: number, request: FeedRequest): FindingsStatement {
  const values: unknown[] = [organizationId];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const { until, filter, limit } = request;
  const most = `${bind(limit)}::integer`;
  const untilTime = until === undefined ? undefined : `${bind(until)}::timestamptz`;
  const conditions = filterConditions(filter, bind).map((condition) => `and ${condition}`);
  // Without a filter there is no gap between the numbers of a page.
  const isPlain = conditions.length === 0;
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
      select c.sequence, ${bytesOfEntry} as bytes from changes c
      where c.organization_id = $1
        and c.sequence > (select after from stretch) and c.sequence <= (select through from stretch)
        ${conditions.join("\n        ")}
      order by c.sequence limit ${most}
    ), size as materialized (
      select count(*) as count, max(sequence) as last, sum(bytes) as bytes from found
    ), cut as materialized (
      select count, last, least(bytes, ${pageBytes})::integer as bytes, case when bytes <= ${pageBytes} then last else (
        select max(sequence) from (
          select sequence, row_number() over log as number, sum(bytes) over log as bytes
          from found window log as (order by sequence rows unbounded preceding)
        ) sized
        where number = 1 or sized.bytes <= ${pageBytes}) end as sequence
      from size
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
    select place.sequence, timestamp_text(place.at) as at,
      timestamp_text(${untilTime === undefined ? "place.at" : `case when place.sequence < reach.sequence or ${untilTime} > head.last_at then place.at else greatest(place.at, ${untilTime}) end`}) as until,
      place.sequence < reach.sequence as "hasMore",
      ${untilTime === undefined ? "null::boolean" : `${untilTime} <= head.last_at`} as complete,
      head.last_sequence as head,
      case when head.pruned_sequence > 0 then timestamp_text(head.pruned_at) end as "prunedAt",
      cut.count > 0 as "hasEntries", coalesce(cut.bytes, 0) as bytes, stretch.after,
      ${isPlain ? "null" : "(select string_agg(sequence::text, ',') from found where sequence <= cut.sequence)"} as numbers,
      (select json_object_agg(number, name) from sources where organization_id = $1) as sources
    from place, reach, head, cut, stretch`;
  // Planning costs as much as the page. Without filters there is a handful of statements, which each connection may keep.
  return { ...(isPlain ? { name: `page-${hash("md5", text)}` } : {}), text, values };
}

/** What an entry takes in an answer, about. */
const bytesOfEntry = "octet_length(c.changed) + octet_length(c.memberships) + 300";

/** A statement for the driver. */
interface FindingsStatement {
  /** Under this name the connection keeps the statement's plan; absent: it is planned anew. */
  readonly name?: string;
  readonly text: string;
  readonly values: unknown[];
}

/** Columns of an entry in the order in which `createChangesText` takes them. */
const columns = [
  ...(["changed", "memberships", "sequence", "at", "type", "action", "id", "database_id", "username"] as const),
  ...(["source", "import_id", "actor"] as const),
];

/**
 * The select of the entries that were found, in their order. It has no parameters, as COPY wants it, and holds nothing but
 * numbers that come from the database.
 * @param latest whether several changes of one thing become one
 */
export function entriesStatement(
  organizationId: number,
  { after, sequence, numbers }: PageFindings,
  latest: boolean,
): string {
  const isOnPage =
    numbers === null ? `sequence > ${after} and sequence <= ${sequence}` : `sequence = any ('{${numbers}}'::bigint[])`;
  const page = `select ${columns.join(", ")} from changes where organization_id = ${Number(organizationId)} and ${isOnPage}`;
  if (!latest) return `${page} order by sequence`;
  return `with page as materialized (${page}), told as (${folded}) select ${columns.join(", ")} from told order by sequence`;
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
      select from json_array_elements(c.memberships::json) m
      where greatest(m #>> '{role,from}', m #>> '{role,to}') > '0')`;

/** What a copy of one group needs. Who is a member is looked up by the key, so that a large group costs no more. */
const concerns = (group: string) => `case c.type
  when 'group' then c.id = ${group}
  when 'user' then
    exists (select from json_array_elements(c.memberships::json) m where m ->> 'groupId' = ${group})
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
    and (c.changed::json #> '{origins,to}')::jsonb ? 'self-registered' then 'self-registered'
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
    select type, id, ('{' || string_agg(to_json(key)::text || ':{"from":' || before || ',"to":' || after || '}', ',' order by key) || '}') as json
    from (
      select type, id, key, ${net("value -> 'from'", "value -> 'to'")}
      from marked cross join json_each(changed::json) where times > 1 group by type, id, key
    ) property
    where before::jsonb <> after::jsonb group by type, id
  ), roles as (
    select type, id, ('[' || string_agg('{"groupId":' || to_json(group_id)::text || ',"role":{"from":' || before || ',"to":' || after || '}}',
      ',' order by group_id collate "C") || ']') as json
    from (
      select type, id, entry ->> 'groupId' as group_id, ${net("entry #> '{role,from}'", "entry #> '{role,to}'")}
      from marked cross join json_array_elements(memberships::json) entry where times > 1 group by type, id, 3
    ) membership
    where before::jsonb <> after::jsonb group by type, id
  )
  select ${columns.filter((name) => !["action", "changed", "memberships"].includes(name)).join(", ")},
    case when action = 'deleted' or times = 1 then action when first_action = 'created' then 'created' else 'updated' end as action,
    case when times = 1 then changed else coalesce(properties.json, '{}') end as changed,
    case when times = 1 then memberships else coalesce(roles.json, '[]') end as memberships
  from marked
  left join properties using (type, id)
  left join roles using (type, id)
  where back = 1`;
