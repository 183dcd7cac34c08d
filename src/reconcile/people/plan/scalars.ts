import sql, { empty, join, raw, type Sql } from "sql-template-tag";
import { changedScalarsSql, isBlankSql } from "../../../person/document-sql.ts";
import { ownerColumn, type Scalar, scalarField, scalarFields } from "../../../person/fields.ts";
import { kindOf } from "../../../person/kinds.ts";
import { constant, identifier, identifiers } from "../../../store/sql.ts";
import { type ImportContext, ownerIn } from "../../setup/context.ts";
import { planPrimaryEmails } from "./primary-emails.ts";
import { rowOf } from "./value-rows.ts";

const companions = scalarFields.flatMap(({ companion }) => companion ?? []);
const valueColumns = [...scalarFields.map(({ column }) => column), ...companions];

/** Columns of planned_scalars and users with the owners of values. */
export const ownerColumns: readonly string[] = [...scalarFields.map(ownerColumn), "email_owner"];
/** Columns of a person's single values and primary e-mail, in planned_scalars and users. */
export const values: readonly string[] = [...valueColumns, "email", "email_normalized"];
/** Columns of planned_scalars that are written to users. */
export const scalarColumns: readonly string[] = [...values, ...ownerColumns];

/** SQL: a column of the person in the file, `f`. */
const sent = (column: string) => sql`f.${identifier(column)}`;
/** SQL: a column of the stored person, `u`. */
const stored = (column: string) => sql`u.${identifier(column)}`;
const after = (column: string) => sql`after.${identifier(column)}`;

/** SQL: a value as a text, of the stored person or of the one in the file. */
const asText = ({ column, kind }: Scalar, value: (column: string) => Sql) =>
  kind === "texts" ? sql`array_to_string(${value(column)}, '|')` : sql`${value(column)}::text`;

const isBlank = (scalar: Scalar, value: Sql) => raw(isBlankSql(scalar, value.text));

/** The result of each case of the rule for a single value. */
interface RuleResults {
  /** The stored value stays. */
  readonly keep: Sql;
  /** The file withdraws it. */
  readonly clear: Sql;
  /** The stored value is blank, and the file has one. */
  readonly fill: Sql;
  /** The file has the stored value. */
  readonly agree: Sql;
  /** The file's value is what is left of the stored one after letters were lost. */
  readonly spare: Sql;
  /** The file's value replaces the stored one. */
  readonly take: Sql;
}

/**
 * SQL: the rule for a single value, as a `case` with the given results (file formats, section 5). It looks at silence and
 * blanks in the file first, then at a stored blank, at agreement, at who may overwrite whom, and at lost letters.
 */
function ruled(c: ImportContext, scalar: Scalar, { keep, clear, fill, agree, spare, take }: RuleResults): Sql {
  const { kind, column, companion: compared = column } = scalar;
  const owner = stored(ownerColumn(scalar));
  const clearing = scalar.optional
    ? sql`when ${isBlank(scalar, sent(column))} and f.replaces and ${owner} = ${c.source} then ${clear}`
    : empty;
  return sql`case
    when ${sent(column)} is null then ${keep}
    ${clearing}
    when ${isBlank(scalar, sent(column))} then ${keep}
    when ${isBlank(scalar, stored(column))} then ${fill}
    when ${sent(compared)} = ${stored(compared)} then ${agree}
    when not f.replaces or ${ownerIn(owner, c.outranking)} then ${keep}
    ${kind === "flag" ? empty : sql`when damages_text(${asText(scalar, stored)}, ${asText(scalar, sent)}) then ${spare}`}
    else ${take} end`;
}

/** SQL: a list of texts whose blank ones a file without databaseIDs fills. */
const filledTexts = ({ column }: Scalar) => sql`(
  select coalesce(array_agg(coalesce(nullif(stored, ''), sent, '') order by position), '{}')
  from unnest(${stored(column)}, ${sent(column)}) with ordinality as field (stored, sent, position))`;

/** SQL: the value that a column has after the import. @param column the value's own, or its companion */
function newValue(c: ImportContext, scalar: Scalar, column: string): Sql {
  const value = ruled(c, scalar, {
    keep: stored(column),
    clear: raw(kindOf(scalar).blankSql),
    fill: sent(column),
    agree: stored(column),
    spare: stored(column),
    take: sent(column),
  });
  if (scalar.kind !== "texts") return value;
  return sql`case when ${sent(column)} is null or f.replaces then ${value} else ${filledTexts(scalar)} end`;
}

/** SQL: the owner of the value after the import. */
function newOwner(c: ImportContext, scalar: Scalar): Sql {
  const owner = stored(ownerColumn(scalar));
  const agree = sql`case when ${owner} is null or ${ownerIn(owner, c.outranked)} then ${c.source} else ${owner} end`;
  const ownerAfter = ruled(c, scalar, {
    keep: owner,
    clear: sql`null`,
    fill: c.source,
    agree,
    spare: owner,
    take: c.source,
  });
  if (scalar.kind !== "texts") return ownerAfter;
  // A file agrees with a list that it has filled: now, and the next time it comes.
  const list = sent(scalar.column);
  return sql`case
    when ${list} <> '{}' and not f.replaces and ${list} = ${filledTexts(scalar)} then ${agree}
    else ${ownerAfter} end`;
}

/** SQL: the code of the warning that a value stays against the file; null if there is nothing to report. */
function keptCode(c: ImportContext, scalar: Scalar): Sql {
  const { column, kind } = scalar;
  const nothing = sql`null`;
  const code = ruled(c, scalar, {
    keep: constant("value_kept"),
    clear: nothing,
    fill: nothing,
    agree: nothing,
    spare: constant("text_damaged"),
    take: nothing,
  });
  const says = sql`${sent(column)} is not null and not ${isBlank(scalar, sent(column))}`;
  if (kind !== "texts") return sql`case when ${says} then ${code} end`;
  return sql`case when ${says} and (f.replaces or exists (
    select from unnest(${stored(column)}, ${sent(column)}) as field (stored, sent)
    where stored <> '' and sent <> '' and stored <> sent)) then ${code} end`;
}

const namesOtherwise = new Set<string>(scalarFields.flatMap(({ kind, column }) => (kind === "location" ? column : [])));
const sentColumns = valueColumns.filter((column) => !namesOtherwise.has(column));

/** SQL relation: known people of the file `f`, with the location in its own spelling, beside their stored state `u`. */
const knownPeople = (c: ImportContext) => sql`
  (select people.person, people.first_row, people.value_rows, people.replaces, people.applies, people.email,
     people.email_normalized, ${join(sentColumns.map((column) => sql`people.${identifier(column)}`))},
     case when people.location = '' then '' else l.name end as location
   from people left join known_locations l on l.name_normalized = people.location_normalized
   where not people.is_new) f
  join users u on u.organization_id = ${c.organization} and u.id = f.person`;

/** Plans the single values of known people, and reports those that stay against the file. */
export const planScalars = (c: ImportContext): Sql[] => [
  planPrimaryEmails(c),
  sql`analyze primary_emails`,
  changedScalars(c),
  keptValues(c),
  keptPrimaryEmails(c),
];

/** SQL: the columns of planned_scalars after the import. */
function plannedColumns(c: ImportContext): Sql {
  const takes = sql`new_primary.person is not null`;
  return join([
    ...scalarFields.map((scalar) => sql`${newValue(c, scalar, scalar.column)} as ${identifier(scalar.column)}`),
    ...scalarFields.flatMap((scalar) =>
      scalar.companion === undefined
        ? []
        : [sql`${newValue(c, scalar, scalar.companion)} as ${identifier(scalar.companion)}`],
    ),
    sql`case when ${takes} then f.email else u.email end as email`,
    sql`case when ${takes} then f.email_normalized else u.email_normalized end as email_normalized`,
    ...scalarFields.map((scalar) => sql`${newOwner(c, scalar)} as ${identifier(ownerColumn(scalar))}`),
    sql`case when ${takes} then ${c.source} else u.email_owner end as email_owner`,
  ]);
}

/** Plans only people for whom something changes, even if it is just an owner. */
const changedScalars = (c: ImportContext) => sql`
  insert into planned_scalars (person, ${identifiers(scalarColumns)}, email_from, username_changes, changed)
  select f.person, ${join(scalarColumns.map(after))}, u.email,
    after.username_normalized is distinct from u.username_normalized, concat_ws(',', ${raw(changedScalarsSql("u", "after"))})
  from ${knownPeople(c)}
  left join primary_emails new_primary on new_primary.person = f.person
  cross join lateral (select ${plannedColumns(c)} offset 0) after
  where f.applies and (${join(scalarColumns.map(after))}) is distinct from (${join(scalarColumns.map(stored))})`;

/** The first condition spares most people the list of values, which PostgreSQL would prepare for each person. */
function keptValues(c: ImportContext): Sql {
  const codes = scalarFields.map((scalar) => keptCode(c, scalar));
  const fields = scalarFields.map(
    (scalar, index) =>
      sql`('${raw(scalar.feed)}', ${asText(scalar, stored)}, ${asText(scalar, sent)}, ${codes[index]!})`,
  );
  return sql`
    insert into row_issues (row, code, field, details, failure)
    select ${rowOf(sql`f`, sql`scalar.field`)}, scalar.code, scalar.field,
      jsonb_build_object('field', scalar.field, 'kept', scalar.kept, 'file', scalar.file), false
    from ${knownPeople(c)}
    cross join lateral (values ${join(fields)}) scalar (field, kept, file, code)
    where f.applies and coalesce(${join(codes)}) is not null and scalar.code is not null`;
}

const keptPrimaryEmails = (c: ImportContext) => sql`
  insert into row_issues (row, code, field, details, failure)
  select ${rowOf(sql`f`, sql`'email'`)}, 'primary_email_kept', 'email', jsonb_build_object('kept', u.email, 'file', f.email), false
  from ${knownPeople(c)}
  where f.applies and f.email_normalized <> u.email_normalized
    and not exists (select from primary_emails new_primary where new_primary.person = f.person)`;

/** SQL: the userID that a known person `f`, stored as `u`, has after the import. Contests for userIDs look at it. */
export const newUsername = (c: ImportContext): Sql => newValue(c, scalarField("username"), "username_normalized");
