import sql, { type Sql } from "sql-template-tag";
import { rolesWith } from "../directory/standing.ts";
import { roleRights } from "../organizations/role-capabilities.ts";
import { settingsSchema } from "../organizations/settings.ts";
import { literal, prepared } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";

/** Mails of one round; the next one follows a minute later. */
const atOnce = 500;
/** Items that a mail names. */
const namedItems = 10;

/** A decider, and the items that wait for them. */
interface DueNotice {
  readonly [column: string]: unknown;
  readonly organizationId: number;
  /** As text: the owner's connection reads 64-bit integers so. */
  readonly userId: string;
  /** When they were told last; null: never. */
  readonly toldAt: string | null;
  readonly newest: string;
  /** On the organization's clocks. */
  readonly oldest: string;
  readonly topics: number;
  readonly requests: number;
  readonly isReminder: boolean;
  /** The oldest ones; subject null: a request to join. */
  readonly named: readonly { readonly group: string; readonly subject: string | null }[];
}

/**
 * Puts into the outbox what people who decide are to be told: one mail for whatever is new to them, at most every
 * `pendingMailMinutes`; and once a day a reminder of what has waited for `remindAfterHours`. Told are those who decide in
 * the group by their role there; network administrators only of groups in which nobody else does. Who has no e-mail, or
 * opted out with it, is told nothing.
 * @param owner a connection of the user that owns the tables: all organizations are looked through
 * @returns how many mails are to be sent
 */
export async function announcePending(owner: Executor, at: Date): Promise<number> {
  const deciding = rolesWith("decide");
  const everywhere = deciding.filter((role) => roleRights[role]!.scope === "organization");
  const { pendingMailMinutes, remindAfterHours } = settingsSchema.parse({});
  const inGroup = deciding.filter((role) => !everywhere.includes(role));
  const { rows } = await owner.query<DueNotice>(
    prepared(dueNotices({ at, inGroup, everywhere, pendingMailMinutes, remindAfterHours })),
  );
  if (rows.length === 0) return 0;
  const { rowCount } = await owner.query(prepared(keepNotices(at, rows.map(toNotice))));
  return rowCount ?? 0;
}

/** The time of a look, the roles that decide, and the settings of organizations that set none. */
interface NoticeRules {
  readonly at: Date;
  /** Roles that decide in their own group. */
  readonly inGroup: readonly number[];
  /** Roles that decide in every group. */
  readonly everywhere: readonly number[];
  readonly pendingMailMinutes: number;
  readonly remindAfterHours: number;
}

/** Selects the people who are due to be told, with the items they can decide about. */
export const dueNotices = ({ at, inGroup, everywhere, pendingMailMinutes, remindAfterHours }: NoticeRules): Sql => sql`
  with item as materialized (
    select organization_id, group_id, created_at, id, subject from topics
    where status = 'pending' and (publish_before is null or publish_before > ${at}::timestamptz)
    union all
    select organization_id, group_id, created_at, id, null from membership_requests where status = 'pending'
  ), waiting_group as materialized (select distinct organization_id, group_id from item
  ), reachable as (
    select m.organization_id, m.group_id, m.user_id, m.role
    from memberships m join users u on u.organization_id = m.organization_id and u.id = m.user_id
    where m.role > 0 and u.email is not null
      and not exists (select from opt_outs o
        where o.organization_id = u.organization_id and o.kind = 'email' and o.address = u.email_normalized)
  ), in_group as materialized (
    select g.organization_id, g.group_id, r.user_id
    from waiting_group g
    join reachable r on r.organization_id = g.organization_id and r.group_id = g.group_id and r.role = any(${inGroup}::smallint[])
  ), decider as (
    select * from in_group
    union
    select g.organization_id, g.group_id, r.user_id
    from waiting_group g join reachable r on r.organization_id = g.organization_id and r.role = any(${everywhere}::smallint[])
    where not exists (select from in_group i where i.organization_id = g.organization_id and i.group_id = g.group_id)
  ), told as (
    select d.organization_id, d.user_id, min(i.created_at) as oldest, max(i.created_at) as newest,
      count(i.subject) as topics, count(*) - count(i.subject) as requests,
      (array_agg(json_build_object('group', g.name, 'subject', i.subject) order by i.created_at, i.id))[1:${literal(namedItems)}] as named
    from decider d
    join item i on i.organization_id = d.organization_id and i.group_id = d.group_id
    join groups g on g.organization_id = d.organization_id and g.group_id = d.group_id
    group by d.organization_id, d.user_id
  ), judged as (
    select told.*, n.told_at, o.settings,
      n.told_until is null or told.newest > n.told_until as has_new,
      hours.count > 0 and told.oldest <= ${at}::timestamptz - hours.count * interval '1 hour'
        and (n.reminded_at is null or n.reminded_at <= ${at}::timestamptz - interval '1 day') as is_reminder,
      minutes.count > 0 and (n.told_at is null or n.told_at <= ${at}::timestamptz - minutes.count * interval '1 minute') as is_time
    from told
    join organizations o on o.id = told.organization_id
    left join decider_notices n on n.organization_id = told.organization_id and n.user_id = told.user_id
    cross join lateral (select coalesce((o.settings ->> 'pendingMailMinutes')::integer, ${pendingMailMinutes}::integer) as count) minutes
    cross join lateral (select coalesce((o.settings ->> 'remindAfterHours')::integer, ${remindAfterHours}::integer) as count) hours
  )
  select organization_id as "organizationId", user_id as "userId", timestamp_text(told_at) as "toldAt",
    timestamp_text(newest) as newest, topics::integer as topics, requests::integer as requests, is_reminder as "isReminder",
    to_char(oldest at time zone coalesce(settings ->> 'timeZone', 'UTC'), 'DD Mon HH24:MI') as oldest,
    to_json(named) as named
  from judged
  where is_time and (has_new or is_reminder)
  order by organization_id, user_id limit ${literal(atOnce)}`;

/**
 * Notes the notices, and puts them into the outbox. People whom another process told meanwhile are skipped.
 */
export const keepNotices = (at: Date, notices: readonly unknown[]): Sql => sql`
  with due as materialized (
    select * from json_to_recordset(${JSON.stringify(notices)}::json) as d ("organizationId" integer, "userId" bigint, "toldAt" timestamptz,
      newest timestamptz, "isReminder" boolean, subject text, body text)
  ), again as (
    update decider_notices n
    set told_at = ${at}::timestamptz, told_until = greatest(n.told_until, due.newest), reminded_at = case when due."isReminder" then ${at}::timestamptz else n.reminded_at end
    from due
    where n.organization_id = due."organizationId" and n.user_id = due."userId" and n.told_at = due."toldAt"
    returning n.organization_id, n.user_id
  ), first as (
    insert into decider_notices (organization_id, user_id, told_at, told_until, reminded_at)
    select "organizationId", "userId", ${at}::timestamptz, newest, case when "isReminder" then ${at}::timestamptz end
    from due where "toldAt" is null
    on conflict do nothing
    returning organization_id, user_id
  )
  insert into announcements (organization_id, kind, user_id, subject, body, created_at, next_attempt_at)
  select organization_id, case when due."isReminder" then 'pending_reminder' else 'pending_new' end, user_id,
    due.subject, due.body, ${at}::timestamptz, ${at}::timestamptz
  from (select * from again union all select * from first) noted
  join due on due."organizationId" = noted.organization_id and due."userId" = noted.user_id`;

function toNotice({ organizationId, userId, toldAt, newest, isReminder, ...what }: DueNotice) {
  return { organizationId, userId, toldAt, newest, isReminder, ...textOf({ isReminder, ...what }) };
}

/** Writes a mail: it contains subjects of topics and names of groups, but nothing about people. */
function textOf({
  topics,
  requests,
  oldest,
  isReminder,
  named,
}: Pick<DueNotice, "topics" | "requests" | "oldest" | "isReminder" | "named">): { subject: string; body: string } {
  const count = topics + requests;
  const kinds = [
    ...(topics === 0 ? [] : [topics === 1 ? "1 topic" : `${topics} topics`]),
    ...(requests === 0 ? [] : [requests === 1 ? "1 request to join a group" : `${requests} requests to join groups`]),
  ];
  const sentence = `${kinds.join(" and ")} ${count === 1 ? "waits" : "wait"} for your decision`;
  const lines = named.map(({ group, subject }) => `- ${group}: ${subject ?? "a request to join"}`);
  const rest = count - named.length;
  return {
    subject: `${isReminder ? "REMINDER: " : ""}${sentence}`,
    body: [
      `${sentence}; the oldest since ${oldest}.`,
      "",
      ...lines,
      ...(rest > 0 ? [`- and ${rest} more`] : []),
      "",
      "Decide at:",
    ].join("\n"),
  };
}
