import sql, { type Sql } from "sql-template-tag";
import { manual } from "../../../directory/claims.ts";
import { literal } from "../../../store/sql.ts";
import type { ImportContext } from "../../setup/context.ts";

/**
 * Ends the claims of a retired source that its plan left in place, because the person or the membership is protected.
 * Items that nobody else claims become items entered by hand. People who were deleted do not return by its databaseIds.
 */
export const endClaims = (c: ImportContext): Sql[] => [
  sql`update user_emails e set claims = ${remaining(c, sql`e.claims`)}
    where e.organization_id = ${c.organization} and e.claims & ${c.claim} <> 0`,
  sql`update user_phones h set claims = ${remaining(c, sql`h.claims`)}, owner = ${nextOwner(c, sql`h.owner`, sql`h.claims`)}
    where h.organization_id = ${c.organization} and (h.claims & ${c.claim} <> 0 or h.owner = ${c.source})`,
  sql`update memberships m
    set claims = ${remaining(c, sql`m.claims`)}, role_owner = ${nextOwner(c, sql`m.role_owner`, sql`m.claims`)}
    where m.organization_id = ${c.organization} and (m.claims & ${c.claim} <> 0 or m.role_owner = ${c.source})`,
  sql`delete from user_tombstone_sources gone
    where gone.organization_id = ${c.organization} and gone.source = ${c.source}`,
];

const byHand = literal(1 << manual);

/** SQL: claims without the source's; the claim of manual entries if nothing else is left. */
export const remaining = ({ claim }: ImportContext, claims: Sql): Sql =>
  sql`coalesce(nullif(${claims} & ~${claim}, 0), ${byHand}::bigint)`;

/** SQL: an owner who is not the source. The first of the remaining claims takes over. */
const nextOwner = (c: ImportContext, owner: Sql, claims: Sql) => sql`
  case when ${owner} <> ${c.source} then ${owner} else (
    select min(number) from generate_series(0, 62) number
    where ${remaining(c, claims)} & (1::bigint << number) <> 0)::smallint end`;
