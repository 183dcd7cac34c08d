import { MusterError } from "../errors.ts";
import { type Database, withOrganization } from "../store/database.ts";

/**
 * Why a channel does not reach a person. `no_text` and `no_voice`: there is a number, but none that takes text, or voice;
 * `unreachable`: no channel is left.
 */
export const reachReasons = [
  "unreachable",
  "no_email",
  "email_opted_out",
  "no_phone",
  "phone_opted_out",
  "no_text",
  "no_voice",
] as const;
export type ReachReason = (typeof reachReasons)[number];

/** How many people can be reached, and who cannot. */
export interface Reach {
  readonly people: number;
  /** People with an address to which something may be sent; likewise with numbers. */
  readonly byEmail: number;
  readonly byText: number;
  readonly byVoice: number;
  /** People whom nothing reaches. */
  readonly unreachable: number;
  /** People whom some channel does not reach: at most one more than was asked for. */
  readonly items: readonly UnreachedPerson[];
}

/** Somebody whom some channel does not reach. */
export interface UnreachedPerson {
  readonly userId: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly username: string | null;
  readonly reasons: readonly ReachReason[];
}

/** Which people are listed, in the order of their ids. */
export interface ReachPage {
  readonly reason: ReachReason | undefined;
  /** Id of the last person before the page. */
  readonly after: number | undefined;
  readonly limit: number;
}

/**
 * Who of an organization, or of a group, can be reached. Opt-outs count wherever the number or address stands.
 * @param groupId undefined: everybody
 * @returns counts of all, and at most `limit` + 1 people, so that the caller knows whether there are more
 * @throws MusterError not_found when there is no such group
 */
export function readReach(
  database: Database,
  organizationId: number,
  groupId: string | undefined,
  { reason, after, limit }: ReachPage,
): Promise<Reach> {
  return withOrganization(database, organizationId, async (client) => {
    if (groupId !== undefined) {
      const group = "select from groups where organization_id = $1 and group_id = $2";
      const { rowCount } = await client.query(group, [organizationId, groupId]);
      if (rowCount === 0) throw new MusterError("not_found", "There is no such group.");
    }
    const { rows } = await client.query<Reach & Record<string, unknown>>(reachStatement(groupId !== undefined), [
      ...[organizationId, reason ?? null, after ?? 0, limit + 1],
      ...(groupId === undefined ? [] : [groupId]),
    ]);
    return rows[0]!;
  });
}

/** One row. Parameters: $1 organization, $2 reason or null, $3 id before the page, $4 people listed at most, $5 group. */
const reachStatement = (isOfGroup: boolean) => `
  with person as materialized (
    select u.id, u.first_name, u.last_name, u.username, u.email_normalized from users u
    ${isOfGroup ? "join memberships m on m.organization_id = $1 and m.user_id = u.id and m.group_id = $5" : ""}
    where u.organization_id = $1
  ), opted_out as materialized (
    select kind, address from opt_outs where organization_id = $1
  ), address as (
    select id, email_normalized from person where email_normalized is not null
    union all
    select e.user_id, e.email_normalized from person join user_emails e on e.organization_id = $1 and e.user_id = person.id
  ), emails as (
    select address.id, bool_or(o.address is null) as reaches
    from address left join opted_out o on o.kind = 'email' and o.address = address.email_normalized
    group by address.id
  ), phones as (
    select person.id, bool_or(o.address is null) as reaches,
      -- an extension is reached by voice only
      bool_or(o.address is null and h.message_type in (1, 3) and h.extension = '') as by_text,
      bool_or(o.address is null and h.message_type in (2, 3)) as by_voice
    from person
    join user_phones h on h.organization_id = $1 and h.user_id = person.id
    left join opted_out o on o.kind = 'phone' and o.address = h.number
    group by person.id
  ), reached as materialized (
    select person.*, coalesce(e.reaches, false) as by_email, coalesce(p.by_text, false) as by_text,
      coalesce(p.by_voice, false) as by_voice, e.reaches as email_reaches, p.reaches as phone_reaches
    from person left join emails e on e.id = person.id left join phones p on p.id = person.id
  ), told as (
    select id, first_name, last_name, username, array_remove(array[
      case when not (by_email or by_text or by_voice) then 'unreachable' end,
      case when email_reaches is null then 'no_email' when not email_reaches then 'email_opted_out' end,
      case when phone_reaches is null then 'no_phone' when not phone_reaches then 'phone_opted_out' end,
      case when phone_reaches and not by_text then 'no_text' end,
      case when phone_reaches and not by_voice then 'no_voice' end], null) as reasons
    from reached
    where not (by_email and by_text and by_voice)
  ), listed as (
    select * from told where id > $3 and ($2::text is null or $2 = any(reasons)) order by id limit $4
  )
  select count(*)::integer as people, count(*) filter (where by_email)::integer as "byEmail",
    count(*) filter (where by_text)::integer as "byText", count(*) filter (where by_voice)::integer as "byVoice",
    count(*) filter (where not (by_email or by_text or by_voice))::integer as unreachable,
    (select coalesce(json_agg(json_build_object('userId', id::text, 'firstName', first_name, 'lastName', last_name,
       'username', username, 'reasons', reasons) order by id), '[]') from listed) as items
  from reached`;
