import sql, { empty, type Sql } from "sql-template-tag";
import { identifier, literal } from "../../../store/sql.ts";
import type { MatchingContext } from "../../setup/context.ts";
import { isValid } from "./expressions.ts";

/** A kind of digest: the table of the digests in the file, and the column of links with the digests of earlier files. */
export interface KindOfDigest {
  readonly table: "staged_digests" | "staged_values";
  readonly column: "digest" | "byte_digest";
}

/** Finds out if the source has left any digest: at most one row. */
export const anyDigest = ({ organization, source }: MatchingContext): Sql => sql`
  select from user_sources
  where organization_id = ${organization} and source = ${source} and digest is not null limit 1`;

/** SQL condition: the row `s` was not parsed, and was not found by the digest of its bytes. */
const isOpen = ({ table }: KindOfDigest, areSomeParsed: boolean) => sql`true
  ${areSomeParsed ? sql`and not exists (select from staged_rows parsed where parsed.row = s.row)` : empty}
  ${table === "staged_values" ? sql`and not exists (select from row_persons r where r.row = s.row)` : empty}`;

/**
 * Matches rows that were not parsed, because they are what their last import left. Each belongs to the person of that
 * import. This is for people of one row.
 * @param areSomeParsed some rows are staged
 */
export const matchUnchangedRows = (c: MatchingContext, kind: KindOfDigest, areSomeParsed: boolean): Sql => sql`
  insert into row_persons (row, person, same, is_read)
  select s.row, u.id, true, false
  from ${identifier(kind.table)} s
  join user_sources us
    on us.organization_id = ${c.organization} and us.source = ${c.source} and us.${identifier(kind.column)} = s.digest
  join users u on u.organization_id = ${c.organization} and u.id = us.user_id
  where ${isValid(c)} and ${isOpen(kind, areSomeParsed)}`;

/**
 * Matches rows of people with several rows, who are unchanged if each of their rows is: the order does not matter, and
 * neither does a row that is there twice.
 */
export const matchUnchangedPeople = (c: MatchingContext, kind: KindOfDigest, areSomeParsed: boolean): Sql => {
  const digests = sql`us.${identifier(kind.column)}`;
  return sql`
  with known as materialized (
    select us.user_id as person, substring(${digests} from place * 16 + 1 for 16) as digest, length(${digests}) / 16 as rows
    from user_sources us
    join users u on u.organization_id = ${c.organization} and u.id = us.user_id
    cross join generate_series(0, length(${digests}) / 16 - 1) place
    where us.organization_id = ${c.organization} and us.source = ${c.source} and length(${digests}) > 16 and ${isValid(c)}
  ), found as materialized (
    select known.person, known.rows, known.digest, s.row from known join ${identifier(kind.table)} s using (digest)
    where ${isOpen(kind, areSomeParsed)}
  ), whole as materialized (
    select person from found group by person, rows having count(distinct digest) = rows
  ), listed as (
    insert into whole_persons select person from whole
  )
  insert into row_persons (row, person, same, is_read)
  select row, person, true, false from found join whole using (person)`;
};

/** Selects the rows that are neither parsed nor known to be what their last import left. */
export const missingRows = sql`
  select row from staged_digests d
  where not exists (select from row_persons r where r.row = d.row)
    and not exists (select from staged_rows s where s.row = d.row)
  order by row`;

/** Selects the rows that were not parsed and whose person has another row, too. Such rows have to be merged. */
export const unchangedRowsOfMergedPeople = sql`
  select r.row from row_persons r join merged_persons using (person) where not r.is_read order by r.row`;

/** Tells again what was reported for the row that a link remembers, if the row was passed over. */
export const tellAgain = (c: MatchingContext): Sql => sql`
  insert into row_issues (row, code, field, details, failure)
  select r.row, note.code, note.field, note.details, false
  from user_sources us
  join row_persons r on r.person = us.user_id and r.same
  cross join jsonb_to_recordset(us.notes) note (code text, field text, details jsonb)
  where us.organization_id = ${c.organization} and us.source = ${c.source} and us.notes is not null
    and not (r.is_read and exists (
      select from row_issues i where i.row = r.row and i.code = note.code and i.details = note.details))`;

/** The report names so many people of several rows. */
export const mostMerged = literal(100);

/** Selects the rows that were not parsed and whose lines the report names. */
export const reportedRows = sql`
  select r.row from row_persons r where not r.is_read and (r.row in (select row from row_issues)
    or r.person in (
      select person from whole_persons join row_persons using (person)
      group by person order by min(row) limit ${mostMerged}))
  order by r.row`;
