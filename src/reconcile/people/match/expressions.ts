import sql, { type Sql } from "sql-template-tag";
import type { MatchingContext } from "../../setup/context.ts";

/** SQL condition: the staged row `s` can be applied, and nobody has been found for it yet. */
export const isUnresolved = sql`
  not s.failed and not s.plain
  and not exists (select from row_persons r where r.row = s.row)
  and not exists (select from row_issues i where i.row = s.row and i.failure)`;

/** SQL condition: a group exists that the row of the link `us` named when it did not exist. */
const hasNewGroup = ({ organization }: MatchingContext) => sql`
  us.notes is not null and exists (
    select from groups g where g.organization_id = ${organization} and g.group_id = any(array(
      select note.details ->> 'groupId' from jsonb_to_recordset(us.notes) note (code text, details jsonb)
      where note.code = 'group_unknown')))`;

/**
 * SQL condition: a row with the digest of the link `us` still means what it meant for the user `u`: nothing that it depends
 * on can have changed (docs/decisions/009).
 */
export const isValid = (c: MatchingContext): Sql => sql`
  us.rules_epoch = ${c.rulesEpoch} and us.style = ${c.style} and us.user_version = u.version and not (${hasNewGroup(c)})`;

/** SQL condition: the row `s` is what the last import of the link `us` left of the user `u`. */
export const isUnchanged = (c: MatchingContext): Sql => sql`
  coalesce(us.digest = s.digest and ${isValid(c)}, false)`;

/** SQL: the largest id that anybody has, new people included. */
export const lastPerson = ({ lastUserId }: MatchingContext): Sql =>
  sql`(select greatest(${lastUserId}, coalesce(max(person), 0)) from row_persons)`;

/** SQL join: the source's link `us` to a user. */
export const linkOf = ({ organization, source }: MatchingContext, user: Sql): Sql =>
  sql`user_sources us on us.organization_id = ${organization} and us.source = ${source} and us.user_id = ${user}`;
