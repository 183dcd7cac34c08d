import { raw } from "sql-template-tag";
import { changedScalarsSql, isBlankSql } from "../../../person/document-sql.ts";
import { ownerColumn, type Scalar, scalarField, scalarFields } from "../../../person/fields.ts";
import { kindOf } from "../../../person/kinds.ts";
import { type ImportContext, ownerIn } from "../../setup/context.ts";
import { rowOf } from "../stage/tables.ts";

/**
 * The rule of one scalar as a CASE: first the file's silence and blanks, then a stored blank, then agreement, then
 * who may overwrite whom. `outcomes` fills in what each case leaves.
 */
function rule(
  c: ImportContext,
  scalar: Scalar,
  outcomes: { keep: string; clear: string; fill: string; agree: string; take: string },
): string {
  const { column, companion: compared = column } = scalar;
  const owner = `u.${ownerColumn(scalar)}`;
  const clearing = scalar.optional
    ? `when ${isBlankSql(scalar, `f.${column}`)} and f.replaces and ${owner} = ${c.source.text} then ${outcomes.clear}`
    : "";
  return `case
    when f.${column} is null then ${outcomes.keep}
    ${clearing}
    when ${isBlankSql(scalar, `f.${column}`)} then ${outcomes.keep}
    when ${isBlankSql(scalar, `u.${column}`)} then ${outcomes.fill}
    when f.${compared} = u.${compared} then ${outcomes.agree}
    when not f.replaces or ${ownerIn(raw(owner), c.outranking).text} then ${outcomes.keep}
    else ${outcomes.take} end`;
}

/** SQL of texts of which a feed without databaseIDs fills the blank ones, one by one. */
const filledTexts = ({ column }: Scalar) => `(
  select coalesce(array_agg(coalesce(nullif(stored, ''), sent, '') order by position), '{}')
  from unnest(u.${column}, f.${column}) with ordinality as field (stored, sent, position))`;

const newValue = (c: ImportContext, scalar: Scalar, column: string) => {
  const taken = rule(c, scalar, {
    keep: `u.${column}`,
    clear: kindOf(scalar).blankSql,
    fill: `f.${column}`,
    agree: `u.${column}`,
    take: `f.${column}`,
  });
  if (scalar.kind !== "texts") return taken;
  return `case when f.${column} is null or f.replaces then ${taken} else ${filledTexts(scalar)} end`;
};

const newOwner = (c: ImportContext, scalar: Scalar) => {
  const owner = `u.${ownerColumn(scalar)}`;
  const agree = `case when ${owner} is null or ${ownerIn(raw(owner), c.outranked).text} then ${c.source.text} else ${owner} end`;
  const taken = rule(c, scalar, {
    keep: owner,
    clear: "null",
    fill: c.source.text,
    agree,
    take: c.source.text,
  });
  if (scalar.kind !== "texts") return taken;
  // A file agrees with what it has filled: now, and the next time it comes.
  const sent = `f.${scalar.column}`;
  const agrees = `${sent} <> '{}' and not f.replaces and ${sent} = ${filledTexts(scalar)}`;
  return `case when ${agrees} then ${agree} else ${taken} end`;
};

/** SQL: true when the file's value differs from one that was kept. */
const keptAgainst = (c: ImportContext, scalar: Scalar) => {
  const differs = rule(c, scalar, { keep: "true", clear: "false", fill: "false", agree: "false", take: "false" });
  const says = `f.${scalar.column} is not null and not ${isBlankSql(scalar, `f.${scalar.column}`)}`;
  if (scalar.kind !== "texts") return `${says} and ${differs}`;
  return `${says} and ${differs} and (f.replaces or exists (
    select from unnest(u.${scalar.column}, f.${scalar.column}) as field (stored, sent)
    where stored <> '' and sent <> '' and stored <> sent))`;
};

const companions = scalarFields.flatMap(({ companion }) => companion ?? []);
const valueColumns = [...scalarFields.map(({ column }) => column), ...companions];
const locationColumns = scalarFields.filter(({ kind }) => kind === "location").map(({ column }) => column);

/** People of the file beside what is stored, with the location under its own spelling. */
const known = (c: ImportContext) => `
  (select f.*, f.location as sent_location from (
     select people.person, people.first_row, people.value_rows, people.replaces, people.applies, people.email,
       people.email_normalized, ${valueColumns
         .filter((column) => !locationColumns.some((location) => location === column))
         .map((column) => `people.${column}`)
         .join(", ")},
       case when people.location = '' then '' else l.name end as location
     from people left join known_locations l on l.name_normalized = people.location_normalized
     where not people.is_new) f) f
  join users u on u.organization_id = ${c.organizationId} and u.id = f.person`;

/** Columns of planned_scalars, and of users, that say who set a value last. */
export const ownerColumns: readonly string[] = [...scalarFields.map(ownerColumn), "email_owner"];
/** Columns of a person's single values and primary e-mail, as they are planned and inserted. */
export const values = [...valueColumns, "email", "email_normalized"];

/** Plans the scalars of known people: only of those for whom something changes, be it an owner. */
export function scalarStatements(c: ImportContext): string[] {
  const fills = "u.email_normalized is null and f.email_normalized is not null";
  const computed = [
    ...scalarFields.map((scalar) => `${newValue(c, scalar, scalar.column)} as ${scalar.column}`),
    ...scalarFields.flatMap((scalar) =>
      scalar.companion ? [`${newValue(c, scalar, scalar.companion)} as ${scalar.companion}`] : [],
    ),
    ...scalarFields.map((scalar) => `${newOwner(c, scalar)} as ${ownerColumn(scalar)}`),
    `case when ${fills} then f.email else u.email end as email`,
    `case when ${fills} then f.email_normalized else u.email_normalized end as email_normalized`,
    `case when ${fills} then ${c.source.text} else u.email_owner end as email_owner`,
  ];
  const columns = scalarColumns;
  return [
    `insert into planned_scalars (person, ${columns.join(", ")}, email_from, username_changes, changed)
     select f.person, ${columns.map((column) => `after.${column}`).join(", ")}, u.email,
       after.username_normalized is distinct from u.username_normalized, concat_ws(',', ${changedScalarsSql("u", "after")})
     from ${known(c)}
     cross join lateral (select ${computed.join(", ")} offset 0) after
     where f.applies and (${columns.map((column) => `after.${column}`).join(", ")})
       is distinct from (${columns.map((column) => `u.${column}`).join(", ")})`,
    // The first condition spares most people the list of values, which PostgreSQL prepares anew for each.
    `insert into row_issues (row, code, field, details, failure)
     select ${rowOf("f", "scalar.field")}, 'value_kept', scalar.field,
       jsonb_build_object('field', scalar.field, 'kept', scalar.kept, 'file', scalar.file), false
     from ${known(c)}
     cross join lateral (values ${scalarFields
       .map((scalar) => `('${scalar.feed}', ${shown(scalar, "u")}, ${shown(scalar, "f")}, ${keptAgainst(c, scalar)})`)
       .join(", ")}) scalar (field, kept, file, against)
     where f.applies and (${scalarFields.map((scalar) => keptAgainst(c, scalar)).join(" or ")}) and scalar.against`,
    `insert into row_issues (row, code, field, details, failure)
     select ${rowOf("f", "'email'")}, 'primary_email_kept', 'email', jsonb_build_object('kept', u.email, 'file', f.email), false
     from ${known(c)}
     where f.applies and f.email_normalized <> u.email_normalized`,
  ];
}

const shown = ({ column, kind }: Scalar, table: string) =>
  kind === "texts" ? `array_to_string(${table}.${column}, '|')` : `${table}.${column}::text`;

/** The userID that a person will have; the rule that usernames are contested by. */
export function newUsername(c: ImportContext): string {
  return newValue(c, scalarField("username"), "username_normalized");
}

/** Columns of planned_scalars that are written to users. */
export const scalarColumns: readonly string[] = [...values, ...ownerColumns];
