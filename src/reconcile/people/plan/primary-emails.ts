import sql, { type Sql } from "sql-template-tag";
import { literal } from "../../../store/sql.ts";
import { type ImportContext, ownerIn } from "../../setup/context.ts";

/**
 * Lists the known people whose primary e-mail becomes the file's first address (file formats, section 5.1):
 *
 * - people who have no primary e-mail;
 * - people whose primary e-mail the source owns, if the source is set so;
 * - people whose primary address moves within the file: another row has it as first address, or this row has the one that
 *   another person gives up. It moves for both, so that nobody gets the alerts of the other.
 *
 * Rows without a databaseID only fill a blank, and an owner of a higher rank keeps the address.
 */
export const planPrimaryEmails = (c: ImportContext): Sql => sql`
  insert into primary_emails (person, email, email_normalized)
  with said as materialized (
    select p.person, p.email, p.email_normalized, u.email_normalized as stored,
      p.replaces and u.email_normalized is not null and not ${ownerIn(sql`u.email_owner`, c.outranking)} as may_replace
    from people p join users u on u.organization_id = ${c.organization} and u.id = p.person
    where not p.is_new and p.applies and p.email_normalized is distinct from u.email_normalized
      and p.email_normalized is not null
  ), taken as (
    select email_normalized from people where is_new and email_normalized is not null
    union all
    select email_normalized from said where may_replace
  ), given_up as (
    select stored from said where may_replace
  )
  select person, email, email_normalized from said
  where stored is null
    or may_replace and (${literal(c.ownsPrimaryEmail)}
      or stored in (select email_normalized from taken)
      or email_normalized in (select stored from given_up))`;
