import sql, { type Sql } from "sql-template-tag";
import type { ImportContext } from "../../setup/context.ts";
import { grantedByNobodysFeed } from "./protection.ts";

/** SQL condition: the import's own style decides about silence on the group (file formats, section 5.4). */
export const followsImport = (group: Sql): Sql => sql`(${group}.style is null or ${group}.style = 'static')`;

/** SQL condition: the silence of a feed does not end the membership (file formats, section 5.6). */
export const isKept = (membership: Sql, group: Sql): Sql =>
  sql`(coalesce(${group}.style, '') = 'static'
    or (${membership}.role > 0 and ${grantedByNobodysFeed(sql`${membership}.role_owner`)}))`;

/**
 * SQL: select of the state of a membership after the source has withdrawn its claim, with the columns role_to, role_owner,
 * claims and action. A role that the source granted ends with its claim.
 * @param m the membership
 */
export const withdrawnMembership = (c: ImportContext, m: Sql): Sql => sql`
  select
    case when ${m}.claims = ${c.claim} then null when ${m}.role_owner = ${c.source} then 0::smallint else ${m}.role end as role_to,
    case when ${m}.role_owner = ${c.source}
      then (select min(number) from generate_series(0, 62) number where (${m}.claims & ~${c.claim}) & (1::bigint << number) <> 0)::smallint
      else ${m}.role_owner end as role_owner,
    ${m}.claims & ~${c.claim} as claims,
    case when ${m}.claims = ${c.claim} then 'remove' else 'change' end as action`;
