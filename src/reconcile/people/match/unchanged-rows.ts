import sql, { empty, type Sql } from "sql-template-tag";
import { inSets } from "../../../store/sql.ts";
import type { MatchingContext } from "../../setup/context.ts";
import { isUnchanged } from "./expressions.ts";

/** Finds out if the source has left any digest: at most one row. */
export const anyDigest = ({ organization, source }: MatchingContext): Sql => sql`
  select from user_sources
  where organization_id = ${organization} and source = ${source} and digest is not null limit 1`;

/**
 * Matches rows that were not parsed, because they are what their last import left. Each belongs to the person of that
 * import.
 * @param areSomeParsed some rows are staged
 */
export const matchUnchangedRows = (c: MatchingContext, areSomeParsed: boolean): Sql[] =>
  inSets([unchangedRows(c, areSomeParsed)]);

const unchangedRows = (c: MatchingContext, areSomeParsed: boolean) => sql`
  insert into row_persons (row, person, same)
  select s.row, u.id, true
  from staged_digests s
  join user_sources us
    on us.organization_id = ${c.organization} and us.source = ${c.source} and us.digest = s.digest
  join users u on u.organization_id = ${c.organization} and u.id = us.user_id
  where ${isUnchanged(c)}
    ${areSomeParsed ? sql`and not exists (select from staged_rows parsed where parsed.row = s.row)` : empty}`;

/** Selects the rows that are neither parsed nor known to be what their last import left. */
export const missingRows = sql`
  select row from staged_digests d
  where not exists (select from row_persons r where r.row = d.row)
    and not exists (select from staged_rows s where s.row = d.row)
  order by row`;

/** Selects the rows that were not parsed and whose person has another row, too. Such rows have to be merged. */
export const unchangedRowsOfMergedPeople = sql`
  select r.row from row_persons r join merged_persons using (person)
  where not exists (select from staged_rows s where s.row = r.row)
  order by r.row`;
