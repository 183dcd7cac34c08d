import sql, { empty, type Sql } from "sql-template-tag";
import { z } from "zod";
import { type Database, withOrganization } from "../store/database.ts";
import { selectRow } from "../store/sql.ts";
import { requireGroup } from "./members.ts";

/**
 * Reasons for which a channel does not reach a person. `no_text` and `no_voice`: no number of the person takes text, or
 * voice. `unreachable`: no channel is left.
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
type ReachReason = (typeof reachReasons)[number];

export const exampleUnreached = {
  userId: "17",
  firstName: "Jane",
  lastName: "Doe",
  username: "jdoe",
  reasons: ["email_opted_out", "no_text"] satisfies ReachReason[],
};

/** A person whom some channel does not reach. */
export const unreachedPersonSchema = z
  .object({
    userId: z.string(),
    firstName: z.string(),
    lastName: z.string(),
    username: z.string().nullable(),
    reasons: z
      .array(z.enum(reachReasons))
      .describe(
        "`no_…`: there is no address, no number, or none that takes text or voice. `…_opted_out`: all that there are " +
          "have opted out or bounced. `unreachable`: nothing reaches the person.",
      ),
  })
  .meta({ id: "UnreachedPerson", examples: [exampleUnreached] });

const reachRow = z.object({
  people: z.int(),
  /** People with an address to which something may be sent. */
  byEmail: z.int(),
  /** People with a number to which texts may be sent; likewise with calls. */
  byText: z.int(),
  byVoice: z.int(),
  /** People whom nothing reaches. */
  unreachable: z.int(),
  /** People whom some channel does not reach: at most one more than was asked for. */
  items: z.array(unreachedPersonSchema),
});
/** The number of people who can be reached, and those who cannot. */
type Reach = z.infer<typeof reachRow>;

/** The people who are listed, in the order of their ids. */
export interface ReachPage {
  readonly reason: ReachReason | undefined;
  /** Id of the last person before the page. */
  readonly after: number | undefined;
  readonly limit: number;
}

/**
 * Counts who of an organization, or of a group, can be reached. An opt-out counts for every person with its number or address.
 * @param groupId undefined: everybody
 * @returns counts of all, and at most `limit` + 1 people, so that the caller knows whether there are more
 * @throws MusterError not_found when there is no such group
 */
export function readReach(
  database: Database,
  organizationId: number,
  groupId: string | undefined,
  page: ReachPage,
): Promise<Reach> {
  return withOrganization(database, organizationId, async (transaction) => {
    if (groupId !== undefined) await requireGroup(transaction, organizationId, groupId);
    return (await selectRow(transaction, reachRow, reachStatement(organizationId, groupId, page)))!;
  });
}

/** The statement of `readReach`: one row. */
export const reachStatement = (
  organizationId: number,
  groupId: string | undefined,
  { reason, after, limit }: ReachPage,
): Sql => sql`
  with person as materialized (
    select u.id, u.first_name, u.last_name, u.username, u.email_normalized from users u
    ${groupId === undefined ? empty : sql`join memberships m on m.organization_id = ${organizationId} and m.user_id = u.id and m.group_id = ${groupId}`}
    where u.organization_id = ${organizationId}
  ), opted_out as materialized (
    select kind, address from opt_outs where organization_id = ${organizationId}
  ), address as (
    select id, email_normalized from person where email_normalized is not null
    union all
    select e.user_id, e.email_normalized from person join user_emails e on e.organization_id = ${organizationId} and e.user_id = person.id
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
    join user_phones h on h.organization_id = ${organizationId} and h.user_id = person.id
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
    select * from told where id > ${after ?? 0} ${reason === undefined ? empty : sql`and ${reason} = any(reasons)`} order by id limit ${limit + 1}
  )
  select count(*)::integer as people, count(*) filter (where by_email)::integer as "byEmail",
    count(*) filter (where by_text)::integer as "byText", count(*) filter (where by_voice)::integer as "byVoice",
    count(*) filter (where not (by_email or by_text or by_voice))::integer as unreachable,
    (select coalesce(json_agg(json_build_object('userId', id::text, 'firstName', first_name, 'lastName', last_name,
       'username', username, 'reasons', reasons) order by id), '[]') from listed) as items
  from reached`;
