import sql, { type Sql } from "sql-template-tag";
import type { MatchingContext } from "../../setup/context.ts";

/** SQL condition: the staged row `s` can be applied, and nobody has been found for it yet. */
export const isUnresolved = sql`
  not s.failed and not s.plain
  and not exists (select from row_persons r where r.row = s.row)
  and not exists (select from row_issues i where i.row = s.row and i.failure)`;

/**
 * SQL condition: the row `s` is what the last import of the link `us` left of the user `u`. Then nothing about it can have
 * changed (docs/decisions/009).
 */
export const isUnchanged = ({ rulesEpoch, style }: MatchingContext): Sql => sql`
  coalesce(us.digest = s.digest and us.rules_epoch = ${rulesEpoch} and us.style = ${style}
    and us.user_version = u.version, false)`;

/** SQL: the largest id that anybody has, new people included. */
export const lastPerson = ({ lastUserId }: MatchingContext): Sql =>
  sql`(select greatest(${lastUserId}, coalesce(max(person), 0)) from row_persons)`;

/** SQL join: the source's link `us` to a user. */
export const linkOf = ({ organization, source }: MatchingContext, user: Sql): Sql =>
  sql`user_sources us on us.organization_id = ${organization} and us.source = ${source} and us.user_id = ${user}`;
